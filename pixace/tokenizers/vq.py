"""Learned tokens: one for each square of pixels, the nearest of a codebook's codes.

Id 0 is start and padding, 1 is blank, and code k is k + 2. The spec reads

    vq size=64x64 downsample=4 codes=512 channels=3 width=128 blocks=2 dim=32 order=raster id=…

and goes with the arrays that a training made: `codes`, `encoder.…` and `decoder.…`, of which the id
is a checksum. Each picture is computed alone, by the same program: what others stand beside it in a
batch changes no token and no pixel.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pixace.errors import TokenError
from pixace.special_tokens import FIRST_ID, GREY
from pixace.tokenizers import checks, orders, seam

if TYPE_CHECKING:
    from pixace.arrays import Images, Tokens
    from pixace.models.vqvae import Network

TOO_FEW = "a codebook of {value} codes says nothing; ask for 2 or more"
SAME = 1e-12  # how far apart codes are that are one
AT_ONCE = 16  # pictures that one call of the device takes; no influence on the result

SPEC = re.compile(
    r"size=([1-9]\d{0,4})x([1-9]\d{0,4}) downsample=(\d{1,5}) codes=(\d{1,9}) channels=([13]) "
    r"width=(\d{1,9}) blocks=(\d{1,9}) dim=(\d{1,9}) order=(\S+) id=([0-9a-f]{12})",
    re.ASCII,
)


@dataclass(frozen=True)
class VQTokenizer:
    """Each square of `downsample` x `downsample` pixels becomes the id of a code.

    Attributes:
      size: (height, width) in pixels.
      downsample: pixels to a side of a square.
      codes: how many codes there are.
      channels: 3, or 1 where pictures are grey.
      width: channels of the network.
      blocks: residual blocks of encoder and decoder.
      dim: features of a code.
      order: `raster`, `column` or `patch:n`, of squares.
      id: checksum of the arrays.
      arrays: float32 arrays by name.

    Raises:
      TokenError: the order does not fit, or these are not the arrays that the id was made of.
    """

    size: tuple[int, int]
    downsample: int
    codes: int
    channels: int
    width: int
    blocks: int
    dim: int
    order: str
    id: str
    arrays: Mapping[str, np.ndarray] = field(compare=False, repr=False)

    parallel = False  # the device's own threads take all cores

    def __post_init__(self) -> None:
        check(self.size, self.downsample, self.codes)
        orders.by_spec(self.order, self.grid)
        if digest(self.arrays) != self.id:
            raise TokenError(
                f"the codebook {self.id} is missing or has changed; make the token set again "
                "from the codebook's run"
            )
        numbers = sum(each.size for each in self.arrays.values())
        least = 9 * self.width * max(1, self.blocks * self.width)  # of convolutions
        codes = np.shape(self.arrays.get("codes", ()))
        if codes != (self.codes, self.dim) or least > numbers:
            raise TokenError(f"the codebook {self.id} has other arrays than it claims")

    @property
    def grid(self) -> tuple[int, int]:
        """(height, width): one token for each square."""
        return self.size[0] // self.downsample, self.size[1] // self.downsample

    @property
    def axes(self) -> tuple[int, int]:
        """How positions count along the order, for axial positions; see `orders.axes`."""
        return orders.axes(self.order, self.grid)

    @property
    def length(self) -> int:
        """Tokens of one picture."""
        return self.grid[0] * self.grid[1]

    @property
    def vocab_size(self) -> int:
        """Codes and the two special ids."""
        return FIRST_ID + self.codes

    @property
    def spec(self) -> str:
        """Such as `vq size=64x64 downsample=4 codes=512 …`, as at the top of this file."""
        height, width = self.size
        return (
            f"vq size={width}x{height} downsample={self.downsample} codes={self.codes} "
            f"channels={self.channels} width={self.width} blocks={self.blocks} dim={self.dim} "
            f"order={self.order} id={self.id}"
        )

    @property
    def allowed(self) -> np.ndarray:
        """Bool (vocab_size,): all codes, never start or blank."""
        return np.arange(self.vocab_size) >= FIRST_ID

    @cached_property
    def points(self) -> np.ndarray:
        """Float32 (codes, dim): the codes, at a mean distance of 1 from their middle."""
        spread = self.arrays["codes"] - self.arrays["codes"].mean(0)
        return spread / max(np.linalg.norm(spread, axis=1).mean(), SAME)

    def halved(self) -> "VQTokenizer":
        """The same with arrays that float16 holds: another codebook, if only just."""
        arrays = {
            name: each.astype(np.float16).astype(np.float32) for name, each in self.arrays.items()
        }
        return replace(self, arrays=arrays, id=digest(arrays))

    @cached_property
    def _path(self) -> np.ndarray:
        return orders.by_spec(self.order, self.grid)

    @cached_property
    def _weights(self) -> Any:
        from pixace.models.vqvae import Network
        from pixace.storage import pytrees

        shapes = self._network(Network).shapes
        flat = {name: each for name, each in self.arrays.items() if name != "codes"}
        try:
            return pytrees.unflatten(flat, shapes)
        except ValueError as why:
            raise TokenError(f"the codebook {self.id} is another than it claims: {why}") from why

    def _network(self, kind: "type[Network]") -> "Network":
        return kind(self.downsample, self.channels, self.width, self.blocks, self.dim)

    def encode(self, images: "Images") -> "Tokens":
        """Images to tokens.

        Args:
          images: uint8 (n, height, width, 3), RGB.

        Returns:
          Int32 (n, length), codes only.

        Raises:
          TokenError: the pictures have another size or type.
        """
        images = checks.images(images, self)
        ids = self._by_parts(images, (*self.grid,), np.int32, "encode")
        return ids.reshape(len(images), self.length).take(self._path, axis=1) + FIRST_ID

    def decode(self, tokens: "Tokens") -> "Images":
        """Tokens to images; squares of start and blank ids are mid grey.

        The decoder sees them as if the picture ended there.

        Args:
          tokens: integers (n, length).

        Returns:
          Uint8 (n, height, width, 3), RGB.

        Raises:
          TokenError: a row has another length, or an id is outside the vocabulary.
        """
        tokens = checks.tokens(tokens, self, "this codebook")
        flat = np.empty((len(tokens), self.length), np.int32)
        flat[:, self._path] = tokens.astype(np.int32) - FIRST_ID
        ids = flat.reshape(len(tokens), *self.grid)
        images = self._by_parts(ids, (*self.size, 3), np.uint8, "decode")
        images[self._pixels(ids < 0)] = GREY
        return images

    def finished(self, photos: "Images", tokens: "Tokens", cut: int) -> "Images":
        """Pictures whose first `cut` squares are the photo's own pixels, and the rest decoded.

        What is decoded beside the photo is brought nearer to it; see `seam.blended`.

        Args:
          photos: uint8 (n, height, width, 3).
          tokens: int32 (n, length).
          cut: tokens that are the photo's, 0 … length.
        """
        known = np.zeros(self.length, bool)
        known[self._path[:cut]] = True
        mask = self._pixels(known.reshape(self.grid))
        blank = np.asarray(tokens)[:, cut:] < FIRST_ID
        reach = 0 if blank.any() else self.downsample
        return seam.blended(photos, self.decode(tokens), mask, reach)

    def _pixels(self, cells: np.ndarray) -> np.ndarray:
        """Something of each cell, (..., rows, columns), given to each of its pixels."""
        return cells.repeat(self.downsample, axis=-2).repeat(self.downsample, axis=-1)

    def _by_parts(self, x: np.ndarray, shape: tuple[int, ...], dtype: Any, way: str) -> np.ndarray:
        """Goes over pictures or grids in parts of one size, the last of them filled up."""
        from pixace.models.vqvae import Network

        run = _program(self._network(Network), way)
        done = np.empty((len(x), *shape), dtype)
        for start in range(0, len(x), AT_ONCE):
            part = x[start : start + AT_ONCE]
            short = AT_ONCE - len(part)
            part = np.pad(part, ((0, short), *[(0, 0)] * (x.ndim - 1)))
            result = run(self._weights, self.arrays["codes"], part)
            done[start : start + AT_ONCE] = np.asarray(result)[: AT_ONCE - short]
        return done


def check(size: tuple[int, int], downsample: int, codes: int) -> None:
    """Refuses a grid that cannot be.

    Raises:
      TokenError: says which number, and what it may be.
    """
    if codes < 2:
        raise TokenError(TOO_FEW.format(value=codes))
    if downsample < 2 or downsample & (downsample - 1):
        raise TokenError(f"cannot downsample by {downsample}; give a power of two: 2, 4, 8, …")
    height, width = size
    if height % downsample or width % downsample:
        raise TokenError(
            f"{width}x{height} pixels cannot be downsampled by {downsample}; choose a size that is "
            f"a multiple of {downsample}, or another downsample"
        )


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Twelve hexadecimal digits that change when any name, shape or number does."""
    summed = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        summed.update(f"{name} {array.shape} ".encode())
        summed.update(array.data)
    return summed.hexdigest()[:12]


def parse(settings: str, arrays: Mapping[str, np.ndarray]) -> VQTokenizer:
    """Reads the part of a spec after `vq `."""
    match = SPEC.fullmatch(settings)
    if match is None:
        raise TokenError(f"'vq {settings:.120}' is no tokenizer of this version of pixace")
    width, height, downsample, codes, channels, features, blocks, dim = map(int, match.groups()[:8])
    return VQTokenizer(
        size=(height, width),
        downsample=downsample,
        codes=codes,
        channels=channels,
        width=features,
        blocks=blocks,
        dim=dim,
        order=match[9],
        id=match[10],
        arrays=arrays,
    )


@lru_cache(maxsize=8)
def _program(network: "Network", way: str) -> Any:
    """The compiled way there or back; in both, each picture goes alone through one loop."""
    import jax

    from pixace.models import pixel_values, vector_quantizer

    def encode(weights: Any, codes: Any, images: Any) -> Any:
        def one(image: Any) -> Any:
            seen = pixel_values.to_floats(image[None], network.channels)
            return vector_quantizer.nearest(codes, network.encode(weights, seen)[0])

        return jax.lax.map(one, images)

    def decode(weights: Any, codes: Any, ids: Any) -> Any:
        def one(grid: Any) -> Any:
            known = (grid >= 0)[..., None]
            features = jax.numpy.where(known, codes[jax.numpy.maximum(grid, 0)], 0.0)
            return pixel_values.to_bytes(network.decode(weights, features[None]))[0]

        return jax.lax.map(one, ids)

    return jax.jit({"encode": encode, "decode": decode}[way])
