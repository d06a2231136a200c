"""A picture cut into tiles, each with the tokens that it attends to.

A tile's tokens look at the tile and at a margin around it, as far as the window reaches. Tables say
which tokens these are, the same for all heads and pictures, so that tiles are taken out of a
sequence, and put back into it, by their numbers.
"""

from dataclasses import dataclass
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pixace.layers.causal_attention import MASKED
from pixace.layers.window import Window

ROWS, COLUMNS = 4, 8  # of a tile; larger ones look at more in vain, smaller ones multiply slowly


@dataclass(frozen=True, eq=False)
class Tiles:
    """Which tokens meet; the number of all tokens stands for none.

    Attributes:
      words: tokens in front of the picture.
      own: int (tiles, tokens of a tile), the tokens of each tile.
      around: int (tiles, places), what they look at: all words, and a rectangle of the picture.
      mask_bias: float32 (tokens of a tile, places), 0 for what a token attends to, else `MASKED`.
      outside_bias: float32 (tiles, places), `MASKED` for what lies outside of the picture, else 0.
    """

    words: int
    own: np.ndarray
    around: np.ndarray
    mask_bias: np.ndarray
    outside_bias: np.ndarray
    _own_places: np.ndarray  # int (tokens of the picture,), where each one is in `own`
    _copies: np.ndarray  # int (most, tokens of the picture), where each one is in `around`

    def gathered(self, x: Float[Array, "heads length d"], which: np.ndarray) -> Array:
        """`own` tokens, or those `around`, (heads * tiles, tokens, d); zeros for none."""
        some = jnp.pad(x, ((0, 0), (0, 1), (0, 0)))[:, which]
        return some.reshape(-1, *some.shape[2:])

    def in_order(
        self, x: Float[Array, "some places d"], heads: int
    ) -> Float[Array, "heads picture d"]:
        """From tiles' own tokens to the picture, in its order."""
        return x.reshape(heads, -1, x.shape[-1])[:, self._own_places]

    def scattered(
        self, x: Float[Array, "some places d"], heads: int
    ) -> Float[Array, "heads length d"]:
        """For each token, the sum over all the places around tiles where it stands."""
        x = x.reshape(heads, *self.around.shape, -1)
        of_words = x[:, :, : self.words].sum(1)
        flat = jnp.pad(x.reshape(heads, self.around.size, -1), ((0, 0), (0, 1), (0, 0)))
        of_picture = sum(flat[:, copy] for copy in self._copies)
        return jnp.concatenate([of_words, of_picture], 1)


@lru_cache(maxsize=16)
def tiles_of(window: Window) -> Tiles:
    """The tables for a window."""
    (height, width), words = window.grid, window.words
    rows, columns = min(ROWS, height), min(COLUMNS, width)
    up, aside = window.up, window.aside
    none = words + height * width
    top, left = np.arange(0, height, rows)[:, None], np.arange(0, width, columns)[:, None]

    def rectangles(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Tokens (tiles, some) in all pairs of rows (down, r) and columns (across, c)."""
        row, column = row[:, None, :, None], column[None, :, None, :]
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        tokens = np.where(inside, words + row * width + column, none)
        return tokens.reshape(tokens.shape[0] * tokens.shape[1], -1)

    own = rectangles(top + np.arange(rows), left + np.arange(columns))
    around = rectangles(top + np.arange(-up, rows), left + np.arange(-aside, columns + aside))
    own_row, own_column = np.divmod(np.arange(rows * columns)[:, None], columns)
    row, column = np.divmod(np.arange(around.shape[1]), columns + 2 * aside)
    row, column = row - up, column - aside
    near = (own_row - row <= up) & (np.abs(own_column - column) <= aside)
    attends = near & ((row < own_row) | ((row == own_row) & (column <= own_column)))
    attends = np.hstack([np.ones((rows * columns, words), bool), attends])
    around = np.hstack([np.broadcast_to(np.arange(words), (len(around), words)), around])
    return Tiles(
        words=words,
        own=own,
        around=around,
        mask_bias=np.where(attends, 0, MASKED).astype(np.float32),
        outside_bias=np.where(around < none, 0, MASKED).astype(np.float32),
        _own_places=_places(own, words, none)[0],
        _copies=_places(around, words, none),
    )


def _places(tokens: np.ndarray, first: int, end: int) -> np.ndarray:
    """Where each token from `first` to before `end` stands, int (most, end - first)."""
    order = np.argsort(tokens, axis=None, kind="stable")
    ranked = tokens.ravel()[order]
    begin = np.searchsorted(ranked, np.arange(first, end))
    after = np.searchsorted(ranked, np.arange(first, end), side="right")
    nth = begin + np.arange((after - begin).max())[:, None]
    return np.where(nth < after, order[np.minimum(nth, after - 1)], tokens.size)  # size: nowhere
