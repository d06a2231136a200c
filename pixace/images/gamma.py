"""PNG's simple way to say what colours are meant: a gamma, and where the primaries lie.

As browsers draw it: the numbers of a picture are light to the power of its gamma. Beside primaries
that is exact; alone, what comes near to sRGB counts as sRGB.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from PIL import Image as Pillow

USUAL = 0.45455  # of a screen: what most files say, and nearly sRGB
NEAR = 0.05  # a share of that, which makes no difference
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # x and y of white, red, green, blue
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True)
class Gamma:
    """What a PNG says of its colours, where it has no profile.

    Attributes:
      exponent: numbers are light to this power.
      primaries: x and y of white, red, green and blue.
    """

    exponent: float
    primaries: tuple[float, ...] = SRGB

    @classmethod
    def of(cls, info: dict[Any, Any]) -> Self | None:
        """From what Pillow has found; None where the numbers are sRGB."""
        exponent, primaries = info.get("gamma"), info.get("chromaticity")
        if not exponent or info.get("icc_profile") or "srgb" in info:
            return None
        if primaries is None and abs(exponent / USUAL - 1) <= NEAR:
            return None
        return cls(exponent, primaries if primaries and _sound(primaries) else SRGB)

    def in_srgb(self, picture: Pillow.Image) -> Pillow.Image:
        """The colours as sRGB; `picture` is L, LA, RGB or RGBA."""
        values = np.array(picture)
        colours = values[..., :3] if picture.mode.startswith("RGB") else values[..., :1]
        if picture.mode == "L":
            colours = values
        light = (np.arange(256) / 255.0) ** (1 / self.exponent)
        if picture.mode.startswith("RGB") and self.primaries != SRGB:
            seen = _encoded(light[colours] @ _matrix(self.primaries).T)
        else:
            seen = _encoded(light)[colours]
        colours[...] = seen
        return Pillow.fromarray(values)


def _encoded(light: np.ndarray) -> np.ndarray:
    """0..1 of light as 8 bits of sRGB."""
    light = light.clip(0, 1)
    values = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(values * 255).astype(np.uint8)


def _sound(primaries: tuple[float, ...]) -> bool:
    """Whether these span colours at all."""
    if len(primaries) != 8 or not all(0 < y <= 1 for y in primaries[1::2]):
        return False
    red, green, blue = np.array(primaries[2:]).reshape(3, 2)
    return abs(np.linalg.det([green - red, blue - red])) > 1e-3


@lru_cache(maxsize=16)
def _matrix(primaries: tuple[float, ...]) -> np.ndarray:
    """From these primaries to sRGB's, of light; white stays white, as Bradford has it."""
    own, srgb = _to_xyz(primaries), _to_xyz(SRGB)
    here, there = BRADFORD @ own.sum(1), BRADFORD @ srgb.sum(1)
    adapted = np.linalg.inv(BRADFORD) @ np.diag(there / here) @ BRADFORD
    return np.linalg.inv(srgb) @ adapted @ own


def _to_xyz(primaries: tuple[float, ...]) -> np.ndarray:
    """Columns are XYZ of full red, green and blue, whose sum is white."""
    x, y = np.array(primaries).reshape(4, 2).T
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    return xyz[:, 1:] * np.linalg.solve(xyz[:, 1:], xyz[:, 0])
