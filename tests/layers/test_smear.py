"""The smear: which neighbours a position gets, by brute force over the picture."""

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers.smear import NEIGHBOURS, Smear


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def by_hand(x, gates, grid, words):
    """Inputs (length, d), of which each is the token before its position."""
    out = x.copy()
    for row in range(grid[0]):
        for column in range(grid[1]):
            position = words + row * grid[1] + column
            for gate, (up, right) in zip(gates, NEIGHBOURS, strict=True):
                if row >= up and 0 <= column + right < grid[1]:
                    neighbour = words + (row - up) * grid[1] + column + right
                    out[position] += gate * x[neighbour + 1]
    return out


@pytest.mark.parametrize("words", [0, 3])
@pytest.mark.parametrize("grid", [(3, 5), (4, 2), (4, 1), (1, 6)], ids=str)
def test_a_position_gets_its_neighbours_and_never_itself_or_later(rng, grid, words):
    smear, length = Smear(grid, words), words + grid[0] * grid[1]
    x = rng.standard_normal((2, length, 3)).astype(np.float32)
    gates = jnp.asarray(rng.standard_normal((len(NEIGHBOURS), 3)), jnp.float32)
    padded = jnp.pad(jnp.asarray(x), ((0, 0), (smear.reach, 0), (0, 0)))
    whole = smear.smeared(padded, gates, jnp.asarray(0))
    for found, row in zip(whole, x, strict=True):
        np.testing.assert_allclose(found, by_hand(row, np.asarray(gates), grid, words), atol=1e-5)
    for begin in range(length):
        some = padded[:, begin : begin + smear.reach + 1]
        found = smear.smeared(some, gates, jnp.asarray(begin))
        np.testing.assert_allclose(found, whole[:, begin : begin + 1], atol=1e-6)
