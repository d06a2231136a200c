"""Causal attention with Trax's weights: in the type of the weights, and one token at a time.

Trax's own layers fall short in two places. `DotProductCausalAttention` turns everything behind it
to float32, so a model in bfloat16 gains nothing; and `SelfAttention` remembers its *inputs*, so
that each new token costs the keys and values of all tokens before it. The layers here have the
same weights, in the same places, and give the same numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace import trax
from pixace.models.causal import causal_attention
from pixace.models.dropout import dropped
from pixace.models.products import affine

# How far Trax pushes down what must not be seen, and a token's view of itself.
HIDDEN, ITSELF = 1e9, 1e5


class CausalDots(trax.DotProductCausalAttention):
    """Attention to oneself and to what came before, per head.

    Takes queries, keys and values, each (batch * heads, length, d_head), and gives the same shape.
    Unlike Trax's it drops nothing out: the odds never exist all at once.
    """

    state: Any

    def forward(self, inputs: tuple[Array, Array, Array]) -> Array:
        """Runs the layer; in predict mode on one token, with the cache in `state`."""
        q, k, v = inputs
        if self._mode != "predict":
            return causal_attention(q, k, v)
        keys, values, index = self.state
        k = jax.lax.dynamic_update_slice_in_dim(keys, k.astype(keys.dtype), index, 1)
        v = jax.lax.dynamic_update_slice_in_dim(values, v.astype(values.dtype), index, 1)
        self.state = k, v, index + 1
        scores = jnp.einsum("bqd,bkd->bqk", q, k, preferred_element_type=jnp.float32)
        seen = jnp.arange(k.shape[1]) <= index
        odds = jax.nn.softmax(jnp.where(seen, scores / np.sqrt(q.shape[-1]), -HIDDEN))
        return jnp.einsum("bqk,bkd->bqd", odds.astype(v.dtype), v)


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
        batch, length, d_model = x.shape
        whole = self._whole
        q, k, v, o, *biases = self.weights
        parts = []
        for w, bias in zip((q, k, v), biases or (None, None, None), strict=True):
            heads, _, d_head = w.shape
            together = w.swapaxes(0, 1).reshape(d_model, heads * d_head)
            flat = affine(x, together, None if bias is None else bias.ravel())
            part = flat.reshape(batch, length, heads, d_head).swapaxes(1, 2)
            parts.append(part.reshape(batch * heads, length, d_head))
        seen = causal_attention(*parts).reshape(batch, whole._n_heads, length, whole._d_v)
        together = seen.swapaxes(1, 2).reshape(batch, length, -1)
        out = affine(together, o.reshape(-1, d_model)).astype(x.dtype)
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
        heads = (input_signature.shape[0], whole._n_heads, self._length)
        self.state = (
            jnp.zeros((*heads, whole._d_qk), input_signature.dtype),
            jnp.zeros((*heads, whole._d_v), input_signature.dtype),
            jnp.zeros((), jnp.int32),
        )

    def forward(self, x: Float[Array, "batch 1 d"]) -> Float[Array, "batch 1 d"]:
        """Attends from one new token to all of them."""
        whole = self._whole
        names = "qvo" if whole._share_qk else "qkvo"
        weights = dict(zip(names, self.weights, strict=False))
        if whole._bias:
            weights |= dict(zip(names[:-1].upper(), self.weights[len(names) :], strict=True))

        def project(name: str) -> Array:
            heads = jnp.einsum("bd,hdk->bhk", x[:, 0], weights[name])
            return heads + weights[name.upper()] if whole._bias else heads

        keys, values, index = self.state
        q, v = project("q"), project("v")
        if whole._share_qk:
            k = q / jnp.sqrt(jnp.mean(q**2, -1, keepdims=True) + 1e-6)
        else:
            k = project("k")
        keys = keys.at[:, :, index].set(k.astype(keys.dtype))
        values = values.at[:, :, index].set(v.astype(values.dtype))
        self.state = keys, values, index + 1

        scores = jnp.einsum("bhk,bhlk->bhl", q, keys, preferred_element_type=jnp.float32)
        odds = jax.nn.softmax(scores / np.sqrt(q.shape[-1]) + self._view(index))
        seen = jnp.einsum("bhl,bhlk->bhk", odds.astype(values.dtype), values)
        return jnp.einsum("bhk,hkd->bd", seen, weights["o"])[:, None]

    def _view(self, index: Int[Array, ""]) -> Float[Array, " length"]:
        """What is added to the scores: 0 for what is seen, much less for what is not."""
        whole = self._whole
        places = jnp.arange(self._length)
        view = jnp.where(places <= index, 0.0, -HIDDEN)
        if whole._share_qk:
            view = jnp.where(places == index, view - ITSELF, view)
        if whole._chunk_len is None or self._hashed:
            return view
        # Chunks look around in a circle, so in a short picture one may be seen twice.
        chunks = self._length // whole._chunk_len
        offsets = np.arange(-whole._n_chunks_before, whole._n_chunks_after + 1)
        looked_at = (index // whole._chunk_len + offsets) % chunks
        times = jnp.sum(places // whole._chunk_len == looked_at[:, None], 0)
        return view + jnp.where(times > 0, jnp.log(jnp.maximum(times, 1)), -HIDDEN)
