"""How good a codebook's weights are: how near pictures come back, and how codes are used."""

import math
from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.arrays import Images
from pixace.data.shards import Split
from pixace.data.token_set import TokenSet
from pixace.errors import NotFiniteError
from pixace.evaluation.distortion import psnr
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.evaluator import Evaluation, Shown
from pixace.images.collage import collage
from pixace.images.pairs import in_pairs
from pixace.models import vector_quantizer
from pixace.models.pixel_values import PEAK, Bytes, to_bytes, to_floats
from pixace.models.vqvae import Network
from pixace.spacing import evenly
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import Tokenizer
from pixace.training.codebook_step import Weights, reconstruct

COUNTED = 8192  # training pictures, at most, over which the use of codes is counted at the end


class CodebookEvaluator:
    """Gives the PSNR of an evaluation set's pictures, the use of codes, and reconstructions."""

    shows = "reconstructions"

    def __init__(self, data: TokenSet, network: Network, pictures: int, shown: int) -> None:
        """Takes at most so many `pictures`, of which at most so many are `shown`."""
        self.evaluation_set = EvaluationSet.of(data, pictures)
        self._data, self._network, self._shown = data, network, shown

    def __call__(self, weights: Weights) -> Evaluation:
        """Measures; see `Evaluator`."""
        errors, back = [], []
        uses = np.zeros(len(weights["codes"]), np.int64)
        chosen = self.evaluation_set
        for images, real in parts(self._data, self._split, chosen.rows(self._data)):
            error, ids, made = _measured(self._network, weights, images)
            errors.append(np.asarray(error)[:real])
            uses += np.bincount(np.asarray(ids)[:real].ravel(), minlength=len(uses))
            back.append(np.asarray(made)[:real])
        squared_error = float(np.concatenate(errors).mean(dtype=np.float64))
        if not math.isfinite(squared_error):
            raise NotFiniteError(f"{chosen.name} error became {squared_error}")
        decibels, used = psnr(squared_error, PEAK), np.count_nonzero(uses) / len(uses)
        return Evaluation(
            metric="psnr",
            value=decibels,
            numbers={
                "squared_error": squared_error,
                "psnr": decibels,
                "usage": used,
                "perplexity": _perplexity(uses),
            },
            line=f"PSNR {decibels:.2f} dB, {used:.0%} of the codes used",
            show=partial(self._drawn, np.concatenate(back), decibels) if self._shown else None,
        )

    @property
    def _split(self) -> Split:
        return self._data.split(self.evaluation_set.part)

    def _drawn(self, made: Images, decibels: float) -> Shown:
        """Originals above, reconstructions below, in pairs of rows."""
        chosen = evenly(len(made), self._shown)
        rows = self.evaluation_set.rows(self._data)[chosen]
        real = self._data.tokenizer.decode(self._split.rows(rows))
        columns = min(8, len(chosen))
        cells = in_pairs(real, made[chosen], columns)
        title = f"originals, and below each what comes back of it: PSNR {decibels:.2f} dB"
        return Shown(collage(cells, columns=columns, title=title))


def usage(codebook: Tokenizer, data: TokenSet) -> dict[str, float]:
    """The share of codes that the training pictures use, `usage`, and their `perplexity`."""
    split = data.split("train")
    uses = np.zeros(codebook.vocab_size, np.int64)
    for images, real in parts(data, split, evenly(len(split), COUNTED)):
        ids = codebook.encode(images[:real]).ravel()
        uses += np.bincount(ids, minlength=codebook.vocab_size)
    used = np.count_nonzero(uses) / (codebook.vocab_size - FIRST_ID)
    return {"usage": used, "perplexity": _perplexity(uses)}


@partial(jax.jit, static_argnums=0)
def _measured(
    network: Network, weights: Weights, images: Bytes
) -> tuple[Float[Array, " n"], Int[Array, "n rows columns"], Bytes]:
    """Per picture the squared error; the ids; the reconstructions as bytes."""
    made, ids = reconstruct(network, weights, images)
    real = to_floats(images, network.channels)
    bytes_ = to_bytes(made)
    rounded = to_floats(bytes_, network.channels)  # and cut off, as in a file
    return jnp.square(rounded - real).mean((1, 2, 3)), ids, bytes_


def _perplexity(uses: Int[np.ndarray, " codes"]) -> float:
    return float(vector_quantizer.perplexity(jnp.float32(uses)))


def spread_over(data: TokenSet, split: str, count: int) -> Images:
    """At most `count` pictures of a split, taken evenly from all."""
    rows = data.split(split)
    return data.tokenizer.decode(rows.rows(evenly(len(rows), count)))


def parts(
    data: TokenSet, split: Split, rows: np.ndarray, size: int = 32
) -> Iterator[tuple[Images, int]]:
    """The pictures of some rows, always `size` at a time, and how many of these are real."""
    for start in range(0, len(rows), size):
        images = data.tokenizer.decode(split.rows(rows[start : start + size]))
        short = size - len(images)
        yield np.pad(images, ((0, short), (0, 0), (0, 0), (0, 0))), len(images)


def is_grey(data: TokenSet, split: str) -> bool:
    """Whether red, green and blue are equal everywhere."""
    rows = data.split(split)
    return all(
        (images == images[..., :1]).all() for images, _ in parts(data, rows, evenly(len(rows)), 256)
    )
