"""Pictures as they are, three bytes a pixel: for what learns from pixels and not from tokens.

The rows are red, green and blue of one pixel after the other, and no id is kept for start or blank;
a language model cannot read them. They let pictures be fitted, held out, kept and checked by all
that does it for tokens.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pixace.errors import TokenError

if TYPE_CHECKING:
    from pixace.arrays import Images, Tokens

SPEC = re.compile(r"size=([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)


@dataclass(frozen=True)
class RawTokenizer:
    """Each byte of a picture is an id.

    Attributes:
      size: (height, width) in pixels.
    """

    size: tuple[int, int]

    parallel = True
    order = "raster"

    @property
    def grid(self) -> tuple[int, int]:
        """(height, width) of the ids as they lie in memory."""
        return self.size[0], 3 * self.size[1]

    @property
    def axes(self) -> tuple[int, int]:
        """(height, 3 * width): rows, and the bytes of one."""
        return self.grid

    @property
    def length(self) -> int:
        """Bytes of one picture."""
        return 3 * self.size[0] * self.size[1]

    @property
    def vocab_size(self) -> int:
        """Values of a byte."""
        return 256

    @property
    def spec(self) -> str:
        """Such as `raw size=32x24`."""
        return f"raw size={self.size[1]}x{self.size[0]}"

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Empty: nothing is learned."""
        return {}

    @property
    def allowed(self) -> np.ndarray:
        """Bool (256,): all of them."""
        return np.ones(256, bool)

    @property
    def points(self) -> None:
        """None: no model learns from these."""
        return None

    def encode(self, images: "Images") -> "Tokens":
        """Images uint8 (n, height, width, 3) to int32 (n, length)."""
        return np.asarray(images).reshape(len(images), self.length).astype(np.int32)

    def decode(self, tokens: "Tokens") -> "Images":
        """Rows of bytes, of any integer type, to uint8 (n, height, width, 3)."""
        return np.asarray(tokens).astype(np.uint8).reshape(-1, *self.size, 3)

    def finished(self, photos: "Images", tokens: "Tokens", cut: int) -> "Images":
        """As `decode`: where a photo was kept, its bytes are in the tokens."""
        return self.decode(tokens)


def parse(settings: str) -> RawTokenizer:
    """Reads the part of a spec after `raw `."""
    match = SPEC.fullmatch(settings)
    if match is None:
        raise TokenError(f"'raw {settings:.80}' is no tokenizer; one reads 'raw size=32x24'")
    return RawTokenizer((int(match[2]), int(match[1])))
