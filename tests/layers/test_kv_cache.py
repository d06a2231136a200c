"""Keys and values that are remembered."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers.kv_cache import SHORT, Cache

# Two where values are added up at once, two where in parts, and one that has no parts.
CAPACITIES = (64, SHORT, 784, 1024, 769)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def filled(keys, values):
    """A cache with nothing but these."""
    heads, d, capacity = keys.shape
    cache = Cache.empty(heads, d, values.shape[2], capacity)
    return cache.written(jnp.asarray(keys.swapaxes(1, 2)), jnp.asarray(values), jnp.array(0))


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_what_is_seen_is_the_mean_weighed_by_the_softmax(rng, capacity):
    keys, values = rng.standard_normal((8, 16, capacity)), rng.standard_normal((8, capacity, 24))
    q = rng.standard_normal((8, 16))
    bias = np.where(np.arange(capacity) < capacity - 5, 0, -1e9)
    scores = np.einsum("hd,hdr->hr", q, keys) / 4 + bias
    probabilities = np.exp(scores - scores.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    found = filled(keys, values).attend(jnp.asarray(q), jnp.asarray(bias))
    np.testing.assert_allclose(found, np.einsum("hr,hrd->hd", probabilities, values), atol=1e-5)


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_what_a_head_sees_does_not_depend_on_the_others(rng, capacity):
    keys, values = (
        rng.standard_normal((128, 32, capacity)),
        rng.standard_normal((128, capacity, 32)),
    )
    q, bias = rng.standard_normal((128, 32)), np.zeros(capacity)
    attend = jax.jit(Cache.attend)
    many = attend(filled(keys, values), q, bias)
    for heads in (1, 4, 8, 24):
        few = attend(filled(keys[:heads], values[:heads]), q[:heads], bias)
        np.testing.assert_array_equal(few, many[:heads])
