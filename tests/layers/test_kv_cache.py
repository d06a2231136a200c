"""Keys and values that are remembered."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers.kv_cache import SHORT, Cache

# Two where values are added up at once, two where in parts, and one that has no parts.
ROOMS = (64, SHORT, 784, 1024, 769)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def filled(keys, values):
    """A cache with nothing but these."""
    heads, d, room = keys.shape
    cache = Cache.empty(heads, d, values.shape[2], room)
    return cache.written(jnp.asarray(keys.swapaxes(1, 2)), jnp.asarray(values), jnp.array(0))


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_seen_is_the_mean_weighed_by_the_softmax(rng, room):
    keys, values = rng.standard_normal((8, 16, room)), rng.standard_normal((8, room, 24))
    q = rng.standard_normal((8, 16))
    view = np.where(np.arange(room) < room - 5, 0, -1e9)
    scores = np.einsum("hd,hdr->hr", q, keys) / 4 + view
    odds = np.exp(scores - scores.max(1, keepdims=True))
    odds /= odds.sum(1, keepdims=True)
    found = filled(keys, values).seen(jnp.asarray(q), jnp.asarray(view))
    np.testing.assert_allclose(found, np.einsum("hr,hrd->hd", odds, values), atol=1e-5)


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_head_sees_does_not_depend_on_the_others(rng, room):
    keys, values = rng.standard_normal((128, 32, room)), rng.standard_normal((128, room, 32))
    q, view = rng.standard_normal((128, 32)), np.zeros(room)
    seen = jax.jit(Cache.seen)
    many = seen(filled(keys, values), q, view)
    for heads in (1, 4, 8, 24):
        few = seen(filled(keys[:heads], values[:heads]), q[:heads], view)
        np.testing.assert_array_equal(few, many[:heads])
