"""How many 8-bit colours each id of a scheme stands for.

Every 8-bit colour has exactly one id. So who knows a picture's ids, and then which of its colours
each of them was, knows the picture: the logarithm of their number, added to the bits of the id,
makes a code of the 8-bit picture, and models of different colours can be compared by it.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from pixace.colors import Colors, by_spec
from pixace.colors.palette import Palette

LEVELS = 256


def channels(colors: Colors) -> int:
    """3, or 1 where all colours are greys, whose pictures are taken to be grey themselves."""
    shown = colors.decode(np.flatnonzero(colors.canonical))
    return 1 if (shown == shown[:, :1]).all() else 3


def volumes(colors: Colors) -> Int64[np.ndarray, " size"] | None:
    """How many of the 256 greys, or of the 256³ colours, each id stands for.

    None where one id stands for transparency, which is no colour.
    """
    return _counted(colors.spec)


@lru_cache(maxsize=4)  # a second or more each
def _counted(spec: str) -> Int64[np.ndarray, " size"] | None:
    colors = by_spec(spec)
    if isinstance(colors, Palette) and colors.transparent is not None:
        return None
    counts = np.zeros(colors.size, np.int64)
    level = np.arange(LEVELS, dtype=np.uint8)
    if channels(colors) == 1:
        return counts + np.bincount(
            colors.encode(level[:, None].repeat(3, 1)), minlength=len(counts)
        )
    green, blue = np.meshgrid(level, level, indexing="ij")
    for red in level:
        plane = np.stack([np.full_like(green, red), green, blue], -1)
        counts += np.bincount(colors.encode(plane).ravel(), minlength=len(counts))
    return counts
