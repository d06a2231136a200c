"""Attention within a two-dimensional window: what lies near, above and to the left.

The token in row r and column c sees those that came before it in rows r-w … r and columns
c-w … c+w. So a token costs the window and not the picture. The picture is cut into tiles; the
tokens of a tile are looked at from the tile and from a margin around it (w rows above, w columns to
each side), all tiles at once in products of the same size, some of them at a time so that their
scores stay in the cache. The way back is written by hand, as in `causal`.

Words in front of the picture see the words before them, and every token of the picture sees all.

Source: Esser et al. 2021, "Taming Transformers for High-Resolution Image Synthesis",
https://arxiv.org/abs/2012.09841, section 3.2; there the window stays inside of the picture at its
edges, here it is cut off.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.errors import ConfigError
from pixace.models.causal import HIDDEN, SCORES, causal_attention
from pixace.models.products import sums

TILE = 64  # tokens of a tile, at least: smaller products would waste the matrix units


@dataclass(frozen=True)
class Window:
    """How far a token sees.

    Attributes:
      reach: rows above, and columns to each side.
      grid: (rows, columns) of the picture, in the order in which they come.
      words: tokens in front of the picture.

    Raises:
      ConfigError: it reaches over the whole picture, or it is negative.
    """

    reach: int
    grid: tuple[int, int]
    words: int = 0

    def __post_init__(self) -> None:
        """Refuses a window that is none."""
        most = max(self.grid) - 1
        if not 1 <= self.reach <= most:
            height, width = self.grid
            raise ConfigError(
                f"a window of {self.reach} does not fit into {width}x{height} tokens; "
                f"give 1 to {most}, or 0 to see everything"
            )

    @property
    def up(self) -> int:
        """Rows above."""
        return min(self.reach, self.grid[0] - 1)

    @property
    def aside(self) -> int:
        """Columns to each side."""
        return min(self.reach, self.grid[1] - 1)

    @property
    def tile(self) -> tuple[int, int]:
        """(rows, columns) of a tile; a margin must not reach beyond the next one."""
        side = math.isqrt(TILE)
        rows = min(self.grid[0], max(side, self.up))
        return rows, min(self.grid[1], max(side, self.aside))

    @property
    def room(self) -> int:
        """Tokens to remember: the words, and of the picture as much as the window reaches back."""
        back = self.up * self.grid[1] + self.aside + 1
        return self.words + min(back, self.grid[0] * self.grid[1])

    def place(self, token: Int[Array, ""]) -> Int[Array, ""]:
        """Where a token is remembered: a new one takes the place of the oldest of the picture."""
        ring = self.room - self.words
        return jnp.where(token < self.words, token, self.words + (token - self.words) % ring)

    def tokens(self, latest: Int[Array, ""]) -> Int[Array, " room"]:
        """Which token each place holds once `latest` has come; -1 for none yet."""
        place = jnp.arange(self.room)
        behind = (latest - place) % (self.room - self.words)
        of_words = jnp.where(place <= latest, place, -1)
        of_picture = jnp.where(latest - behind >= self.words, latest - behind, -1)
        return jnp.where(place < self.words, of_words, of_picture)

    def view(self, index: Int[Array, ""]) -> Float[Array, " room"]:
        """What is added to the scores of the memory: 0 for what `index` sees, else `HIDDEN`."""
        token = self.tokens(index)
        width = self.grid[1]
        row, column = (token - self.words) // width, (token - self.words) % width
        own_row, own_column = (index - self.words) // width, (index - self.words) % width
        near = (own_row - row <= self.up) & (jnp.abs(own_column - column) <= self.aside)
        is_word = (token >= 0) & (token < self.words)
        return jnp.where(is_word | ((token >= self.words) & near), 0.0, HIDDEN)


def window_attention(
    q: Float[Array, "heads length d"],
    k: Float[Array, "heads length d"],
    v: Float[Array, "heads length d_v"],
    window: Window,
) -> Float[Array, "heads length d_v"]:
    """Each position's mean of the values that it sees, weighed by softmax(q k / sqrt(d)).

    Args:
      q: queries, float32 or bfloat16; `heads` counts those of all pictures.
      k: keys, of the same type.
      v: values, of the same type.
      window: what is seen; `length` may be less than it has, if a picture is not whole yet.

    Returns:
      In the type of `v`; sums and softmax are done in float32.
    """
    words, length = window.words, q.shape[1]
    missing = words + math.prod(window.grid) - length
    q, k, v = (jnp.pad(each, ((0, 0), (0, missing), (0, 0))) for each in (q, k, v))
    of_words, q, k, v = (q, k, v), q[:, words:], k[:, words:], v[:, words:]
    tiles: list[Array] = [_tiles(each, window) for each in (q, k, v)]
    around = [_with_margins(each, window) for each in tiles[1:]]
    if words:
        common = [each[:, None, None, :words] for each in of_words[1:]]
        shape = around[0].shape[:3]
        spread = [jnp.broadcast_to(each, (*shape, *each.shape[3:])) for each in common]
        around = [jnp.concatenate(both, 3) for both in zip(spread, around, strict=True)]
    relative, inside = _masks(window)
    everywhere = jnp.broadcast_to(inside, (len(q), *inside.shape))
    units = [each.reshape(-1, *each.shape[3:]) for each in (tiles[0], *around, everywhere)]
    seen = _by_groups(relative, units)
    seen = _untiled(seen.reshape(*tiles[0].shape[:4], -1), window)
    if words:
        first = causal_attention(*(each[:, :words] for each in of_words))
        seen = jnp.concatenate([first, seen], 1)
    return seen[:, :length]


def _counts(window: Window) -> tuple[int, int]:
    """How many tiles, down and across."""
    (height, width), (rows, columns) = window.grid, window.tile
    return -(-height // rows), -(-width // columns)


def _tiles(x: Array, window: Window) -> Float[Array, "heads down across tokens d"]:
    """Cut into tiles, the last ones filled up."""
    (rows, columns), (down, across) = window.tile, _counts(window)
    x = x.reshape(len(x), *window.grid, -1)
    more = [(0, down * rows - window.grid[0]), (0, across * columns - window.grid[1])]
    x = jnp.pad(x, ((0, 0), *more, (0, 0)))
    x = x.reshape(len(x), down, rows, across, columns, -1).swapaxes(2, 3)
    return x.reshape(len(x), down, across, rows * columns, -1)


def _untiled(x: Array, window: Window) -> Float[Array, "heads length d"]:
    (rows, columns), (down, across) = window.tile, _counts(window)
    x = x.reshape(len(x), down, across, rows, columns, -1).swapaxes(2, 3)
    x = x.reshape(len(x), down * rows, across * columns, -1)
    return x[:, : window.grid[0], : window.grid[1]].reshape(len(x), -1, x.shape[-1])


def _with_margins(x: Array, window: Window) -> Float[Array, "heads down across around d"]:
    """Each tile with the rows above and the columns beside it, zeros beyond the picture."""
    rows, columns = window.tile
    x = x.reshape(*x.shape[:3], rows, columns, -1)
    above = jnp.pad(x, ((0, 0), (1, 0), *[(0, 0)] * 4))[:, :-1, :, rows - window.up :]
    x = jnp.concatenate([above, x], 3)
    left = jnp.pad(x, ((0, 0), (0, 0), (1, 0), *[(0, 0)] * 3))[:, :, :-1]
    right = jnp.pad(x, ((0, 0), (0, 0), (0, 1), *[(0, 0)] * 3))[:, :, 1:]
    parts = [left[:, :, :, :, columns - window.aside :], x, right[:, :, :, :, : window.aside]]
    x = jnp.concatenate(parts, 4)
    return x.reshape(*x.shape[:3], -1, x.shape[-1])


def _masks(window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Which of its surroundings a token sees, and what of them lies inside of the picture.

    Returns:
      Bool (tokens, around), the same for each tile, and bool (down, across, around).
    """
    (rows, columns), (down, across) = window.tile, _counts(window)
    own_row, own_column = np.divmod(np.arange(rows * columns)[:, None], columns)
    row, column = np.divmod(
        np.arange((rows + window.up) * (columns + 2 * window.aside)), columns + 2 * window.aside
    )
    row, column = row - window.up, column - window.aside
    near = (own_row - row <= window.up) & (np.abs(own_column - column) <= window.aside)
    relative = near & ((row < own_row) | ((row == own_row) & (column <= own_column)))
    true_row = np.arange(down)[:, None, None] * rows + row
    true_column = np.arange(across)[:, None] * columns + column
    inside = (true_row >= 0) & (true_column >= 0) & (true_column < window.grid[1])
    words = ((0, 0), (window.words, 0))
    return (
        np.pad(relative, words, constant_values=True),
        np.pad(inside, ((0, 0), *words), constant_values=True),
    )


def _by_groups(relative: np.ndarray, units: Sequence[Any]) -> Array:
    """Some tiles at a time."""
    count = len(units[0])
    most = max(1, SCORES // relative.size)
    group = max(size for size in range(1, min(most, count) + 1) if count % size == 0)
    parts = [jnp.asarray(x).reshape(count // group, group, *x.shape[1:]) for x in units]
    view = jnp.where(relative, 0.0, HIDDEN)
    seen = jax.lax.map(lambda part: _seen(view, *part), tuple(parts))
    return seen.reshape(count, *seen.shape[2:])


@jax.custom_vjp
def _seen(view: Array, q: Array, k: Array, v: Array, inside: Array) -> Array:
    return _forward(view, q, k, v, inside)[0]


def _forward(view: Array, q: Array, k: Array, v: Array, inside: Array) -> tuple[Array, Any]:
    """What the tokens of some tiles see; the logarithm of the sum is kept, the scores are not."""
    scores = sums(q, k, (2, 2), batch=1) / math.sqrt(q.shape[-1]) + view
    scores = jnp.where(inside[:, None], scores, HIDDEN)
    most = scores.max(-1, keepdims=True)
    odds = jnp.exp(scores - most).astype(v.dtype)
    total = odds.sum(-1, keepdims=True, dtype=jnp.float32)
    seen = (sums(odds, v, (2, 1), batch=1) / total).astype(v.dtype)
    return seen, (view, q, k, v, inside, seen, (most + jnp.log(total))[..., 0])


def _backward(kept: Any, slope: Array) -> tuple[Array | None, ...]:
    """Slopes of queries, keys and values; rows are keys, so that no product turns its left side."""
    view, q, k, v, inside, seen, log_sum = kept
    shift = jnp.sum(seen.astype(jnp.float32) * slope.astype(jnp.float32), -1)
    scale = 1 / math.sqrt(q.shape[-1])
    slope = slope.astype(v.dtype)
    scores = sums(k, q, (2, 2), batch=1) * scale + view.T
    scores = jnp.where(inside[:, :, None], scores, HIDDEN)
    odds = jnp.exp(scores - log_sum[:, None])
    change = sums(v, slope, (2, 2), batch=1)
    pull = (odds * (change - shift[:, None]) * scale).astype(q.dtype)
    q_slope = sums(k.swapaxes(1, 2), pull, (2, 1), batch=1).swapaxes(1, 2)
    k_slope = sums(pull, q, (2, 1), batch=1)
    v_slope = sums(odds.astype(v.dtype), slope, (2, 1), batch=1)
    slopes = (q_slope.astype(q.dtype), k_slope.astype(k.dtype), v_slope.astype(v.dtype))
    return None, *slopes, None


_seen.defvjp(_forward, _backward)
