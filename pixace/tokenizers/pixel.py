"""One token for each pixel: a size, colours and an order.

Id 0 is start and padding, 1 is blank, and colour k of the scheme is k + 2. The spec reads
`pixel size=32x24 colors=hsv:5,4,4 order=raster`, with the size as WIDTHxHEIGHT.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pixace import colors
from pixace.colors import oklab, palette
from pixace.errors import TokenError
from pixace.special_tokens import FIRST_ID, GREY
from pixace.tokenizers import checks, orders

if TYPE_CHECKING:
    from pixace.arrays import Images, Tokens

HUES = (1, 2, 2)  # OKLab's a and b reach half as far as its L

SPEC = re.compile(r"size=([1-9]\d{0,4})x([1-9]\d{0,4}) colors=(\S+) order=(\S+)", re.ASCII)


@dataclass(frozen=True)
class PixelTokenizer:
    """Each pixel becomes the id of its colour; the order says which comes when.

    Attributes:
      size: (height, width) in pixels.
      colors: a scheme, as from `pixace.colors.by_spec`.
      order: the path, as from `pixace.tokenizers.orders.by_spec`.

    Raises:
      TokenError: there is no such order, or it does not fit the size.
    """

    size: tuple[int, int]
    colors: colors.Colors
    order: str = "raster"

    parallel = True

    def __post_init__(self) -> None:
        orders.by_spec(self.order, self.size)  # complains now rather than at the first picture

    @property
    def grid(self) -> tuple[int, int]:
        """(height, width): one token for each pixel."""
        return self.size

    @property
    def axes(self) -> tuple[int, int]:
        """How positions count along the order, for axial positions; see `orders.axes`."""
        return orders.axes(self.order, self.size)

    @property
    def length(self) -> int:
        """Tokens of one picture."""
        return self.size[0] * self.size[1]

    @property
    def vocab_size(self) -> int:
        """Colours and the two special ids."""
        return FIRST_ID + self.colors.size

    @property
    def spec(self) -> str:
        """Such as `pixel size=32x24 colors=hsv:5,4,4 order=raster`."""
        height, width = self.size
        return f"pixel size={width}x{height} colors={self.colors.spec} order={self.order}"

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Empty: the spec says it all."""
        return {}

    @property
    def allowed(self) -> np.ndarray:
        """Bool (vocab_size,): canonical colours, never start or blank."""
        return np.concatenate([np.zeros(FIRST_ID, bool), self.colors.canonical])

    @cached_property
    def points(self) -> np.ndarray:
        """Float32 (colors.size, 3): OKLab, with hues as far apart as light and dark."""
        lab = oklab.from_rgb(self.colors.decode(np.arange(self.colors.size)))
        return (lab * HUES).astype(np.float32)

    @cached_property
    def _path(self) -> np.ndarray:
        return orders.by_spec(self.order, self.size)

    def encode(self, images: "Images") -> "Tokens":
        """Images to tokens.

        Args:
          images: uint8 (n, height, width, 3), RGB.

        Returns:
          Int32 (n, length), canonical colours only.

        Raises:
          TokenError: the pictures have another size or type.
        """
        images = checks.images(images, self)
        tokens = self.colors.encode(images).reshape(len(images), self.length)
        if self.order != "raster":
            tokens = tokens.take(self._path, axis=1)
        return np.add(tokens, FIRST_ID, dtype=np.int32)

    def decode(self, tokens: "Tokens") -> "Images":
        """Tokens to images; start and blank ids become mid grey, so unfinished rows can be shown.

        Args:
          tokens: integers (n, length).

        Returns:
          Uint8 (n, height, width, 3), RGB.

        Raises:
          TokenError: a row has another length, or an id is outside the vocabulary.
        """
        tokens = checks.tokens(tokens, self, f"{self.colors.spec:.40}")
        empty = tokens < FIRST_ID
        pixels = self.colors.decode(np.where(empty, 0, tokens.astype(np.int64) - FIRST_ID))
        pixels[empty] = GREY
        images = np.empty_like(pixels)
        images[:, self._path] = pixels
        return images.reshape(len(tokens), *self.size, 3)

    def finished(self, photos: "Images", tokens: "Tokens", cut: int) -> "Images":
        """As `decode`: the photo's part is shown as the colours keep it."""
        return self.decode(tokens)


def parse(settings: str) -> PixelTokenizer:
    """Reads the part of a spec after `pixel `."""
    match = SPEC.fullmatch(settings)
    if match is None:
        raise TokenError(
            f"'pixel {settings:.80}' is no tokenizer; one reads "
            "'pixel size=32x24 colors=hsv:5,4,4 order=raster'"
        )
    width, height, scheme, order = match.groups()
    if palette.is_file(scheme):  # what a file says must not name another one
        raise TokenError(f"'{scheme:.80}' names a file; a tokenizer has its colours spelled out")
    return PixelTokenizer((int(height), int(width)), colors.by_spec(scheme), order)
