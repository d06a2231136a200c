"""RGB colours: red, green and blue, with a number of bits each.

With bits (b0, b1, b2) a pixel (r, g, b) becomes

    id = r' | g' << b0 | b' << (b0 + b1),   x' = round(x / 255 * (2**bits - 1))

and decoding spreads the steps evenly over 0..255, so black stays black and white stays white. All
ids are canonical.

Source: Chen et al. 2020, "Generative Pretraining from Pixels" (few colours for short sequences).
"""

from dataclasses import dataclass

import numpy as np

from pixace.colors.table import levels, look_up, nearest_level, parse_bits


@dataclass(frozen=True)
class Rgb:
    """`rgb:b0,b1,b2`: bits of red, green and blue."""

    bits: tuple[int, int, int]

    @property
    def size(self) -> int:
        """Number of ids."""
        return 1 << sum(self.bits)

    @property
    def spec(self) -> str:
        """Such as `rgb:3,3,2`."""
        return "rgb:{},{},{}".format(*self.bits)

    @property
    def canonical(self) -> np.ndarray:
        """Bool (size,): all of them."""
        return np.ones(self.size, bool)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (..., 3) to ids int32 (...)."""
        ids = np.zeros(pixels.shape[:-1], np.int32)
        shift = 0
        for channel, bits in enumerate(self.bits):
            ids |= (nearest_level(1 << bits) << shift).take(pixels[..., channel])
            shift += bits
        return ids

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) to uint8 (..., 3)."""
        every = np.arange(self.size)
        channels, shift = [], 0
        for bits in self.bits:
            channels.append(levels(1 << bits)[every >> shift & ((1 << bits) - 1)])
            shift += bits
        return look_up(np.stack(channels, axis=-1), ids)


def parse(settings: str) -> Rgb:
    """Reads the part after `rgb:`."""
    return Rgb(parse_bits("rgb", settings))
