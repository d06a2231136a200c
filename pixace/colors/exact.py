"""Exact colours, for pixel art: every colour that occurs, transparency among them."""

from collections.abc import Iterable

import numpy as np

from pixace.colors import palette
from pixace.colors.palette import CLEAR, Palette
from pixace.errors import TokenError

MAX_EXACT_COLORS = 4096  # colours; pixel art has dozens, a photograph a hundred thousand
NOTHING = -1  # the code of transparency, beside 0xRRGGBB


def parse(settings: str) -> None:
    """Reads the part after `exact:`, which is empty."""
    if settings:
        raise TokenError(f"exact:{settings} is no colour scheme: exact takes no settings")


def codes(over_black: np.ndarray, over_white: np.ndarray) -> np.ndarray:
    """The colour of each pixel, from a picture laid over black and over white.

    Args:
      over_black: uint8 (..., 3).
      over_white: the same.

    Returns:
      Int32 (...): 0xRRGGBB, or `NOTHING` where the picture is transparent.

    Raises:
      TokenError: a pixel is half transparent.
    """
    through = (over_white.astype(int) - over_black).max(axis=-1)
    if ((through > 0) & (through < 255)).any():
        raise TokenError("some pixels are half transparent")
    return np.where(through, NOTHING, over_black.astype(np.int32) @ [1 << 16, 1 << 8, 1])


def collected(found: Iterable[int], background: tuple[int, int, int]) -> Palette:
    """The palette of some codes, in their order.

    Transparency is shown as the background, or as the nearest colour to it that does not occur.
    """
    found = list(dict.fromkeys(found))
    shown = "{:02x}{:02x}{:02x}".format(*_free(found, background))
    return palette.parse(
        ",".join(shown + CLEAR if code == NOTHING else f"{code:06x}" for code in found)
    )


def _free(taken: list[int], near: tuple[int, int, int]) -> tuple[int, int, int]:
    """The colour nearest to `near` whose code is not taken."""
    reach = np.arange(-17, 18)  # more colours than MAX_EXACT_COLORS, in any corner of the cube
    steps = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1).reshape(-1, 3)
    steps = steps[np.argsort((steps**2).sum(axis=1), kind="stable")]
    around = steps + near
    around = around[((around >= 0) & (around <= 255)).all(axis=1)]
    free = around[~np.isin(around @ [1 << 16, 1 << 8, 1], taken)]
    red, green, blue = free[0].tolist()
    return red, green, blue
