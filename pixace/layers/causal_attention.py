"""Causal attention over whole sequences, in memory that does not grow with their square.

On a CPU: some heads at a time, and of these a strip of queries at a time, so that the scores stay
in the cache; keys that are masked for a whole strip are never touched. The backward pass is written
by hand: it makes each strip again from the logarithm of its sum, and takes strips of keys instead,
so that every product finds its operands the way round that is fast.

On a GPU: the fused kernel of cuDNN where it takes the type, else XLA's.

Source: Dao et al. 2022, "FlashAttention", https://arxiv.org/abs/2205.14135, section 3, for keeping
the logarithm (their L) and not the scores. Gradients go by their names: `ds`, `dp` for dS and dP,
`delta` for their D, `d_out` for dO, `dq`, `dk`, `dv`; `exp_scores` are their P before division.
"""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pixace.layers.matmul import matmul_f32, on_cpu

MASKED = -1e9  # the score of what is masked, as in Trax
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
    out, log_sum = by_groups(_forward, _most(q), q, k, v)
    return out, (q, k, v, out, log_sum)


def _strips_backward(kept: Any, d_out: Array) -> tuple[Array, Array, Array]:
    q, k, v, out, log_sum = kept
    d_out = d_out.astype(v.dtype)
    delta = jnp.sum(out.astype(jnp.float32) * d_out.astype(jnp.float32), -1)
    # Transposed out here, as inside of the loop XLA would fold it into the product.
    k_transposed = k.swapaxes(1, 2)
    given = q, k, k_transposed, v, log_sum, delta, d_out
    dq, dk, dv = by_groups(_backward, _most(q), *given)
    return (
        dq.swapaxes(1, 2).astype(q.dtype),
        dk.astype(k.dtype),
        dv.astype(v.dtype),
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
    """The output, and the logarithm of the sum that each softmax divides by."""
    length = q.shape[1]
    outs, log_sums = [], []
    for start in range(0, length, _strip(length)):
        end = min(start + _strip(length), length)
        scores = matmul_f32(q[:, start:end], k[:, :end], (2, 2), batch=1) * scale(q)
        scores = jnp.where(_places(scores, 1) + start >= _places(scores, 2), scores, MASKED)
        most = scores.max(-1, keepdims=True)
        exp_scores = jnp.exp(scores - most).astype(v.dtype)
        total = exp_scores.sum(-1, keepdims=True, dtype=jnp.float32)
        outs.append((matmul_f32(exp_scores, v[:, :end], (2, 1), batch=1) / total).astype(v.dtype))
        log_sums.append((most + jnp.log(total))[..., 0])
    return jnp.concatenate(outs, 1), jnp.concatenate(log_sums, 1)


def _backward(
    q: Array, k: Array, k_transposed: Array, v: Array, log_sum: Array, delta: Array, d_out: Array
) -> tuple[Array, Array, Array]:
    """DQ (transposed), dK and dV; rows of a strip are keys, columns queries, so S is transposed."""
    length = q.shape[1]
    dq = jnp.zeros(k_transposed.shape, jnp.float32)
    dks, dvs = [], []
    for start in range(0, length, _strip(length)):
        here, after = slice(start, start + _strip(length)), slice(start, None)
        scores = matmul_f32(k[:, here], q[:, after], (2, 2), batch=1) * scale(q)
        scores = jnp.where(_places(scores, 1) <= _places(scores, 2), scores, MASKED)
        p = jnp.exp(scores - log_sum[:, None, after])
        dp = matmul_f32(v[:, here], d_out[:, after], (2, 2), batch=1)
        ds = (p * (dp - delta[:, None, after])).astype(q.dtype)
        dvs.append(matmul_f32(p.astype(v.dtype), d_out[:, after], (2, 1), batch=1))
        dks.append(matmul_f32(ds, q[:, after], (2, 1), batch=1))
        dq = dq.at[:, :, after].add(matmul_f32(k_transposed[:, :, here], ds, (2, 1), batch=1))
    dk = jnp.concatenate(dks, 1)
    return dq * scale(q), dk * scale(q), jnp.concatenate(dvs, 1)


def scale(q: Array) -> float:
    """What scores are multiplied by, so that they do not grow with the features."""
    return 1 / math.sqrt(q.shape[-1])


def _places(scores: Array, axis: int) -> Array:
    return jax.lax.broadcasted_iota(jnp.int32, scores.shape, axis)
