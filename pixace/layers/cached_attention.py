"""Attention over whole sequences or a token at a time, to all tokens before or within a window."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from pixace.layers.causal_attention import MASKED, causal_attention
from pixace.layers.kv_cache import Cache
from pixace.layers.window import Window
from pixace.layers.window_attention import window_attention


def attention(
    q: Float[Array, "heads length d"],
    k: Float[Array, "heads length d"],
    v: Float[Array, "heads length d_v"],
    window: Window | None,
) -> Float[Array, "heads length d_v"]:
    """Of whole sequences: as `causal_attention`, or as `window_attention` with a window."""
    if window is None:
        return causal_attention(q, k, v)
    return window_attention(q, k, v, window)


def continued(
    q: Float[Array, "heads new d"],
    k: Float[Array, "heads new d"],
    v: Float[Array, "heads new d_v"],
    cache: Cache,
    index: Int[Array, ""],
    window: Window | None,
) -> tuple[Float[Array, "heads new d_v"], Cache]:
    """Of the next token, or of the first ones all at once; and the cache with them.

    Args:
      q: queries of the new tokens; `heads` counts those of all pictures.
      k: their keys.
      v: their values.
      cache: what is remembered of the tokens before.
      index: how many these are; 0 if there are several new ones.
      window: what a token attends to; None means all before it.
    """
    cache = written(cache, k, v, index, window)
    if q.shape[1] > 1:
        return attention(q, k, v, window), cache
    return cache.attend(q[:, 0], mask_bias(cache, index, window))[:, None], cache


def written(
    cache: Cache,
    k: Float[Array, "heads new d"],
    v: Float[Array, "heads new d_v"],
    index: Int[Array, ""],
    window: Window | None,
) -> Cache:
    """The cache with some more tokens; with a window, several only at the beginning."""
    if window is None:
        return cache.written(k, v, index)
    new = k.shape[1]
    if new == 1:
        return cache.written(k, v, window.place(index))
    tokens = jnp.clip(window.tokens(index + new - 1)[: cache.capacity], 0, new - 1)
    return cache.written(k[:, tokens], v[:, tokens], jnp.zeros((), jnp.int32))


def mask_bias(
    cache: Cache, index: Int[Array, ""], window: Window | None
) -> Float[Array, " capacity"]:
    """What is added to the scores of what is remembered, for the token at `index`."""
    if window is not None:
        return window.mask_bias(index)[: cache.capacity]
    return jnp.where(jnp.arange(cache.capacity) <= index, 0.0, MASKED)
