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
from pixace.layers.matmul import on_cpu, sums
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
    """Each position's mean of the values that it sees, weighed by softmax(q k / sqrt(d)).

    Args:
      q: queries, float32 or bfloat16; `heads` counts those of all pictures.
      k: keys, of the same type.
      v: values, of the same type.
      window: what is seen; `length` may be less than it has, if a picture is not whole yet.

    Returns:
      In the type of `v`; sums and softmax are done in float32.
    """
    words, length = window.words, q.shape[1]
    missing = words + math.prod(window.grid) - length
    q, k, v = (jnp.pad(each, ((0, 0), (0, missing), (0, 0))) for each in (q, k, v))
    seen = _of_picture(tiles_of(window), q, k, v)
    if words:
        of_words = causal_attention(*(each[:, :words] for each in (q, k, v)))
        seen = jnp.concatenate([of_words, seen], 1)
    return seen[:, :length]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _of_picture(tiles: Tiles, q: Array, k: Array, v: Array) -> Array:
    return by_groups(partial(_forward, tiles), _most(tiles), q, k, v)[0]


def _picture_forward(tiles: Tiles, q: Array, k: Array, v: Array) -> tuple[Array, Any]:
    seen, log_sum = by_groups(partial(_forward, tiles), _most(tiles), q, k, v)
    return seen, (q, k, v, seen, log_sum)


def _picture_backward(tiles: Tiles, kept: Any, slope: Array) -> tuple[Array, Array, Array]:
    q, k, v, seen, log_sum = kept
    shift = jnp.sum(seen.astype(jnp.float32) * slope.astype(jnp.float32), -1, keepdims=True)
    given = q, k, v, log_sum, shift, slope.astype(v.dtype)
    return by_groups(partial(_backward, tiles), _most(tiles), *given)


_of_picture.defvjp(_picture_forward, _picture_backward)


def _most(tiles: Tiles) -> int:
    """How many heads at a time."""
    scores = tiles.around.size * tiles.own.shape[1]
    return (SCORES if on_cpu() else SCORES_ELSEWHERE) // scores


def _forward(tiles: Tiles, q: Array, k: Array, v: Array) -> tuple[Array, Array]:
    """What the picture's tokens see, and the logarithm of the sum that each softmax divides by."""
    own = tiles.taken(q, tiles.own)
    keys, values = tiles.taken(k, tiles.around), tiles.taken(v, tiles.around)
    beyond = jnp.tile(tiles.beyond, (len(q), 1))[:, None]
    scores = sums(own, keys, (2, 2), batch=1) * scale(q) + tiles.hidden + beyond
    most = scores.max(-1, keepdims=True)
    odds = jnp.exp(scores - most).astype(v.dtype)
    total = odds.sum(-1, keepdims=True, dtype=jnp.float32)
    seen = (sums(odds, values, (2, 1), batch=1) / total).astype(v.dtype)
    return tiles.back(seen, len(q)), (most + jnp.log(total)).reshape(len(q), -1)


def _backward(
    tiles: Tiles, q: Array, k: Array, v: Array, log_sum: Array, shift: Array, slope: Array
) -> tuple[Array, Array, Array]:
    """Slopes of queries, keys and values; rows of a product are keys, columns queries."""
    heads, words = len(q), tiles.words
    own = tiles.taken(q, tiles.own)
    slope, shift = (tiles.taken(x, tiles.own - words) for x in (slope, shift))
    keys, values = tiles.taken(k, tiles.around), tiles.taken(v, tiles.around)
    beyond = jnp.tile(tiles.beyond, (heads, 1))[:, :, None]
    scores = sums(keys, own, (2, 2), batch=1) * scale(q) + tiles.hidden.T + beyond
    odds = jnp.exp(scores - log_sum.reshape(-1, 1, own.shape[1]))
    change = sums(values, slope, (2, 2), batch=1)
    pull = (odds * (change - shift.swapaxes(1, 2))).astype(q.dtype)
    # Barriers, as XLA would fold what is turned round into the product, which is slow or refused.
    turned = jax.lax.optimization_barrier(keys.swapaxes(1, 2))
    q_slope = jax.lax.optimization_barrier(sums(turned, pull, (2, 1), batch=1)).swapaxes(1, 2)
    q_slope = jnp.pad(tiles.back(q_slope, heads) * scale(q), ((0, 0), (words, 0), (0, 0)))
    k_slope = tiles.added(sums(pull, own, (2, 1), batch=1), heads) * scale(q)
    v_slope = tiles.added(sums(odds.astype(v.dtype), slope, (2, 1), batch=1), heads)
    return q_slope.astype(q.dtype), k_slope.astype(k.dtype), v_slope.astype(v.dtype)
