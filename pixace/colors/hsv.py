"""HSV colours: hue, saturation and value, with a number of bits each.

With bits (b0, b1, b2) a pixel becomes

    id = h | s << b0 | v << (b0 + b1),   h = round(H * (2**b0 - 1)), s and v likewise

where H, S, V in 0..1 are those of scikit-image's `rgb2hsv`, to the last bit: ties of the rounding
fall the same way. Hue is a circle, so its first and last step are the same red; greys have no
hue, black has no saturation, and dark colours run together when they become bytes. Of the ids
that decode to one RGB colour only the lowest, the canonical one, is ever given; so the 8192 ids of
`hsv:5,4,4` show 6893 colours. A colour that some id shows exactly gets that id's canonical one,
also where rounding alone would have led to a neighbour (24 dark colours of `hsv:5,4,4`).

Source: A. R. Smith 1978, "Color gamut transform pairs".
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from pixace.colors.table import look_up, parse_bits

Bits = tuple[int, int, int]
BLOCK_PIXELS = 4096  # pixels; a block's float64 arrays stay in the processor's cache


class Tables(NamedTuple):
    """What one choice of bits needs, over all its ids."""

    shown: np.ndarray  # uint8 (size, 3): the colour of each id
    lowest: np.ndarray  # int32 (size,): the canonical id of each id
    canonical: np.ndarray  # bool (size,)
    suspect: np.ndarray  # bool (size,): ids to which rounding leads a stray colour
    stray: np.ndarray  # int32 (m,), ascending: colours that rounding alone would get wrong
    stray_ids: np.ndarray  # int32 (m,): the canonical ids that show them


@dataclass(frozen=True)
class Hsv:
    """`hsv:b0,b1,b2`: bits of hue, saturation and value."""

    bits: Bits

    @property
    def size(self) -> int:
        """Number of ids, canonical or not."""
        return 1 << sum(self.bits)

    @property
    def hues(self) -> int:
        """Steps around the circle of hue, one less than its numbers: the first and last are one."""
        return (1 << self.bits[0]) - 1

    @property
    def spec(self) -> str:
        """Such as `hsv:5,4,4`."""
        return "hsv:{},{},{}".format(*self.bits)

    @property
    def canonical(self) -> np.ndarray:
        """Bool (size,): the lowest id of each colour."""
        return _tables(self.bits).canonical

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (..., 3) to canonical ids, int32 (...)."""
        tables = _tables(self.bits)
        flat = np.ascontiguousarray(pixels).reshape(-1, 3)
        ids = np.empty(len(flat), np.int32)
        for start in range(0, len(flat), BLOCK_PIXELS):
            block = flat[start : start + BLOCK_PIXELS]
            rounded = _round(block, self.bits)
            lowest = tables.lowest.take(rounded)
            if len(tables.stray):
                at = np.flatnonzero(tables.suspect.take(rounded))
                codes = _code(block[at])
                found = np.searchsorted(tables.stray, codes).clip(max=len(tables.stray) - 1)
                strays = tables.stray[found] == codes
                lowest[at[strays]] = tables.stray_ids[found[strays]]
            ids[start : start + BLOCK_PIXELS] = lowest
        return ids.reshape(pixels.shape[:-1])

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) to uint8 (..., 3)."""
        return look_up(_tables(self.bits).shown, ids)

    def turned(self, ids: np.ndarray, steps: np.ndarray | int) -> np.ndarray:
        """The same saturations and values with other hues; greys stay what they are.

        Args:
          ids: canonical ids.
          steps: to go on, of the `hues` around the circle, or back; broadcast against the ids.

        Returns:
          Canonical ids, int32 (...). Colours too dark to tell hues apart may become one.
        """
        hue = ids & self.hues  # all bits of the hue are set in the number of its steps
        return _tables(self.bits).lowest.take(ids - hue + (hue + steps) % self.hues)


def parse(settings: str) -> Hsv:
    """Reads the part after `hsv:`."""
    return Hsv(parse_bits("hsv", settings))


def _round(pixels: np.ndarray, bits: Bits) -> np.ndarray:
    """Uint8 (n, 3) to ids intp (n,) by rounding alone, not yet canonical."""
    red, green, blue = np.multiply(pixels.T, 1 / 255, dtype=np.float64, order="C")
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)

    # Where two channels are highest the later one decides, as in scikit-image.
    hue, sector = green - blue, np.zeros_like(red)
    for channel, left, right, number in ((green, blue, red, 2.0), (blue, red, green, 4.0)):
        highest = channel == value
        np.copyto(hue, left - right, where=highest)
        np.copyto(sector, number, where=highest)
    hue /= np.where(chroma == 0, 1, chroma)  # a grey's hue is lost anyway
    hue = (hue + sector) / 6
    hue += hue < 0
    saturation = chroma / np.where(value == 0, 1, value)

    h, s, v = (
        np.rint(x * ((1 << b) - 1)) for x, b in zip((hue, saturation, value), bits, strict=True)
    )
    return (h + s * (1 << bits[0]) + v * (1 << (bits[0] + bits[1]))).astype(np.intp)


def _show(bits: Bits) -> np.ndarray:
    """Uint8 (size, 3): the colour of each id, by Smith's six sectors of hue."""
    ids = np.arange(1 << sum(bits))
    hue = (ids & ((1 << bits[0]) - 1)) / ((1 << bits[0]) - 1)
    saturation = (ids >> bits[0] & ((1 << bits[1]) - 1)) / ((1 << bits[1]) - 1)
    value = (ids >> (bits[0] + bits[1])) / ((1 << bits[2]) - 1)
    sector = np.floor(hue * 6)
    rest = hue * 6 - sector
    low = value * (1 - saturation)
    falling = value * (1 - rest * saturation)
    rising = value * (1 - (1 - rest) * saturation)
    channels = np.choose(
        sector.astype(int) % 6,
        [
            np.stack(rgb)
            for rgb in (
                (value, rising, low),
                (falling, value, low),
                (low, value, rising),
                (low, falling, value),
                (rising, low, value),
                (value, low, falling),
            )
        ],
    )
    return np.rint(channels.T * 255).astype(np.uint8)


def _code(pixels: np.ndarray) -> np.ndarray:
    """Uint8 (n, 3) to int32 (n,), 0xRRGGBB."""
    return pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


@cache
def _tables(bits: Bits) -> Tables:
    """Works out everything that can be known of `bits` beforehand; a few milliseconds."""
    shown = _show(bits)
    codes, first, member = np.unique(_code(shown), return_index=True, return_inverse=True)
    first = first.astype(np.int32)
    lowest = first[member]
    canonical = lowest == np.arange(len(lowest))

    rounded = _round(shown[first], bits)  # of each colour that can be shown
    strays = lowest[rounded] != first
    suspect = np.zeros(len(lowest), bool)
    suspect[rounded[strays]] = True
    return Tables(shown, lowest, canonical, suspect, codes[strays], first[strays])
