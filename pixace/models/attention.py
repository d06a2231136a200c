"""Causal attention with Trax's weights, over whole sequences and one token at a time.

Trax's own layers hold all odds at once, and when they take single tokens they fall short: one keeps
2048 of them whatever the length, the other remembers its *inputs*, so that each new token costs the
keys and values of all tokens before it. The layers here have the same weights, in the same places.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace import trax
from pixace.models.cache import Cache
from pixace.models.causal import HIDDEN, causal_attention
from pixace.models.dropout import dropped
from pixace.models.products import affine

ITSELF = 1e5  # how far Trax pushes down a token's view of itself


class CausalDots(trax.DotProductCausalAttention):
    """Attention to oneself and to what came before, per head.

    Takes queries, keys and values, each (batch * heads, length, d_head), and gives the same shape.
    Unlike Trax's it drops nothing out: the odds never exist all at once.
    """

    state: Any

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Has no weights; the state is the cache and its end."""
        if self._mode == "predict":
            q, _, v = input_signature
            cache = Cache.empty(q.shape[0], q.shape[2], v.shape[2], self._max_len)
            self.state = cache, jnp.zeros((), jnp.int32)

    def forward(self, inputs: tuple[Array, Array, Array]) -> Array:
        """Runs the layer; in predict mode on the next token, or on the first ones all at once."""
        q, k, v = inputs
        if self._mode != "predict":
            return causal_attention(q, k, v)
        cache, index = self.state
        cache = cache.written(k, v, index)
        self.state = cache, index + q.shape[1]
        if q.shape[1] > 1:
            return causal_attention(q, k, v)
        view = jnp.where(jnp.arange(cache.room) <= index, 0.0, HIDDEN)
        return cache.seen(q[:, 0], view)[:, None]


class FullAttention(trax.layers.Layer):
    """Trax's `SelfAttention` to all tokens before, with all heads at once and as `CausalDots`.

    Like that one it drops out none of the odds, only of what it gives.
    """

    def __init__(self, whole: Any):
        """Takes the layer whose weights and settings it has."""
        super().__init__()
        self._whole = whole

    @staticmethod
    def can_be(whole: Any) -> bool:
        """Whether a layer of Trax's does nothing else, but for the odds that it drops out."""
        return not (
            isinstance(whole, trax.LSHSelfAttention)
            or whole._share_qk
            or whole._masked
            or whole._chunk_len is not None
        )

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Draws weights as the whole layer does."""
        self.weights = self._whole.init(input_signature, self.rng)[0]

    def forward(self, x: Float[Array, "batch length d"]) -> Float[Array, "batch length d"]:
        """Runs the layer."""
        whole = self._whole
        seen = causal_attention(*_projected(x, whole, self.weights))
        out = _together(seen, whole, self.weights, len(x)).astype(x.dtype)
        return dropped(out, whole._output_dropout, self.rng)


class StepAttention(trax.layers.Layer):
    """Trax's `SelfAttention`, for one token at a time, with keys and values remembered.

    Also stands in for `LSHSelfAttention`: with the weights of that layer it looks at every token
    before, where the other looks only at those that fall into the same bucket.

    Source: Kitaev et al. 2020, "Reformer", https://arxiv.org/abs/2001.04451, section 2.
    """

    def __init__(self, whole: Any, length: int):
        """Takes the layer that sees whole sequences, and how long they are."""
        super().__init__()
        self._whole = whole
        self._length = length
        self._hashed = isinstance(whole, trax.LSHSelfAttention)

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Draws weights as the whole layer does; the state is the cache and its end."""
        whole = self._whole
        self.weights = whole.init(input_signature, self.rng)[0]
        heads = input_signature.shape[0] * whole._n_heads
        cache = Cache.empty(heads, whole._d_qk, whole._d_v, self._length)
        self.state = cache, jnp.zeros((), jnp.int32)

    def forward(self, x: Float[Array, "batch new d"]) -> Float[Array, "batch new d"]:
        """Runs the layer on the next token, or on the first ones all at once."""
        whole = self._whole
        cache, index = self.state
        q, k, v = _projected(x, whole, self.weights)
        cache = cache.written(k, v, index)
        new = x.shape[1]
        self.state = cache, index + new
        if new > 1 and FullAttention.can_be(whole):
            seen = causal_attention(q, k, v)
        else:
            places = index + jnp.arange(new)
            views = jax.vmap(lambda place: self._view(place, cache.room))(places)
            by_token = jax.lax.map(lambda one: cache.seen(*one), (q.swapaxes(0, 1), views))
            seen = by_token.swapaxes(0, 1)
        return _together(seen, whole, self.weights, len(x))

    def _view(self, index: Int[Array, ""], room: int) -> Float[Array, " room"]:
        """What is added to the scores: 0 for what is seen, much less for what is not."""
        whole = self._whole
        places = jnp.arange(room)
        view = jnp.where(places <= index, 0.0, HIDDEN)
        if whole._share_qk:
            view = jnp.where(places == index, view - ITSELF, view)
        if whole._chunk_len is None or self._hashed:
            return view
        # Chunks look around in a circle, so in a short picture one may be seen twice.
        chunks = self._length // whole._chunk_len
        offsets = np.arange(-whole._n_chunks_before, whole._n_chunks_after + 1)
        looked_at = (index // whole._chunk_len + offsets) % chunks
        times = jnp.sum(places // whole._chunk_len == looked_at[:, None], 0)
        return view + jnp.where(times > 0, jnp.log(jnp.maximum(times, 1)), HIDDEN)


def _projected(x: Array, whole: Any, weights: Any) -> tuple[Array, Array, Array]:
    """Queries, keys and values of all heads, each (batch * heads, length, d_head)."""
    batch, length, d_model = x.shape
    names = "qvo" if whole._share_qk else "qkvo"
    named = dict(zip(names, weights, strict=False))
    if whole._bias:
        named |= dict(zip(names[:-1].upper(), weights[len(names) :], strict=True))

    def project(name: str) -> Array:
        w = named[name]
        heads, _, d_head = w.shape
        flat = w.swapaxes(0, 1).reshape(d_model, heads * d_head)
        out = affine(x, flat, named[name.upper()].ravel() if whole._bias else None)
        by_head = out.reshape(batch, length, heads, d_head).swapaxes(1, 2)
        return by_head.reshape(batch * heads, length, d_head)

    q = project("q")
    if whole._share_qk:
        k = q / jnp.sqrt(jnp.mean(q**2, -1, keepdims=True) + 1e-6)
    else:
        k = project("k")
    return q, k, project("v")


def _together(seen: Array, whole: Any, weights: Any, batch: int) -> Array:
    """The heads' results, mixed into the features of each position."""
    o = weights[2 if whole._share_qk else 3]
    length, d_head = seen.shape[1:]
    by_place = seen.reshape(batch, -1, length, d_head).swapaxes(1, 2).reshape(batch, length, -1)
    return affine(by_place, o.reshape(-1, o.shape[-1]))
