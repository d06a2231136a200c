"""Rotary positions: lengths stay, and products know only how far rows and columns lie apart."""

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers import rotary


def turned(x, row, column):
    turns = rotary.angles(np.array([row]), np.array([column]), len(x))
    return np.asarray(rotary.rotated(jnp.asarray(x[None, None], jnp.float32), turns))[0, 0]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 32])
def test_lengths_stay(rng, d):
    x = rng.standard_normal(d)
    found = turned(x, 5, 11)
    assert found.shape == (d,)
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(x), rtol=1e-5)


@pytest.mark.parametrize("d", [4, 7, 32])
def test_products_know_how_far_two_places_lie_apart_and_no_more(rng, d):
    q, k = rng.standard_normal((2, d))
    here = turned(q, 3, 4) @ turned(k, 1, 6)
    moved = turned(q, 13, 9) @ turned(k, 11, 11)
    np.testing.assert_allclose(here, moved, atol=1e-4)
    for row, column in ((2, 6), (1, 5), (5, 2)):
        assert abs(turned(q, 3, 4) @ turned(k, row, column) - here) > 1e-3


def test_pairs_turn_as_complex_numbers_do(rng):
    """Two pairs for rows and two for columns: speeds 1 and 0.1 radians a step each."""
    x = rng.standard_normal(8)
    speeds = np.array([1, 0.1, 1, 0.1])
    expected = (x[:4] + 1j * x[4:]) * np.exp(1j * speeds * [3, 3, 7, 7])
    np.testing.assert_allclose(turned(x, 3, 7), [*expected.real, *expected.imag], atol=1e-5)
