"""Turned hues: for each colour of a scheme, the one with its hue further around the circle.

Schemes with hues of their own are turned by their own steps. All others are turned in OKLab, where
light stays as light as it is, and take the nearest colour that they have: so the colours of a small
palette are swapped for each other.
"""

import numpy as np
from jaxtyping import Int32

from pixace.colors import Colors, oklab
from pixace.colors.hsv import Hsv
from pixace.colors.palette import Palette

CIRCLE = 36  # steps of schemes that have none of their own


def steps(colors: Colors) -> int:
    """How many steps of hue go around the circle; 1 if there are only greys."""
    if isinstance(colors, Hsv):
        return colors.hues
    shown = colors.decode(np.flatnonzero(colors.canonical))
    return 1 if (shown == shown[:, :1]).all() else CIRCLE


def turned(colors: Colors, turns: Int32[np.ndarray, " n"]) -> Int32[np.ndarray, "n size"]:
    """What each id becomes by each turn, given in steps either way.

    Greys stay what they are, and so does what stands for transparency.
    """
    ids = np.arange(colors.size, dtype=np.int32)
    if isinstance(colors, Hsv):
        return colors.turned(ids, turns[:, None])
    lab = oklab.from_rgb(colors.decode(ids))
    angle = 2 * np.pi / CIRCLE * turns[:, None]
    a, b = lab[:, 1], lab[:, 2]
    around = [a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)]
    light = np.broadcast_to(lab[:, 0], around[0].shape)
    pixels = oklab.to_rgb(np.stack([light, *around], -1))
    if not isinstance(colors, Palette) or colors.transparent is None:
        return colors.encode(pixels)
    clear = colors.transparent
    opaque = Palette(colors.colors[:clear] + colors.colors[clear + 1 :])
    found = np.delete(ids, clear)[opaque.encode(pixels)]
    found[:, clear] = clear
    return found
