"""Causal attention with Trax's weights, over whole sequences and one token at a time.

Trax's own layers hold all probabilities at once, and when they take single tokens they fall short:
one keeps 2048 of them whatever the length, the other remembers its *inputs*, so that each new token
costs the keys and values of all tokens before it. The layers here have the same weights, in the
same places.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.layers import trax_bridge
from pixace.layers.cached_attention import attention, continued, mask_bias, written
from pixace.layers.causal_attention import MASKED
from pixace.layers.dropout import dropped
from pixace.layers.kv_cache import Cache
from pixace.layers.matmul import affine
from pixace.layers.window import Window

ITSELF = 1e5  # how far Trax pushes down a token's score for itself


class CausalDots(trax_bridge.DotProductCausalAttention):
    """Attention to oneself and to what came before, per head.

    Takes queries, keys and values, each (batch * heads, length, d_head), and gives the same shape.
    Unlike Trax's it drops nothing out: the probabilities never exist all at once.
    """

    state: Any

    def __init__(self, dropout: float, length: int, mode: str, window: Window | None = None):
        """Takes what Trax's layer does, and what is attended to; None means all before."""
        super().__init__(dropout, length, mode)
        self._window = window

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Has no weights; the state is the cache and its end."""
        if self._mode == "predict":
            q, _, v = input_signature
            capacity = self._window.capacity if self._window else self._max_len
            cache = Cache.empty(q.shape[0], q.shape[2], v.shape[2], capacity)
            self.state = cache, jnp.zeros((), jnp.int32)

    def forward(self, inputs: tuple[Array, Array, Array]) -> Array:
        """Of the next token in predict mode, or of the first ones all at once; else of all."""
        q, k, v = inputs
        if self._mode != "predict":
            return attention(q, k, v, self._window)
        cache, index = self.state
        out, cache = continued(q, k, v, cache, index, self._window)
        self.state = cache, index + q.shape[1]
        return out


class FullAttention(trax_bridge.layers.Layer):
    """Trax's `SelfAttention` to all tokens before, with all heads at once and as `CausalDots`.

    Like that one it drops out none of the probabilities, only of what it gives.
    """

    def __init__(self, whole: Any, window: Window | None = None):
        """Takes the layer whose weights and settings it has, and what is attended to."""
        super().__init__()
        self._whole = whole
        self._window = window

    @staticmethod
    def can_be(whole: Any) -> bool:
        """Whether a layer of Trax's does nothing else, but for the probabilities it drops out."""
        return not (
            isinstance(whole, trax_bridge.LSHSelfAttention)
            or whole._share_qk
            or whole._masked
            or whole._chunk_len is not None
        )

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Draws weights as the whole layer does."""
        self.weights = self._whole.init(input_signature, self.rng)[0]

    def forward(self, x: Float[Array, "batch length d"]) -> Float[Array, "batch length d"]:
        """What each token takes from those that it attends to."""
        whole = self._whole
        out = attention(*_projected(x, whole, self.weights), self._window)
        out = merge_heads(out, whole, self.weights, len(x)).astype(x.dtype)
        return dropped(out, whole._output_dropout, self.rng)

    def forward_and_or_backward(self, *given: Any, **named: Any) -> Any:
        """Both passes at once, as Trax has them; a method, so that a copy of the layer runs itself.

        Trax would keep a function that knows the layer it was made for, whoever copied that.
        """
        return trax_bridge.forward_and_or_backward(self)(*given, **named)


class StepAttention(trax_bridge.layers.Layer):
    """Trax's `SelfAttention`, for one token at a time, with keys and values remembered.

    Also stands in for `LSHSelfAttention`: with the weights of that layer it looks at every token
    before, where the other looks only at those that fall into the same bucket.

    Source: Kitaev et al. 2020, "Reformer", https://arxiv.org/abs/2001.04451, section 2.
    """

    def __init__(self, whole: Any, length: int, window: Window | None = None):
        """Takes the layer for whole sequences, how long they are, and what is attended to."""
        super().__init__()
        self._whole = whole
        self._length = length
        self._window = window
        self._hashed = isinstance(whole, trax_bridge.LSHSelfAttention)

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Draws weights as the whole layer does; the state is the cache and its end."""
        whole = self._whole
        self.weights = whole.init(input_signature, self.rng)[0]
        heads = input_signature.shape[0] * whole._n_heads
        capacity = self._window.capacity if self._window else self._length
        cache = Cache.empty(heads, whole._d_qk, whole._d_v, capacity)
        self.state = cache, jnp.zeros((), jnp.int32)

    def forward(self, x: Float[Array, "batch new d"]) -> Float[Array, "batch new d"]:
        """Of the next token, or of the first ones all at once."""
        whole = self._whole
        cache, index = self.state
        q, k, v = _projected(x, whole, self.weights)
        cache = written(cache, k, v, index, self._window)
        new = x.shape[1]
        self.state = cache, index + new
        if new > 1 and FullAttention.can_be(whole):
            out = attention(q, k, v, self._window)
        else:
            places = index + jnp.arange(new)
            biases = jax.vmap(lambda place: self._bias(cache, place))(places)
            by_token = jax.lax.map(lambda one: cache.attend(*one), (q.swapaxes(0, 1), biases))
            out = by_token.swapaxes(0, 1)
        return merge_heads(out, whole, self.weights, len(x))

    def _bias(self, cache: Cache, index: Int[Array, ""]) -> Float[Array, " capacity"]:
        """What is added to the scores: 0 for what is attended to, else much less."""
        whole = self._whole
        places = jnp.arange(cache.capacity)
        bias = mask_bias(cache, index, self._window)
        if whole._share_qk:
            bias = jnp.where(places == index, bias - ITSELF, bias)
        if whole._chunk_len is None or self._hashed:
            return bias
        # Chunks look around in a circle, so in a short picture one may count twice.
        chunks = self._length // whole._chunk_len
        offsets = np.arange(-whole._n_chunks_before, whole._n_chunks_after + 1)
        looked_at = (index // whole._chunk_len + offsets) % chunks
        times = jnp.sum(places // whole._chunk_len == looked_at[:, None], 0)
        return bias + jnp.where(times > 0, jnp.log(jnp.maximum(times, 1)), MASKED)


def projections(layer: Any) -> list[str]:
    """Names of the weights of an attention with its projections inside, in Trax's order.

    Empty for all other layers.
    """
    whole = getattr(layer, "_whole", layer)
    if not hasattr(whole, "_share_qk"):
        return []
    roles = ["query", "value"] if whole._share_qk else ["query", "key", "value"]
    biases = [f"{role}/bias" for role in roles] if whole._bias else []
    return [f"{role}/kernel" for role in (*roles, "output")] + biases


def _projected(x: Array, whole: Any, weights: Any) -> tuple[Array, Array, Array]:
    """Queries, keys and values of all heads, each (batch * heads, length, d_head)."""
    batch, length, d_model = x.shape
    named = dict(zip(projections(whole), weights, strict=True))

    def project(role: str) -> Array:
        w, b = named[f"{role}/kernel"], named.get(f"{role}/bias")
        heads, _, d_head = w.shape
        flat = w.swapaxes(0, 1).reshape(d_model, heads * d_head)
        out = affine(x, flat, None if b is None else b.ravel())
        by_head = out.reshape(batch, length, heads, d_head).swapaxes(1, 2)
        return by_head.reshape(batch * heads, length, d_head)

    q = project("query")
    if whole._share_qk:
        k = q / jnp.sqrt(jnp.mean(q**2, -1, keepdims=True) + 1e-6)
    else:
        k = project("key")
    return q, k, project("value")


def merge_heads(out: Array, whole: Any, weights: Any, batch: int) -> Array:
    """The heads' results, mixed into the features of each position."""
    o = weights[projections(whole).index("output/kernel")]
    length, d_head = out.shape[1:]
    by_place = out.reshape(batch, -1, length, d_head).swapaxes(1, 2).reshape(batch, length, -1)
    return affine(by_place, o.reshape(-1, o.shape[-1]))
