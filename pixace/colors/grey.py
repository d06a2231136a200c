"""Grey: one id for each of n steps from black to white.

    id = round(luma / 255 * (n - 1)),   luma = 0.299 r + 0.587 g + 0.114 b

Luma is rounded to a byte first, just as Pillow's mode "L" does it; a grey pixel is its own luma.
A step decodes to `round(id * 255 / (n - 1))`, so pictures with n evenly spread greys, such as the
17 of scikit-learn's digits, come back exactly. All ids are canonical.

Source: ITU-R BT.601 (the weights).
"""

import re
from dataclasses import dataclass

import numpy as np

from pixace.colors.table import levels, look_up, nearest_level
from pixace.errors import TokenError


@dataclass(frozen=True)
class Grey:
    """`grey:n`: n steps, 2..256."""

    size: int

    @property
    def spec(self) -> str:
        """Such as `grey:16`."""
        return f"grey:{self.size}"

    @property
    def canonical(self) -> np.ndarray:
        """Bool (size,): all of them."""
        return np.ones(self.size, bool)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (..., 3) to ids int32 (...)."""
        # Pillow's whole numbers: the weights times 2**16, which add up to 2**16.
        luma = np.full(pixels.shape[:-1], 1 << 15, np.int32)
        for channel, weight in enumerate((19595, 38470, 7471)):
            luma += np.multiply(pixels[..., channel], weight, dtype=np.int32)
        return nearest_level(self.size).take(luma >> 16)

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) to uint8 (..., 3), all three channels equal."""
        return look_up(np.repeat(levels(self.size)[:, None], 3, axis=1), ids)


def parse(settings: str) -> Grey:
    """Reads the part after `grey:`."""
    if not (re.fullmatch(r"\d{1,3}", settings, re.ASCII) and 2 <= int(settings) <= 256):
        raise TokenError(
            f"grey:{settings:.60} is no colour scheme: it takes a number of greys, 2 to 256, "
            "such as grey:16"
        )
    return Grey(int(settings))
