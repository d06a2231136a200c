"""Attention within a window, tile by tile: all tiles of some heads at a time, there and back.

What is kept for the way back does not grow with the window: neither the scores nor the margins of
the tiles are, both are made again. See `causal` for the way back by hand, and `tiles`.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from pixace.layers.causal_attention import by_groups, causal_attention, scale
from pixace.layers.matmul import matmul_f32, on_cpu
from pixace.layers.window import Window
from pixace.layers.window_tiles import Tiles, tiles_of

SCORES = 5 << 18  # of some heads at a time, on a CPU: 5 MB were faster than less or more
SCORES_ELSEWHERE = 1 << 26  # 256 MB: a bound on memory, not on time


def window_attention(
    q: Float[Array, "heads length d"],
    k: Float[Array, "heads length d"],
    v: Float[Array, "heads length d_v"],
    window: Window,
) -> Float[Array, "heads length d_v"]:
    """Each position's mean of the values that it attends to, weighed by softmax(q k / sqrt(d)).

    Args:
      q: queries, float32 or bfloat16; `heads` counts those of all pictures.
      k: keys, of the same type.
      v: values, of the same type.
      window: what is attended to; `length` may be less than it has, if a picture is not whole yet.

    Returns:
      In the type of `v`; sums and softmax are done in float32.
    """
    words, length = window.words, q.shape[1]
    missing = words + math.prod(window.grid) - length
    q, k, v = (jnp.pad(each, ((0, 0), (0, missing), (0, 0))) for each in (q, k, v))
    out = _of_picture(tiles_of(window), q, k, v)
    if words:
        of_words = causal_attention(*(each[:, :words] for each in (q, k, v)))
        out = jnp.concatenate([of_words, out], 1)
    return out[:, :length]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _of_picture(tiles: Tiles, q: Array, k: Array, v: Array) -> Array:
    return by_groups(partial(_forward, tiles), _most(tiles), q, k, v)[0]


def _picture_forward(tiles: Tiles, q: Array, k: Array, v: Array) -> tuple[Array, Any]:
    out, log_sum = by_groups(partial(_forward, tiles), _most(tiles), q, k, v)
    return out, (q, k, v, out, log_sum)


def _picture_backward(tiles: Tiles, kept: Any, d_out: Array) -> tuple[Array, Array, Array]:
    q, k, v, out, log_sum = kept
    delta = jnp.sum(out.astype(jnp.float32) * d_out.astype(jnp.float32), -1, keepdims=True)
    given = q, k, v, log_sum, delta, d_out.astype(v.dtype)
    return by_groups(partial(_backward, tiles), _most(tiles), *given)


_of_picture.defvjp(_picture_forward, _picture_backward)


def _most(tiles: Tiles) -> int:
    """How many heads at a time."""
    scores = tiles.around.size * tiles.own.shape[1]
    return (SCORES if on_cpu() else SCORES_ELSEWHERE) // scores


def _forward(tiles: Tiles, q: Array, k: Array, v: Array) -> tuple[Array, Array]:
    """The picture's output, and the logarithm of the sum that each softmax divides by."""
    own = tiles.gathered(q, tiles.own)
    keys, values = tiles.gathered(k, tiles.around), tiles.gathered(v, tiles.around)
    outside_bias = jnp.tile(tiles.outside_bias, (len(q), 1))[:, None]
    scores = matmul_f32(own, keys, (2, 2), batch=1) * scale(q) + tiles.mask_bias + outside_bias
    most = scores.max(-1, keepdims=True)
    exp_scores = jnp.exp(scores - most).astype(v.dtype)
    total = exp_scores.sum(-1, keepdims=True, dtype=jnp.float32)
    out = (matmul_f32(exp_scores, values, (2, 1), batch=1) / total).astype(v.dtype)
    return tiles.in_order(out, len(q)), (most + jnp.log(total)).reshape(len(q), -1)


def _backward(
    tiles: Tiles, q: Array, k: Array, v: Array, log_sum: Array, delta: Array, d_out: Array
) -> tuple[Array, Array, Array]:
    """dQ, dK and dV; rows of a product are keys, columns queries."""
    heads, words = len(q), tiles.words
    own = tiles.gathered(q, tiles.own)
    d_out, delta = (tiles.gathered(x, tiles.own - words) for x in (d_out, delta))
    keys, values = tiles.gathered(k, tiles.around), tiles.gathered(v, tiles.around)
    outside_bias = jnp.tile(tiles.outside_bias, (heads, 1))[:, :, None]
    scores = matmul_f32(keys, own, (2, 2), batch=1) * scale(q) + tiles.mask_bias.T + outside_bias
    p = jnp.exp(scores - log_sum.reshape(-1, 1, own.shape[1]))
    dp = matmul_f32(values, d_out, (2, 2), batch=1)
    ds = (p * (dp - delta.swapaxes(1, 2))).astype(q.dtype)
    # Barriers, as XLA would fold a transposition into the product, which is slow or refused.
    transposed = jax.lax.optimization_barrier(keys.swapaxes(1, 2))
    dq = jax.lax.optimization_barrier(matmul_f32(transposed, ds, (2, 1), batch=1)).swapaxes(1, 2)
    dq = jnp.pad(tiles.in_order(dq, heads) * scale(q), ((0, 0), (words, 0), (0, 0)))
    dk = tiles.scattered(matmul_f32(ds, own, (2, 1), batch=1), heads) * scale(q)
    dv = tiles.scattered(matmul_f32(p.astype(v.dtype), d_out, (2, 1), batch=1), heads)
    return dq.astype(q.dtype), dk.astype(k.dtype), dv.astype(v.dtype)
