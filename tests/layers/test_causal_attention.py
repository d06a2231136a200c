"""Blocked attention against the obvious way: same numbers, same gradients, no leak."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.layers import causal_attention as kernel
from pixace.layers.causal_attention import causal_attention

# One strip; several; a last strip that is shorter; more heads than a group takes.
SHAPES = [(2, 21, 4), (3, 256, 8), (2, 300, 8), (40, 257, 4)]


def plain(q, k, v):
    scores = jnp.einsum("hqd,hkd->hqk", q, k) / np.sqrt(q.shape[-1])
    seen = jnp.tril(jnp.ones(scores.shape[1:], bool))
    return jax.nn.softmax(jnp.where(seen, scores, -1e9)) @ v


def drawn(shape, dtype=jnp.float32):
    keys = jax.random.split(jax.random.key(0), 4)
    return [2 * jax.random.normal(key, shape).astype(dtype) for key in keys]


def gradients(attention, q, k, v, out):
    return jax.jit(jax.grad(lambda *qkv: jnp.sum(attention(*qkv) * out), (0, 1, 2)))(q, k, v)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_as_the_obvious_way(shape):
    q, k, v, out = drawn(shape)
    np.testing.assert_allclose(jax.jit(causal_attention)(q, k, v), plain(q, k, v), atol=1e-5)
    ours, obvious = gradients(causal_attention, q, k, v, out), gradients(plain, q, k, v, out)
    for mine, his in zip(ours, obvious, strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bfloat16_is_near(shape):
    whole = drawn(shape)
    rounded = [each.astype(jnp.bfloat16) for each in whole]
    seen = jax.jit(causal_attention)(*rounded[:3])
    assert seen.dtype == jnp.bfloat16
    exact = plain(*(each.astype(jnp.float32) for each in rounded[:3]))
    np.testing.assert_allclose(seen.astype(jnp.float32), exact, atol=0.05)
    for mine, his in zip(
        gradients(causal_attention, *rounded), gradients(plain, *whole), strict=True
    ):
        assert mine.dtype == jnp.bfloat16
        far = jnp.linalg.norm(mine.astype(jnp.float32) - his) / jnp.linalg.norm(his)
        assert far < 0.03


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_position_sees_a_later_one(shape):
    q, k, v, _ = drawn(shape)
    place = shape[1] // 2
    k2, v2 = (each.at[:, place:].add(1.0) for each in (k, v))
    before, after = causal_attention(q, k, v), causal_attention(q, k2, v2)
    np.testing.assert_array_equal(before[:, :place], after[:, :place])
    assert (np.abs(before[:, place:] - after[:, place:]).max(axis=(0, 2)) > 0).all()


def test_the_kernel_of_other_devices_says_the_same(monkeypatch):
    q, k, v, out = drawn(SHAPES[1])
    monkeypatch.setattr(kernel, "on_cpu", lambda: False)
    np.testing.assert_allclose(causal_attention(q, k, v), plain(q, k, v), atol=1e-5)
    ours, obvious = gradients(causal_attention, q, k, v, out), gradients(plain, q, k, v, out)
    for mine, his in zip(ours, obvious, strict=True):
        np.testing.assert_allclose(mine, his, atol=1e-4)


def test_memory_grows_with_the_length_and_not_with_its_square():
    def temporaries(length):
        args = [jax.ShapeDtypeStruct((8, length, 8), jnp.float32)] * 3
        gradient = jax.grad(lambda *qkv: jnp.sum(causal_attention(*qkv) ** 2), (0, 1, 2))
        return jax.jit(gradient).lower(*args).compile().memory_analysis().temp_size_in_bytes

    # Four times the length: four times the rows; the scores alone would be sixteen times as many.
    assert temporaries(2048) < 6 * temporaries(512)
