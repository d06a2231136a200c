"""Orders: the path along which the pixels of a picture become a sequence.

| spec | the path |
| --- | --- |
| `raster` | row by row, each from the left |
| `column` | column by column, each from the top |
| `patch:n` | patches of n x n pixels, row by row; row by row within each |
| `snake` | row by row, there and back |
| `spiral` | clockwise along the edge, and on inwards to the centre |
| `spiral:out` | the same path from the centre outwards |
| `hilbert` | Hilbert's curve; at any size, by Červený's folding |
| `zcurve` | Morton's curve: by the bits of row and column, interleaved |

Snake, spirals and Hilbert's curve go from each pixel to a neighbour, at any size. Hilbert's and
Morton's curves finish an area before the next one: in a square whose side is a power of two, every
quarter, and every quarter of a quarter.

Sources: D. Hilbert 1891; G. M. Morton 1966; J. Červený, "gilbert" (rectangles of any size).
"""

import re
from functools import cache

import numpy as np

from pixace.choices import ORDERS
from pixace.errors import TokenError, unknown

MAX_TOKENS = 1 << 20  # of a picture; more than any model takes, and what fits in memory


def by_spec(spec: str, grid: tuple[int, int]) -> np.ndarray:
    """The path that `spec` names through a grid.

    Args:
      spec: one of those above.
      grid: (height, width) in pixels.

    Returns:
      Int32 (height * width,): entry t is the flat raster index of the pixel at position t.

    Raises:
      TokenError: no such order, the patches do not fill the grid, or it is too large.
    """
    check_size(grid)
    raster = np.arange(grid[0] * grid[1], dtype=np.int32).reshape(grid)
    match spec.partition(":"):
        case ("raster", "", ""):
            return raster.ravel()
        case ("column", "", ""):
            return raster.T.ravel()
        case ("patch", _, settings):
            return _patches(raster, _side(spec, settings))
        case ("snake", "", ""):
            raster[1::2] = raster[1::2, ::-1].copy()
            return raster.ravel()
        case ("spiral", "", ""):
            return _spiral(raster)
        case ("spiral", ":", "out"):
            return _spiral(raster)[::-1].copy()
        case ("hilbert", "", ""):
            return _hilbert(raster)
        case ("zcurve", "", ""):
            return raster.ravel()[np.argsort(_interleaved(*grid), kind="stable")]
    raise TokenError(unknown("order", spec, ORDERS))


def check_size(grid: tuple[int, int]) -> None:
    """Refuses more pixels than a row can have tokens.

    Raises:
      TokenError: names both numbers.
    """
    height, width = grid
    if height * width > MAX_TOKENS:
        raise TokenError(
            f"{width}x{height} pixels would make {height * width:,} tokens of a picture, and "
            f"{MAX_TOKENS:,} are the most; choose a smaller size"
        )


def axes(spec: str, grid: tuple[int, int]) -> tuple[int, int]:
    """How a path counts: position t is `(t // fast, t % fast)` of the returned `(slow, fast)`.

    Axial positions give each of the two numbers a vector of its own. They are rows and columns for
    `raster` and `snake` (whose every other row counts from the right), columns and rows for
    `column`, patches and the pixels within one for `patch:n`. For `zcurve`, where 2**k divides both
    sides, they are areas of 2**k x 2**k pixels and the pixels within one; so they are for `hilbert`
    where the sides are powers of two, though each area is walked in one of four directions. For
    all else they are stretches of the path and the steps along one, and mean no place.

    Args:
      spec: as `by_spec`.
      grid: (height, width) in pixels.

    Raises:
      TokenError: as `by_spec`.
    """
    height, width = grid
    length = len(by_spec(spec, grid))
    name, _, settings = spec.partition(":")
    fast = width
    if name == "column":
        fast = height
    elif name == "patch":
        fast = _side(spec, settings) ** 2
    elif name in ("hilbert", "zcurve"):
        sides = [2**k for k in range(1, 15) if not (height % 2**k or width % 2**k)]
        fast = max((side**2 for side in sides if side**4 <= length), default=width)
    return length // fast, fast


def _side(spec: str, settings: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,4}", settings, re.ASCII):
        raise TokenError(f"{spec:.60} is no order: patch takes its side in pixels, such as patch:4")
    return int(settings)


def _patches(raster: np.ndarray, side: int) -> np.ndarray:
    height, width = raster.shape
    if height % side or width % side:
        raise TokenError(
            f"patches of {side}x{side} do not fill {width}x{height} pixels; "
            f"choose a size that is a multiple of {side}, or another order"
        )
    patches = raster.reshape(height // side, side, width // side, side)
    return patches.swapaxes(1, 2).ravel()


def _spiral(raster: np.ndarray) -> np.ndarray:
    """Takes the top row away and turns the rest, so that its right side is on top."""
    rows = []
    while raster.size:
        rows.append(raster[0])
        raster = np.rot90(raster[1:])
    return np.concatenate(rows)


def _interleaved(height: int, width: int) -> np.ndarray:
    """Morton's codes of a grid, int64 (height * width,): the column's bits are the lower ones."""
    row, column = np.indices((height, width), np.int64).reshape(2, -1)
    code = np.zeros(height * width, np.int64)
    for bit in range(max(height, width).bit_length()):
        code |= (column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1
    return code


def _hilbert(raster: np.ndarray) -> np.ndarray:
    """From corner to corner along the longer side, or along an even one if just one is even."""
    height, width = raster.shape
    upright = height > width if height % 2 == width % 2 else height % 2 == 0
    along, across = _folded(height, width) if upright else _folded(width, height)
    return raster[along, across] if upright else raster[across, along]


@cache
def _folded(along: int, across: int) -> tuple[np.ndarray, np.ndarray]:
    """A path that fills a box, from the corner (0, 0) to the corner (along - 1, 0).

    A long box is two boxes, one after the other. Any other is three: up the one side, over the
    whole of the top, down the other side. Boxes are cut at even places, as only a box with an even
    or two odd sides has such a path.

    Returns:
      Both coordinates of each place on the path, intp (along * across,).
    """
    if across == 1:
        return np.arange(along), np.zeros(along, int)
    if along == 1:
        return np.zeros(across, int), np.arange(across)
    half = along // 2
    if 2 * along > 3 * across:
        half += half % 2 if along > 2 else 0
        (a, b), (c, d) = _folded(half, across), _folded(along - half, across)
        return np.concatenate([a, half + c]), np.concatenate([b, d])
    up = across // 2
    up += up % 2 if across > 2 else 0
    (a, b), (c, d), (e, f) = (
        _folded(up, half),
        _folded(along, across - up),
        _folded(up, along - half),
    )
    return np.concatenate([b, c, along - 1 - f]), np.concatenate([a, up + d, up - 1 - e])
