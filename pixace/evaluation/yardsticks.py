"""What a loss is to be compared with: bits per pixel of the simplest models, and of files.

`uniform` takes all colours as alike; `frequencies` knows how frequent each is; `neighbours` guesses
that a pixel is as the one to its left or the one above, or else anything by its frequency, each
with a share that fits the training pictures best. `png` and `webp` are lossless files of the very
pictures that the tokens show, header and all.
"""

import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from PIL import Image as Pillow

from pixace.arrays import Image, Images, Tokens
from pixace.data.frequencies import log_frequencies
from pixace.data.token_set import TokenSet
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.spacing import evenly
from pixace.tokenizers import Tokenizer, orders
from pixace.tokenizers.pixel import PixelTokenizer

FITTED = 1000  # training pictures, from which shares are found
ROUNDS = 30  # of expectation and maximisation; the shares move no more then


@dataclass(frozen=True)
class Yardsticks:
    """Bits per pixel on the pictures of an evaluation.

    Attributes:
      uniform: of all colours that may occur.
      frequencies: of the training pictures' colours.
      neighbours: with copies of the left and the upper pixel besides.
      png: optimised files of the pictures; None where tokens are no pixels.
      webp: likewise, lossless.
    """

    uniform: float
    frequencies: float
    neighbours: float
    png: float | None
    webp: float | None

    @property
    def best(self) -> tuple[str, float]:
        """The name of the least, and how much it is."""
        known = {name: bits for name, bits in vars(self).items() if bits is not None}
        return min(known.items(), key=lambda pair: pair[1])


def yardsticks(data: TokenSet, chosen: EvaluationSet) -> Yardsticks:
    """Measures them.

    Args:
      data: whose training part says how frequent colours are.
      chosen: the pictures.
    """
    tokenizer = data.tokenizer
    rows, train = data.split(chosen.part).rows(chosen.rows(data)), data.split("train")
    frequent = _frequencies(data)
    near = neighbours(tokenizer)
    some = train.rows(evenly(len(train), min(FITTED, len(train))))
    shares = _fitted(some, frequent, near)
    per_pixel = tokenizer.length / np.prod(tokenizer.size)
    shown = tokenizer.decode(rows) if isinstance(tokenizer, PixelTokenizer) else None
    return Yardsticks(
        uniform=float(np.log2(tokenizer.allowed.sum()) * per_pixel),
        frequencies=float(-np.log2(frequent[rows]).mean() * per_pixel),
        neighbours=float(-np.log2(_mixed(rows, frequent, near, shares)).mean() * per_pixel),
        png=None if shown is None else _bits_of_files(shown, "png"),
        webp=None if shown is None else _bits_of_files(shown, "webp"),
    )


def neighbours(tokenizer: Tokenizer) -> Int[np.ndarray, "2 length"]:
    """Where in the row the left and the upper token are; -1 where none is, or it comes later."""
    path = orders.by_spec(tokenizer.order, tokenizer.grid)
    places = np.argsort(path)
    width = tokenizer.grid[1]
    found = []
    for there, back in ((path % width > 0, 1), (path >= width, width)):
        at = np.where(there, places[np.maximum(path - back, 0)], len(path))
        found.append(np.where(at < np.arange(len(path)), at, -1))
    return np.stack(found)


def _frequencies(data: TokenSet) -> Float[np.ndarray, " vocab"]:
    """The share of each id among the training tokens, nothing of those that cannot occur."""
    shares = np.exp(log_frequencies(data.split("train"), data.tokenizer.vocab_size))
    shares = np.where(data.tokenizer.allowed, shares, 0.0)
    return shares / shares.sum()


def _alike(rows: Tokens, near: Int[np.ndarray, "2 length"]) -> Bool[np.ndarray, "2 n length"]:
    """Whether each token is what its neighbours are; False where there is none."""
    return np.stack([(rows == rows[:, place]) & (place >= 0) for place in near])


def _odds(
    rows: Tokens,
    frequent: Float[np.ndarray, " vocab"],
    near: Int[np.ndarray, "2 length"],
    shares: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "3 n length"]:
    """Each guess's part of a token's probability; one that cannot be made leaves it to others."""
    can = np.stack([near[0] >= 0, near[1] >= 0, np.ones(len(near[0]), bool)])
    weights = shares[:, None] * can
    weights = weights / weights.sum(0)
    guesses = np.concatenate([_alike(rows, near), frequent[rows][None]])
    return weights[:, None] * guesses


def _mixed(
    rows: Tokens,
    frequent: Float[np.ndarray, " vocab"],
    near: Int[np.ndarray, "2 length"],
    shares: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "n length"]:
    return _odds(rows, frequent, near, shares).sum(0)


def _fitted(
    rows: Tokens, frequent: Float[np.ndarray, " vocab"], near: Int[np.ndarray, "2 length"]
) -> Float[np.ndarray, "3"]:
    """The shares of left, above and frequencies with which tokens are likeliest."""
    shares = np.full(3, 1 / 3)
    inner = (near >= 0).all(0)
    for _ in range(ROUNDS if inner.any() else 0):
        odds = _odds(rows, frequent, near, shares)[:, :, inner]
        shares = (odds / odds.sum(0)).mean((1, 2))
    return shares


def _bits_of_files(pictures: Images, kind: str) -> float:
    """Bits per pixel of lossless files."""
    size = sum(len(lossless_file(picture, kind)) for picture in pictures)
    return 8 * size / float(len(pictures) * np.prod(pictures.shape[1:3]))


def lossless_file(picture: Image, kind: str) -> bytes:
    """A picture as a `png` or `webp` file, as small as the library makes it."""
    image, file = Pillow.fromarray(picture), io.BytesIO()
    if (picture == picture[..., :1]).all():
        image = image.convert("L")
    elif kind == "png" and image.getcolors(256):
        image = image.convert("P", palette=Pillow.Palette.ADAPTIVE, colors=256)
    how = {"optimize": True} if kind == "png" else {"lossless": True, "quality": 100, "method": 6}
    image.save(file, kind, **how)
    return file.getvalue()
