"""A two-dimensional window: what lies near, above and to the left.

The token in row r and column c sees those that came before it in rows r-w … r and columns
c-w … c+w. So a token costs the window and not the picture, and so does what has to be remembered.
Words in front of the picture see the words before them, and every token of the picture sees all.

Source: Esser et al. 2021, "Taming Transformers for High-Resolution Image Synthesis",
https://arxiv.org/abs/2012.09841, section 3.2; there the window stays inside of the picture at its
edges, here it is cut off.
"""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from pixace.errors import ConfigError
from pixace.layers.causal_attention import MASKED


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
    def capacity(self) -> int:
        """Tokens to remember: the words, and of the picture as much as the window reaches back."""
        back = self.up * self.grid[1] + self.aside + 1
        return self.words + min(back, self.grid[0] * self.grid[1])

    def place(self, token: Int[Array, ""]) -> Int[Array, ""]:
        """Where a token is remembered: a new one takes the place of the oldest of the picture."""
        ring = self.capacity - self.words
        return jnp.where(token < self.words, token, self.words + (token - self.words) % ring)

    def tokens(self, latest: Int[Array, ""]) -> Int[Array, " capacity"]:
        """Which token each place holds once `latest` has come; -1 for none yet."""
        place = jnp.arange(self.capacity)
        behind = (latest - place) % (self.capacity - self.words)
        of_words = jnp.where(place <= latest, place, -1)
        of_picture = jnp.where(latest - behind >= self.words, latest - behind, -1)
        return jnp.where(place < self.words, of_words, of_picture)

    def mask_bias(self, index: Int[Array, ""]) -> Float[Array, " capacity"]:
        """What is added to the cache's scores: 0 for what `index` attends to, else `MASKED`."""
        token = self.tokens(index)
        width = self.grid[1]
        row, column = (token - self.words) // width, (token - self.words) % width
        own_row, own_column = (index - self.words) // width, (index - self.words) % width
        near = (own_row - row <= self.up) & (jnp.abs(own_column - column) <= self.aside)
        is_word = (token >= 0) & (token < self.words)
        return jnp.where(is_word | ((token >= self.words) & near), 0.0, MASKED)
