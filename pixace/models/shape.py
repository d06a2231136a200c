"""The numbers that every model must be able to build with, and the words for those it cannot."""

from typing import Any

from pixace.errors import ConfigError
from pixace.names import unknown

POSITIONS = ("learned", "axial")


def check(
    length: int,
    grid: tuple[int, int],
    *,
    d_model: int,
    n_heads: int,
    dropout: float,
    positions: str,
    prefix: int = 0,
) -> None:
    """Refuses sizes that do not fit together; the first `prefix` of the tokens are words.

    Raises:
      ConfigError: says which number does not fit and what would.
    """
    if positions not in POSITIONS:
        raise ConfigError(unknown("positions", positions, POSITIONS))
    if n_heads < 1 or d_model < 2 or d_model % n_heads or d_model % 2:
        raise ConfigError(
            f"d_model = {d_model} is not even or no multiple of n_heads = {n_heads}; "
            f"try d_model = {nearest(d_model, n_heads)}"
        )
    if not 0 <= dropout < 1:
        raise ConfigError(f"dropout = {dropout} is outside 0 … 1; 0.1 is usual, 0 turns it off")
    height, width = grid
    if positions == "axial" and height * width != length - prefix:
        raise ConfigError(
            f"axial positions need one token per place, but {width}x{height} has {height * width} "
            f"places and there are {length - prefix} tokens; use positions = 'learned'"
        )


def nearest(d_model: int, n_heads: int) -> int:
    """The even multiple of `n_heads` next to `d_model`."""
    unit = max(n_heads, 1) * (1 + max(n_heads, 1) % 2)
    return max(1, round(d_model / unit)) * unit


def axial(grid: tuple[int, int], d_model: int) -> dict[str, Any]:
    """Trax's arguments for axial positions: half of the features say the row, half the column."""
    rows = d_model // 2
    return {
        "pos_type": "axial",
        "pos_axial_shape": tuple(grid),
        "pos_d_axial_embs": (rows, d_model - rows),
    }
