"""The chunked loss against all logits at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers import cross_entropy as kernel
from pixace.layers.cross_entropy import cross_entropy

TOKENS, WIDTH, VOCAB = 48, 16, 37


def plain(hidden, w, b, ids, weights):
    log_probabilities = jax.nn.log_softmax(hidden @ w + b)
    return -jnp.sum(jnp.take_along_axis(log_probabilities, ids[:, None], 1)[:, 0] * weights)


@pytest.fixture(params=[10**9, 8 * VOCAB, VOCAB], ids=["one chunk", "six chunks", "a token each"])
def chunk(request, monkeypatch):
    monkeypatch.setattr(kernel, "CHUNK", request.param)


@pytest.fixture
def given():
    keys = jax.random.split(jax.random.key(0), 5)
    hidden = jax.random.normal(keys[0], (TOKENS, WIDTH))
    w, b = jax.random.normal(keys[1], (WIDTH, VOCAB)), jax.random.normal(keys[2], (VOCAB,))
    ids = jax.random.randint(keys[3], (TOKENS,), 0, VOCAB)
    return hidden, w, b, ids, jax.random.uniform(keys[4], (TOKENS,)).at[3].set(0)


def test_same_loss_and_gradients_as_all_logits_at_once(chunk, given):
    hidden, w, b, *rest = given
    chunked = jax.value_and_grad(lambda *x: 3 * cross_entropy(*x, *rest, jnp.float32), (0, 1, 2))
    whole = jax.value_and_grad(lambda *x: 3 * plain(*x, *rest), (0, 1, 2))
    (loss, ours), (exact, obvious) = jax.jit(chunked)(hidden, w, b), whole(hidden, w, b)
    np.testing.assert_allclose(loss, exact, rtol=1e-6)
    np.testing.assert_allclose(cross_entropy(*given, jnp.float32), exact / 3, rtol=1e-6)
    for mine, his in zip(ours, obvious, strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-4)


def test_bfloat16_is_near_and_its_gradients_stay_float32(chunk, given):
    hidden, w, b, *rest = given
    gradient = jax.grad(lambda *x: cross_entropy(*x, *rest, jnp.bfloat16), (0, 1, 2))
    ours = jax.jit(gradient)(hidden, w, b)
    for mine, his in zip(
        ours, jax.grad(lambda *x: plain(*x, *rest), (0, 1, 2))(hidden, w, b), strict=True
    ):
        assert mine.dtype == jnp.float32
        assert jnp.linalg.norm(mine - his) < 0.03 * jnp.linalg.norm(his)


def test_never_all_logits_at_once():
    tokens, vocab = 4096, 4096
    shapes = [(tokens, 8), (8, vocab), (vocab,), (tokens,), (tokens,)]
    kinds = [np.float32, np.float32, np.float32, np.int32, np.float32]
    args = [jax.ShapeDtypeStruct(*each) for each in zip(shapes, kinds, strict=True)]
    gradient = jax.value_and_grad(lambda *x: cross_entropy(*x, jnp.float32), (0, 1, 2))
    found = jax.jit(gradient).lower(*args).compile().memory_analysis()
    assert found.temp_size_in_bytes < tokens * vocab * 4
