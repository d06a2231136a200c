"""Trax's layers with their weights, computed in another way: put in place of Trax's own.

`own` goes through a model once and swaps them; names, shapes and numbers stay, so weights made by
the one are weights of the other.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from pixace.layers import trax_bridge
from pixace.layers.attention import CausalDots, FullAttention, StepAttention
from pixace.layers.dropout import dropped
from pixace.layers.layer_norm import normalized, steady
from pixace.layers.matmul import affine
from pixace.layers.scan_layers import REVERSIBLE_BLOCK, ReversibleLoop
from pixace.layers.window import Window


class Dense(trax_bridge.Dense):
    """An affine map, in the type of its matrix."""

    weights: Any

    def forward(self, x: Array) -> Array:
        """From (..., inputs) to (..., outputs)."""
        return affine(x, *self.weights) if self._use_bias else affine(x, self.weights)


class Dropout(trax_bridge.Dropout):
    """Dropout with `dropped`."""

    def forward(self, x: Array) -> Array:
        """Of the shape of `x`; as it is, but for training."""
        if self._mode != "train":
            return x
        return dropped(x, self._initial_rate, self.rng, self._shared_axes)


class LayerNorm(trax_bridge.LayerNorm):
    """Layer normalisation, whose backward pass XLA would spread over a dozen passes."""

    weights: Any

    def forward(self, x: Array) -> Array:
        """Of the shape of `x`, mean 0 and variance 1 over features, then scaled and shifted."""
        if not self._center:
            return super().forward(x)
        return steady(lambda x: normalized(x, *self.weights, self._epsilon), x)


class AxialPositions(trax_bridge.AxialPositionalEncoding):
    """Trax's axial positions, which for a single token would make those of a whole batch first.

    Words in front of the picture have positions of their own, one vector each.
    """

    state: Any
    weights: Any

    def __init__(self, whole: Any, prefix: int):
        """Takes the layer whose settings it has, and how many words there are."""
        super().__init__(whole._shape, whole._d_embs, whole._kernel_initializer, mode=whole._mode)
        self._prefix = prefix

    def init_weights_and_state(self, input_signature: Any) -> None:
        """Draws a vector for each row and column as Trax does, and one for each word."""
        super().init_weights_and_state(input_signature)
        if self._prefix:
            key = jax.random.split(self.rng, 3)[2]
            words = self._kernel_initializer((self._prefix, input_signature.shape[-1]), key)
            self.weights = (*self.weights, words)

    def forward(self, x: Array) -> Array:
        """Adds positions to (batch, length, d); in predict mode those that come next."""
        if self._mode != "predict" and not self._prefix:
            return super().forward(x)
        by_axis = self.weights[: len(self._shape)]
        axes = [jnp.broadcast_to(w[0], (*self._shape, w.shape[-1])) for w in by_axis]
        places = jnp.concatenate(axes, -1).reshape(-1, x.shape[-1])
        if self._prefix:
            places = jnp.concatenate([self.weights[-1], places])
        if self._mode != "predict":
            return x + places
        begin, self.state = self.state, self.state + x.shape[1]
        return x + jax.lax.dynamic_slice_in_dim(places, begin, x.shape[1])


class Wide(trax_bridge.layers.Serial):
    """Layers whose result is float32: what reversible layers add to their streams must be."""

    def forward(self, x: Any) -> Any:
        """What the layers give, as float32."""
        return jax.tree.map(lambda each: each.astype(jnp.float32), super().forward(x))


def own(model: Any, length: int, prefix: int = 0, window: Window | None = None) -> Any:
    """Swaps a Trax model's layers for ours, in place.

    Args:
      model: a Trax model.
      length: tokens that caches get room for.
      prefix: how many of these are words in front of the picture.
      window: what a token sees; None means all before it.
    """
    model._sublayers = tuple(_own(part, length, prefix, window) for part in model.sublayers)
    return model


def with_outputs(model: Any, outputs: int) -> Any:
    """Gives a model's head so many outputs, in place: words are read but never drawn.

    The head is the last layer, in some of Trax's models wrapped up with checks of its shape.
    """
    *body, head = model.sublayers
    parts = [_dense(part, outputs) if isinstance(part, Dense) else part for part in head.sublayers]
    head._sublayers = tuple(parts)
    model._sublayers = (*body, _dense(head, outputs) if isinstance(head, Dense) else head)
    return model


def cast(layer: Any, weights: Any, dtype: Any) -> Any:
    """The weights of a layer, with the matrices that products are made with in another type."""
    if isinstance(layer, Dense | FullAttention | StepAttention):
        return jax.tree.map(lambda w: w.astype(dtype) if w.ndim > 1 else w, weights)
    if not layer.sublayers:
        return weights
    return tuple(cast(part, w, dtype) for part, w in zip(layer.sublayers, weights, strict=True))


def _own(part: Any, length: int, prefix: int, window: Window | None) -> Any:
    kind = type(part)
    if kind is trax_bridge.DotProductCausalAttention:
        return CausalDots(part._dropout, length, part._mode, window)
    if kind is trax_bridge.Dense:
        return _dense(part, part._n_units)
    if kind is trax_bridge.Dropout:
        return Dropout(part._initial_rate, part._shared_axes, part._mode)
    if kind is trax_bridge.LayerNorm:
        return LayerNorm(part._center, part._epsilon)
    if kind is trax_bridge.AxialPositionalEncoding:
        return AxialPositions(part, prefix)
    own(part, length, prefix, window)
    if kind is trax_bridge.ReversibleHalfResidual:
        part._compute_residual = Wide(*part._compute_residual.sublayers)
        part._sublayers = (part._compute_residual, *part.sublayers[1:])
    if kind is trax_bridge.ReversibleSerial and _remembers_nothing(part):
        return ReversibleLoop(*part.sublayers)
    return part


def _dense(part: Any, outputs: int) -> Dense:
    return Dense(outputs, part._kernel_initializer, part._bias_initializer, part._use_bias)


def _remembers_nothing(part: Any) -> bool:
    """Whether all attention in some reversible layers is full; LSH keeps its buckets."""
    halves = part.sublayers[::REVERSIBLE_BLOCK]
    return all(isinstance(half.sublayers[-1], FullAttention) for half in halves)
