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

# How far Trax pushes down what must not be seen, and a token's view of itself.
HIDDEN, ITSELF = 1e9, 1e5


class CausalDots(trax.DotProductCausalAttention):
    """Attention to oneself and to what came before, per head.

    Takes queries, keys and values, each (batch * heads, length, d_head), and gives the same shape.
    Scores are summed and normalised in float32, whatever the type of the inputs.
    """

    state: Any

    def forward(self, inputs: tuple[Array, Array, Array]) -> Array:
        """Runs the layer; in predict mode on one token, with the cache in `state`."""
        q, k, v = inputs
        if self._mode == "predict":
            keys, values, index = self.state
            k = jax.lax.dynamic_update_slice_in_dim(keys, k.astype(keys.dtype), index, 1)
            v = jax.lax.dynamic_update_slice_in_dim(values, v.astype(values.dtype), index, 1)
            self.state = k, v, index + 1
            seen = jnp.arange(k.shape[1]) <= index
        else:
            seen = jnp.tril(jnp.ones((q.shape[1], q.shape[1]), bool))
        scores = jnp.einsum("bqd,bkd->bqk", q, k, preferred_element_type=jnp.float32)
        scores = jnp.where(seen, scores / np.sqrt(q.shape[-1]), -HIDDEN)
        odds = jax.nn.softmax(scores)
        if self._mode == "train" and self._dropout:
            keep = jax.random.bernoulli(self.rng, 1 - self._dropout, odds.shape)
            odds = jnp.where(keep, odds / (1 - self._dropout), 0)
        return jnp.einsum("bqk,bkd->bqd", odds.astype(v.dtype), v)


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


def own_dots(model: Any, length: int) -> Any:
    """Puts `CausalDots` in the place of Trax's layer, with a cache of `length` instead of 2048."""
    model._sublayers = tuple(
        CausalDots(part._dropout, length, part._mode)
        if type(part) is trax.DotProductCausalAttention
        else own_dots(part, length)
        for part in model.sublayers
    )
    return model
