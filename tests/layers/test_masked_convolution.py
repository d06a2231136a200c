"""The masked convolution: which neighbours a position gets, by brute force over the picture."""

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers.masked_convolution import NEIGHBOURS, MaskedConvolution


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def by_hand(x, kernel, grid, words):
    """Inputs (length, d), of which each is the token before its position."""
    out = x.copy()
    for row in range(grid[0]):
        for column in range(grid[1]):
            position = words + row * grid[1] + column
            for own, (up, right) in zip(kernel, NEIGHBOURS, strict=True):
                if row >= up and 0 <= column + right < grid[1]:
                    neighbour = words + (row - up) * grid[1] + column + right
                    out[position] += x[neighbour + 1] @ own
    return out


@pytest.mark.parametrize("words", [0, 3])
@pytest.mark.parametrize("grid", [(3, 5), (4, 2), (4, 1), (1, 6)], ids=str)
def test_a_position_gets_its_neighbours_and_never_itself_or_later(rng, grid, words):
    layer, length = MaskedConvolution(grid, words), words + grid[0] * grid[1]
    x = rng.standard_normal((2, length, 3)).astype(np.float32)
    kernel = jnp.asarray(rng.standard_normal((len(NEIGHBOURS), 3, 3)), jnp.float32)
    padded = jnp.pad(jnp.asarray(x), ((0, 0), (layer.reach, 0), (0, 0)))
    whole = layer.added(padded, kernel, jnp.asarray(0))
    for found, row in zip(whole, x, strict=True):
        np.testing.assert_allclose(found, by_hand(row, np.asarray(kernel), grid, words), atol=1e-5)
    for begin in range(length):
        some = padded[:, begin : begin + layer.reach + 1]
        found = layer.added(some, kernel, jnp.asarray(begin))
        np.testing.assert_allclose(found, whole[:, begin : begin + 1], atol=1e-6)
