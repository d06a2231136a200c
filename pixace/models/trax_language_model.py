"""A language model made of Trax layers, seen as pure functions.

A `TraxLanguageModel` holds three builds of the same network: with dropout, without, and one that
takes a single token and remembers keys and values (Trax's "predict" mode). All three share one set
of weights; Trax's nested tuples are made of their names just before a build runs.

The head, which turns features into logits, stands apart: the loss goes over it in chunks, and the
array (batch, length, vocab_size) never exists.
"""

import copy
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, Logits, TokenBatch
from pixace.layers import pure_trax, trax_bridge, trax_layers, trax_names
from pixace.layers.by_block import ByBlock
from pixace.layers.dropout import key_words
from pixace.layers.kv_cache import Cache
from pixace.layers.pure_trax import NO_KEY
from pixace.layers.scan_layers import Repeated
from pixace.layers.window import Window
from pixace.models import head
from pixace.models.language_model import Features, LmState, Shapes, Weights


@dataclass(frozen=True, eq=False)
class TraxLanguageModel:
    """A `LanguageModel` of three Trax models.

    Attributes:
      kind: the name by which `pixace.models` knows it.
      vocab_size: how many ids pictures have.
      length: tokens of one row, words and picture.
      training: the Trax model with dropout.
      steady: the Trax model without.
      stepping: the Trax model for one token at a time.
      settings: all that it was built with: plain values by name.
      remat: whether training keeps only what goes into each block.
      prefix: how many tokens of a row are words, in front of the picture.
      window: what a token attends to; None means all before it.
    """

    kind: str
    vocab_size: int
    length: int
    training: Any = field(repr=False)
    steady: Any = field(repr=False)
    stepping: Any = field(repr=False)
    settings: Mapping[str, Any]
    remat: bool = False
    prefix: int = 0
    window: Window | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TraxLanguageModel):
            return NotImplemented
        return self is other or self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @cached_property
    def _identity(self) -> str:
        return repr((self.kind, sorted(self.settings.items())))

    # Settled when they are first needed, as that takes a second.
    @cached_property
    def _training(self) -> Any:
        return pure_trax.settled(self.training, (1, self.length), np.int32)

    @cached_property
    def _steady(self) -> Any:
        return pure_trax.settled(self.steady, (1, self.length), np.int32)

    @cached_property
    def _stepping(self) -> Any:
        return pure_trax.settled(self.stepping, (1, 1), np.int32)

    @cached_property
    def _names(self) -> list[str]:
        return trax_names.names(self._stepping, self._stepping.weights)

    def _named(self, weights: Any) -> Any:
        """What stands in Trax's tuples, by name.

        In Trax's order, which an `OrderedDict` keeps where JAX would sort the names of a `dict`:
        the norm of a gradient is added up in it.
        """
        return OrderedDict(zip(self._names, jax.tree.leaves(weights), strict=True))

    def _of_body(self, weights: Weights) -> Any:
        return self._tuples(weights)[: _head_at(self._stepping)]

    def _of_head(self, weights: Weights) -> Any:
        return self._tuples(weights)[_head_at(self._stepping) :]

    def _tuples(self, weights: Weights) -> Any:
        """What has names, in Trax's tuples."""
        tree = jax.tree.structure(self._stepping.weights)
        return jax.tree.unflatten(tree, [weights[name] for name in self._names])

    def init(self, key: Key) -> Weights:
        """As `LanguageModel.init`; numbers are those that Trax's initializers draw."""
        model = copy.deepcopy(self.training)  # Trax writes what it draws into the layers
        row = trax_bridge.shapes.ShapeDtype((1, self.length), np.int32)
        return self._named(model.init(row, key_words(key))[0])

    @property
    def shapes(self) -> Shapes:
        """As `LanguageModel.shapes`."""
        return self._named(self._stepping.weights)

    def cast(self, weights: Weights, dtype: Any) -> Weights:
        """As `LanguageModel.cast`."""
        pairs = zip(self.steady.sublayers, self._tuples(weights), strict=True)
        return self._named([trax_layers.cast(part, own, dtype) for part, own in pairs])

    def narrowed(self, weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
        """As `LanguageModel.narrowed`."""
        return head.narrowed(weights, ids)

    def hidden(
        self, weights: Weights, tokens: TokenBatch, key: Key | None = None
    ) -> Float[Array, "batch length d"]:
        """As `LanguageModel.hidden`."""
        kind = Repeated if self.remat and key is not None else trax_bridge.layers.Serial
        return self._features(kind, weights, tokens, key)

    def by_block(self, weights: Weights, tokens: TokenBatch) -> Features:
        """As `LanguageModel.by_block`."""
        return self._features(ByBlock, weights, tokens, None)

    def _features(self, kind: Any, weights: Weights, tokens: TokenBatch, key: Key | None) -> Any:
        """What the layers up to the head give, run as a kind of Trax's `Serial` does."""
        model = self._steady if key is None else self._training
        body = kind(*model.sublayers[: _head_at(model)])
        raw_key = NO_KEY if key is None else key_words(key)
        state = model.state[: _head_at(model)]
        if jax.tree.leaves(state):
            state = _state(_state_shapes(self, key is not None, tokens.shape), raw_key)
        own = self._of_body(weights)
        return pure_trax.apply(body, tokens.astype(jnp.int32), own, state, raw_key)[0]

    def logits(
        self, weights: Weights, hidden: Float[Array, "*leading d"]
    ) -> Float[Array, "*leading vocab"]:
        """As `LanguageModel.logits`."""
        head = _serial(self._stepping, _head_at(self._stepping), None)
        return pure_trax.apply(head, hidden, self._of_head(weights), head.state)[0]

    def loss(
        self,
        weights: Weights,
        tokens: TokenBatch,
        token_weights: Float[Array | np.ndarray, "batch length"],
        key: Key | None,
        dtype: Any,
    ) -> Float[Array, ""]:
        """As `LanguageModel.loss`."""
        return head.loss(self, weights, tokens, token_weights, key, dtype)

    def start(self, batch: int, capacity: int | None = None) -> LmState:
        """As `LanguageModel.start`."""

        def empty(leaf: Any) -> Any:
            if not isinstance(leaf, Cache):
                return jnp.zeros(leaf.shape, leaf.dtype)
            heads = batch * len(leaf.real)  # it was settled with one picture
            most = self._capacity(capacity or self.length)
            return Cache.empty(heads, leaf.keys.shape[1], leaf.values.shape[2], most)

        state = self._stepping.state[: _head_at(self._stepping)]
        return jax.tree.map(empty, state, is_leaf=_is_cache)

    def widened(self, state: LmState, capacity: int) -> LmState:
        """As `LanguageModel.widened`."""
        most = self._capacity(capacity)
        return jax.tree.map(
            lambda leaf: leaf.widened(most) if isinstance(leaf, Cache) else leaf,
            state,
            is_leaf=_is_cache,
        )

    def joined(self, states: Sequence[LmState]) -> LmState:
        """As `LanguageModel.joined`."""
        return jax.tree.map(
            lambda *leaves: Cache.joined(leaves) if isinstance(leaves[0], Cache) else leaves[0],
            *states,
            is_leaf=_is_cache,
        )

    def prefill(self, weights: Weights, state: LmState, tokens: TokenBatch) -> LmState:
        """As `LanguageModel.prefill`."""
        return self._stepped(weights, state, tokens)[1]

    def decode_step(
        self, weights: Weights, state: LmState, token: Int[Array, " batch"]
    ) -> tuple[Logits, LmState]:
        """As `LanguageModel.decode_step`."""
        out, state = self._stepped(weights, state, token[:, None])
        return self.logits(weights, out)[:, 0], state

    def _capacity(self, tokens: int) -> int:
        """For so many tokens, or for all of them that are ever looked at again."""
        return min(tokens, self.window.capacity) if self.window else tokens

    def _stepped(
        self, weights: Weights, state: LmState, tokens: TokenBatch
    ) -> tuple[Array, LmState]:
        body = _serial(self._stepping, 0, _head_at(self._stepping))
        return pure_trax.apply(body, tokens.astype(jnp.int32), self._of_body(weights), state)


def _head_at(model: Any) -> int:
    """Where the head begins: behind the last normalisation and its dropout."""
    last = (trax_bridge.LayerNorm, trax_bridge.Dropout)
    return 1 + max(i for i, layer in enumerate(model.sublayers) if isinstance(layer, last))


def _serial(model: Any, start: int, end: int | None) -> Any:
    """A part of a Trax model, made of its very layers."""
    return trax_bridge.layers.Serial(*model.sublayers[start:end])


@lru_cache(maxsize=64)
def _state_shapes(model: TraxLanguageModel, training: bool, shape: tuple[int, ...]) -> LmState:
    """Shapes and types of what the body of a model keeps for tokens of a shape."""
    layers = model.training if training else model.steady
    body = _serial(layers, 0, _head_at(layers))
    tokens = trax_bridge.shapes.ShapeDtype(shape, np.int32)
    return jax.eval_shape(lambda key: copy.deepcopy(body).init(tokens, key)[1], NO_KEY)


def _state(shapes: LmState, key: jax.Array | np.ndarray) -> LmState:
    """The state of layers that have seen nothing: zeros, and keys where Trax keeps keys."""

    def nothing(leaf: Any) -> Array:
        if leaf.dtype == np.uint32:
            return jax.random.bits(key, leaf.shape, leaf.dtype)
        return jnp.zeros(leaf.shape, leaf.dtype)

    return jax.tree.map(nothing, shapes)


def _is_cache(leaf: Any) -> bool:
    return isinstance(leaf, Cache)
