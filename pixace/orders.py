"""Orders: the path along which the pixels of a picture become a sequence.

`raster` goes row by row, `column` column by column, and `patch:n` through patches of n x n pixels:
patches row by row, and row by row within each.
"""

import numpy as np

from pixace.errors import TokenError
from pixace.names import unknown


def by_spec(spec: str, grid: tuple[int, int]) -> np.ndarray:
    """The path that `spec` names through a grid.

    Args:
      spec: `raster`, `column` or `patch:n`.
      grid: (height, width) in pixels.

    Returns:
      Int32 (height * width,): entry t is the flat raster index of the pixel at position t.

    Raises:
      TokenError: no such order, or the patches do not fill the grid.
    """
    height, width = grid
    raster = np.arange(height * width, dtype=np.int32).reshape(height, width)
    name, _, settings = spec.partition(":")
    if spec == "raster":
        return raster.ravel()
    if spec == "column":
        return raster.T.ravel()
    if name == "patch":
        side = _side(spec, settings)
        if height % side or width % side:
            raise TokenError(
                f"patches of {side}x{side} do not fill {width}x{height} pixels; "
                f"choose a size that is a multiple of {side}, or another order"
            )
        patches = raster.reshape(height // side, side, width // side, side)
        return patches.swapaxes(1, 2).ravel()
    raise TokenError(unknown("order", spec, ("raster", "column", "patch:n")))


def axes(spec: str, grid: tuple[int, int]) -> tuple[int, int]:
    """How a path counts: position t is `(t // fast, t % fast)` of the returned `(slow, fast)`.

    Rows and columns for `raster`, columns and rows for `column`, patches and the pixels within
    one for `patch:n`; axial positions give each of the two numbers a vector of its own.

    Args:
      spec: `raster`, `column` or `patch:n`.
      grid: (height, width) in pixels.

    Raises:
      TokenError: as `by_spec`.
    """
    height, width = grid
    length = len(by_spec(spec, grid))
    name, _, settings = spec.partition(":")
    fast = {"raster": width, "column": height}.get(name) or _side(spec, settings) ** 2
    return length // fast, fast


def _side(spec: str, settings: str) -> int:
    if not (settings.isascii() and settings.isdigit() and int(settings) > 0):
        raise TokenError(f"{spec} is no order: patch takes its side in pixels, such as patch:4")
    return int(settings)
