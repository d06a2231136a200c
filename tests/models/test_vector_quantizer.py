"""Codes: the nearest one, the gradient past them, how they move, and that none stays dead."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixace.models import vector_quantizer
from pixace.models.vector_quantizer import Codes

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**31))


def drawn(cells, codes, dim, seed):
    """Features and codes."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(cells, dim)).astype(np.float32),
        rng.normal(size=(codes, dim)).astype(np.float32),
    )


@settings(max_examples=30)
@given(SIZES)
def test_the_nearest_code_is_the_one_that_brute_force_finds(sizes):
    features, vectors = drawn(*sizes)
    chosen = np.asarray(vector_quantizer.nearest(jnp.asarray(vectors), jnp.asarray(features)))
    distances = np.square(features[:, None].astype(float) - vectors).sum(-1)
    here = np.take_along_axis(distances, chosen[:, None], 1)[:, 0]
    np.testing.assert_allclose(here, distances.min(1), atol=1e-5)


def test_of_equal_codes_the_first_is_chosen():
    vectors = jnp.array([[3.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert vector_quantizer.nearest(vectors, jnp.array([[1.0, 0.9]])).tolist() == [1]


def test_features_of_any_leading_shape_are_quantised():
    features, vectors = map(jnp.asarray, drawn(24, 5, 3, 0))
    grid = vector_quantizer.nearest(vectors, features.reshape(2, 3, 4, 3))
    assert grid.shape == (2, 3, 4)
    assert grid.ravel().tolist() == vector_quantizer.nearest(vectors, features).tolist()


def test_the_gradient_goes_straight_through():
    """To the features as if nothing was done; to the codes not at all."""
    features, quantised, weights = (jnp.asarray(drawn(6, 6, 4, seed)[0]) for seed in (0, 1, 2))

    def loss(features, quantised):
        through = vector_quantizer.straight_through(features, quantised)
        return (weights * through).sum(), through

    (one, two), through = jax.grad(loss, (0, 1), has_aux=True)(features, quantised)
    np.testing.assert_allclose(through, quantised, rtol=1e-6)
    np.testing.assert_array_equal(one, weights)
    np.testing.assert_array_equal(two, jnp.zeros_like(quantised))


@settings(max_examples=20)
@given(SIZES, st.floats(0, 0.999))
def test_averages_move_by_the_formula(sizes, decay):
    features, vectors = drawn(*sizes)
    rng = np.random.default_rng(sizes[-1])
    counts = rng.uniform(0, 5, len(vectors)).astype(np.float32)
    sums = rng.normal(size=vectors.shape).astype(np.float32)
    ids = rng.integers(0, len(vectors), len(features), np.int32)
    codes = Codes(*map(jnp.asarray, (vectors, counts, sums)))
    moved = vector_quantizer.counted(codes, jnp.asarray(features), jnp.asarray(ids), decay)
    for code in range(len(vectors)):
        mine = features[ids == code].astype(float)
        assert moved.counts[code] == pytest.approx(
            decay * counts[code] + (1 - decay) * len(mine), rel=1e-4, abs=1e-4
        )
        np.testing.assert_allclose(
            moved.sums[code], decay * sums[code] + (1 - decay) * mine.sum(0), atol=1e-4
        )
    np.testing.assert_array_equal(moved.vectors, vectors)


def test_an_average_is_the_mean_of_what_chose_the_code():
    """After many batches of the same features, whatever the code was before."""
    features, vectors = map(jnp.asarray, drawn(60, 3, 4, 5))
    ids = jnp.arange(60) % 3
    codes = Codes(vectors, jnp.zeros(3), jnp.zeros((3, 4)))
    for _ in range(200):
        codes = vector_quantizer.averaged(vector_quantizer.counted(codes, features, ids, 0.9))
    for code in range(3):
        np.testing.assert_allclose(codes.vectors[code], features[ids == code].mean(0), atol=1e-4)


@settings(max_examples=20)
@given(SIZES)
def test_after_revival_no_code_is_dead_and_the_living_are_as_they_were(sizes):
    features, vectors = drawn(*sizes)
    rng = np.random.default_rng(sizes[-1])
    counts = rng.uniform(0, 1, len(vectors)).astype(np.float32)
    dead = counts < 0.5
    weights = rng.uniform(0, 1, len(features)).astype(np.float32)
    codes = Codes(*map(jnp.asarray, (vectors, counts, vectors)))
    given = map(jnp.asarray, (features, weights, dead))
    after = vector_quantizer.revived(codes, *given, 1.5, jax.random.key(sizes[-1]))
    assert (np.asarray(after.counts) >= 0.5).all()
    np.testing.assert_array_equal(np.asarray(after.vectors)[~dead], vectors[~dead])
    revived = {row.tobytes() for row in np.asarray(after.vectors)[dead]}
    assert revived <= {row.tobytes() for row in features}
    assert len(revived) == min(dead.sum(), len(features)), "different ones, as far as they suffice"
    np.testing.assert_allclose(
        np.asarray(after.sums)[dead], 1.5 * np.asarray(after.vectors)[dead], rtol=1e-6
    )


def test_codes_are_revived_where_they_are_missed():
    """8 features are far from any code, 100 lie on one: all that is revived goes to the 8."""
    features = jnp.concatenate([jnp.zeros((100, 2)), 5.0 + jnp.arange(16.0).reshape(8, 2)])
    far = jnp.square(features).sum(-1)
    dead = jnp.array([False] + [True] * 8)
    codes = vector_quantizer.empty(9, 2)
    after = vector_quantizer.revived(codes, features, far, dead, 1.0, jax.random.key(0))
    assert np.asarray(after.vectors)[1:].min() >= 5


def test_perplexity_counts_codes_that_are_used_alike():
    assert float(vector_quantizer.perplexity(jnp.array([5.0, 5, 5, 5]))) == pytest.approx(4)
    assert float(vector_quantizer.perplexity(jnp.array([7.0, 0, 0, 0]))) == pytest.approx(1)
