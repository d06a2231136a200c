"""Pictures made of squares: pixel art, as it was drawn or enlarged, resized without new colours.

A filter that averages smears what was drawn pixel by pixel. So a picture keeps its own colours

- where it is a smaller one whose pixels were enlarged to blocks, and the size wanted is a whole
  multiple of that smaller one;
- where it is clearly drawn in pixels, and grows by whole numbers: few colours for its size, none
  half transparent. Grey pictures, which are scans and handwriting more often, are left alone.
"""

from typing import cast

import numpy as np
from PIL import Image as Pillow

FEWEST = 20  # pixels for each colour: fewer, and it may be a slope from one colour to another
COLORS = 16  # and at most so many colours
MAX_PIXELS = 1 << 23  # pixels; beyond, looking at all of them takes too long


Box = tuple[float, float, float, float]


def resized(
    picture: Pillow.Image, inner: tuple[int, int], box: Box, *, sure: bool = False
) -> Pillow.Image | None:
    """A part of a picture in another size, each pixel a square; None if it is not made for that.

    Args:
      picture: in mode L, LA, RGB, RGBA or CMYK.
      inner: (width, height) wanted.
      box: left, top, right and bottom of the part.
      sure: all that grows by whole numbers is pixel art.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    if width != int(width) or height != int(height) or width * height > MAX_PIXELS:
        return None
    left, top = int(box[0]), int(box[1])  # half a pixel, where an odd number juts out
    part = picture.crop((left, top, left + int(width), top + int(height)))
    block = _block(part, inner)
    if block is None or not (min(block) > 1 or _grows(part, inner, sure)):
        return None
    return part.resize(inner, Pillow.Resampling.NEAREST)


def _block(part: Pillow.Image, inner: tuple[int, int]) -> tuple[int, int] | None:
    """The largest blocks of one colour, (width, height), if whole ones make up what is wanted.

    Three rows tell of a photograph, before all others are looked at.
    """
    few = [part.crop((0, y, part.width, y + 1)) for y in _spread(part.height)]
    across = int(np.gcd.reduce([_step(np.asarray(row), axis=1) for row in few]))
    if across > 1:
        across = int(np.gcd(across, _step(np.asarray(part), axis=1)))
    if inner[0] % (part.width // across):
        return None
    down = _step(np.asarray(part), axis=0)
    return None if inner[1] % (part.height // down) else (across, down)


def _spread(count: int) -> list[int]:
    return [0, count // 3, count // 2]


def _step(pixels: np.ndarray, axis: int) -> int:
    """The greatest step, in pixels, that meets every change of colour along an axis."""
    lines = np.moveaxis(pixels, axis, 0).reshape(pixels.shape[axis], -1)
    changes = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1
    return int(np.gcd.reduce([*changes.tolist(), len(lines)]))


def _grows(part: Pillow.Image, inner: tuple[int, int], sure: bool) -> bool:
    """Whether whole multiples are wanted of what is drawn pixel by pixel."""
    if inner[0] % part.width or inner[1] % part.height:
        return False
    return sure or (part.mode in ("RGB", "RGBA") and _is_drawn(part))


def _is_drawn(part: Pillow.Image) -> bool:
    """Whether there are few colours, and none of them half transparent."""
    most = min(COLORS, part.width * part.height // FEWEST)
    found = cast("list[tuple[int, tuple[int, ...]]] | None", part.getcolors(2 * most))
    colors = {color if color[3:] != (0,) else () for _, color in found or ()}
    return 0 < len(colors) <= most and all(color[3:] in ((), (255,)) for color in colors)
