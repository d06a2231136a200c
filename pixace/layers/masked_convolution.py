"""A masked convolution in front of the blocks: a position also gets what its neighbours were.

A position's own input is the token before it, mostly its left neighbour. Those above, which
attention would first have to find, come with it, each through a map of its own.

Source: van den Oord et al. 2016, "Pixel recurrent neural networks", whose first layer is one.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.layers.matmul import affine

# Rows above and columns to the right of the position that is to be guessed.
NEIGHBOURS = ((0, -2), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True)
class MaskedConvolution:
    """Which inputs a position gets besides its own.

    Attributes:
      grid: (rows, columns) of the picture, in the order in which they come.
      words: tokens in front of the picture, which get none and are none.
    """

    grid: tuple[int, int]
    words: int = 0

    @property
    def reach(self) -> int:
        """How many inputs before its own a position may need."""
        return self.grid[1]

    @property
    def _back(self) -> list[int]:
        """How many inputs before its own each neighbour is; its own is one token back."""
        return [up * self.grid[1] - right - 1 for up, right in NEIGHBOURS]

    @property
    def _inside(self) -> Float[np.ndarray, "length neighbours"]:
        """1 where a position of the row has the neighbour, else 0; float32."""
        row, column = np.indices(self.grid).reshape(2, -1, 1)
        up, right = np.array(NEIGHBOURS).T
        inside = (row >= up) & (column + right >= 0) & (column + right < self.grid[1])
        return np.pad(inside.astype(np.float32), ((self.words, 0), (0, 0)))

    def added(
        self,
        x: Float[Array, "batch more d"],
        kernel: Float[Array, "neighbours d d"],
        begin: Int[Array, ""],
    ) -> Float[Array, "batch new d"]:
        """Inputs with those of the neighbours added.

        Args:
          x: embeddings of the inputs from `begin` on, behind those of the `reach` before them.
          kernel: by which a neighbour's features are multiplied, of the type of the product.
          begin: the position of the first.
        """
        new = x.shape[1] - self.reach
        inside = jax.lax.dynamic_slice_in_dim(jnp.asarray(self._inside), begin, new)
        # Pictures of one column have no neighbour at less than one token back.
        starts = [self.reach - max(0, back) for back in self._back]
        around = [
            inside[:, number, None] * x[:, start : start + new]
            for number, start in enumerate(starts)
        ]
        flat = jnp.concatenate(around, -1)
        return x[:, self.reach :] + affine(flat, kernel.reshape(flat.shape[-1], -1))
