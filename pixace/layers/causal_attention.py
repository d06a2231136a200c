"""Causal attention over whole sequences, in memory that does not grow with their square.

On a CPU: some heads at a time, and of these a strip of queries at a time, so that the scores stay
in the cache; keys that a strip must not see are never touched. The backward pass is written by
hand: it makes each strip again from the logarithm of its sum, and takes strips of keys instead, so
that every product finds its operands the way round that is fast.

On a GPU: the fused kernel of cuDNN where it takes the type, else XLA's.

Source: Dao et al. 2022, "FlashAttention", https://arxiv.org/abs/2205.14135, section 3, for keeping
the logarithm and not the scores.
"""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pixace.layers.matmul import on_cpu, sums

HIDDEN = -1e9  # the score of what must not be seen, as in Trax
STRIP = 128  # queries (or keys) of a strip; more in long sequences, whose programs would grow
STRIPS = 16
SCORES = 1 << 19  # scores of a strip over all its heads: 2 MB, about what two cores keep at hand


def causal_attention(
    q: Float[Array, "heads length d"],
    k: Float[Array, "heads length d"],
    v: Float[Array, "heads length d_v"],
) -> Float[Array, "heads length d_v"]:
    """Each position's mean of the values up to its own, weighed by softmax(q k / sqrt(d)).

    Args:
      q: queries, float32 or bfloat16; `heads` counts those of all pictures.
      k: keys, of the same type.
      v: values, of the same type.

    Returns:
      In the type of `v`; sums and softmax are done in float32.
    """
    return _strips(q, k, v) if on_cpu() else _fused(q, k, v)


def _fused(q: Array, k: Array, v: Array) -> Array:
    """One head in each picture, as far as the kernel knows."""
    q, k, v = (each[:, :, None] for each in (q, k, v))
    has_cudnn = q.dtype == jnp.bfloat16 and jax.default_backend() == "gpu"
    kernel: Literal["cudnn"] | None = "cudnn" if has_cudnn else None
    return jax.nn.dot_product_attention(q, k, v, is_causal=True, implementation=kernel)[:, :, 0]


@jax.custom_vjp
def _strips(q: Array, k: Array, v: Array) -> Array:
    return by_groups(_forward, _most(q), q, k, v)[0]


def _strips_forward(q: Array, k: Array, v: Array) -> tuple[Array, Any]:
    seen, log_sum = by_groups(_forward, _most(q), q, k, v)
    return seen, (q, k, v, seen, log_sum)


def _strips_backward(kept: Any, slope: Array) -> tuple[Array, Array, Array]:
    q, k, v, seen, log_sum = kept
    slope = slope.astype(v.dtype)
    shift = jnp.sum(seen.astype(jnp.float32) * slope.astype(jnp.float32), -1)
    # Turned out here, as inside of the loop XLA would fold it into the product.
    turned = k.swapaxes(1, 2)
    given = q, k, turned, v, log_sum, shift, slope
    q_slope, k_slope, v_slope = by_groups(_backward, _most(q), *given)
    return (
        q_slope.swapaxes(1, 2).astype(q.dtype),
        k_slope.astype(k.dtype),
        v_slope.astype(v.dtype),
    )


_strips.defvjp(_strips_forward, _strips_backward)


def by_groups(run: Any, most: int, *arrays: Array) -> Any:
    """Runs `most` heads at a time, or fewer, one group after the other."""
    heads = len(arrays[0])
    group = max(size for size in range(1, max(1, min(most, heads)) + 1) if heads % size == 0)
    if group == heads:
        return run(*arrays)
    grouped = [each.reshape(heads // group, group, *each.shape[1:]) for each in arrays]
    done = jax.lax.map(lambda some: run(*some), tuple(grouped))
    return jax.tree.map(lambda each: each.reshape(heads, *each.shape[2:]), done)


def _most(q: Array) -> int:
    """How many heads have room in the cache."""
    return SCORES // (_strip(q.shape[1]) * q.shape[1])


def _strip(length: int) -> int:
    return max(STRIP, -(-length // STRIPS))


def _forward(q: Array, k: Array, v: Array) -> tuple[Array, Array]:
    """What each position sees, and the logarithm of the sum that its softmax divides by."""
    length = q.shape[1]
    seen, log_sums = [], []
    for start in range(0, length, _strip(length)):
        end = min(start + _strip(length), length)
        scores = sums(q[:, start:end], k[:, :end], (2, 2), batch=1) * scale(q)
        scores = jnp.where(_places(scores, 1) + start >= _places(scores, 2), scores, HIDDEN)
        most = scores.max(-1, keepdims=True)
        odds = jnp.exp(scores - most).astype(v.dtype)
        total = odds.sum(-1, keepdims=True, dtype=jnp.float32)
        seen.append((sums(odds, v[:, :end], (2, 1), batch=1) / total).astype(v.dtype))
        log_sums.append((most + jnp.log(total))[..., 0])
    return jnp.concatenate(seen, 1), jnp.concatenate(log_sums, 1)


def _backward(
    q: Array, k: Array, k_turned: Array, v: Array, log_sum: Array, shift: Array, slope: Array
) -> tuple[Array, Array, Array]:
    """Slopes of queries (turned), keys and values; rows of a strip are keys, columns queries."""
    length = q.shape[1]
    q_slope = jnp.zeros(k_turned.shape, jnp.float32)
    k_slopes, v_slopes = [], []
    for start in range(0, length, _strip(length)):
        here, after = slice(start, start + _strip(length)), slice(start, None)
        scores = sums(k[:, here], q[:, after], (2, 2), batch=1) * scale(q)
        scores = jnp.where(_places(scores, 1) <= _places(scores, 2), scores, HIDDEN)
        odds = jnp.exp(scores - log_sum[:, None, after])
        change = sums(v[:, here], slope[:, after], (2, 2), batch=1)
        pull = (odds * (change - shift[:, None, after])).astype(q.dtype)
        v_slopes.append(sums(odds.astype(v.dtype), slope[:, after], (2, 1), batch=1))
        k_slopes.append(sums(pull, q[:, after], (2, 1), batch=1))
        q_slope = q_slope.at[:, :, after].add(sums(k_turned[:, :, here], pull, (2, 1), batch=1))
    k_slope = jnp.concatenate(k_slopes, 1)
    return q_slope * scale(q), k_slope * scale(q), jnp.concatenate(v_slopes, 1)


def scale(q: Array) -> float:
    """What scores are multiplied by, so that they do not grow with the features."""
    return 1 / math.sqrt(q.shape[-1])


def _places(scores: Array, axis: int) -> Array:
    return jax.lax.broadcasted_iota(jnp.int32, scores.shape, axis)
