"""Rotary positions along rows and columns: queries and keys are turned by where they stand.

Half of the pairs of features turn with the row, half with the column, so that what a query makes of
a key hangs on how many rows and columns lie between the two, wherever in the picture they are.

Source: Su et al. 2021, "RoFormer", https://arxiv.org/abs/2104.09864, section 3.2, there along one
axis; two axes as Heo et al. 2024, "Rotary position embedding for vision transformer",
https://arxiv.org/abs/2403.13298, section 3.1.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

SLOWEST = 0.01  # radians a step, of the slowest pair; the quickest turns by 1


def angles(
    rows: Int[np.ndarray, " length"], columns: Int[np.ndarray, " length"], d: int
) -> Float[np.ndarray, "length pairs"]:
    """By how much each position turns each pair of features, float32, `d // 2` pairs.

    Args:
      rows: where each position stands.
      columns: likewise.
      d: features of a query.
    """
    of_rows = d // 4
    of_columns = d // 2 - of_rows
    along = [np.outer(rows, _speeds(of_rows)), np.outer(columns, _speeds(of_columns))]
    return np.hstack(along).astype(np.float32)


def rotated(
    x: Float[Array, "heads length d"], turns: Float[Array | np.ndarray, "length pairs"]
) -> Float[Array, "heads length d"]:
    """Each pair of features, one from each half, turned by its angle; an odd last one stays."""
    pairs = turns.shape[1]
    cos, sin = jnp.cos(turns), jnp.sin(turns)
    one, other = x[..., :pairs], x[..., pairs : 2 * pairs]
    turned = [one * cos - other * sin, one * sin + other * cos, x[..., 2 * pairs :]]
    return jnp.concatenate(turned, -1)


def _speeds(pairs: int) -> Float[np.ndarray, " pairs"]:
    """Radians a step, evenly spread by their logarithms."""
    return SLOWEST ** (np.arange(pairs) / max(1, pairs))
