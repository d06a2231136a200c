"""One signature for all language models: Trax layers seen as pure functions.

A Trax model is an object that keeps its weights; jit, optax and a sampler want functions of them.
A `LanguageModel` holds three builds of the same network: with dropout, without, and one that takes
a single token and remembers keys and values (Trax's "predict" mode). All three share one tree of
weights, whose leaves are arrays and nothing else.

The head, which turns features into logits, stands apart: a loss may then go over it in chunks, and
the array (batch, length, vocab_size) need never exist.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, Logits, TokenBatch
from pixace.layers import trax_bridge, trax_layers
from pixace.layers.kv_cache import Cache
from pixace.layers.scan_layers import Repeated
from pixace.layers.window import Window

Weights = Any  # {"body": …, "head": …}: nested tuples of arrays, as Trax nests them
State = Any  # what `step` remembers: nested tuples of arrays

NO_KEY = np.zeros(2, np.uint32)  # for layers that ask for a key and draw nothing from it


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A network that gives, for each position, the odds of its token from the tokens before it.

    All functions are pure; wrap them in `jax.jit` as you like. Tracing is for one thread at a
    time: Trax's layers carry their weights about while they are traced.

    Attributes:
      kind: the name by which `pixace.models.by_kind` knows it.
      vocab_size: how many ids pictures have; they are 0 … vocab_size-1, and 0 is the start. Words
        have the ids after these; the head never gives any of them.
      length: tokens of one row, words and picture.
      training: the Trax model with dropout.
      steady: the Trax model without.
      stepping: the Trax model for one token at a time.
      remat: whether training keeps only what goes into each block.
      prefix: how many tokens of a row are words, in front of the picture.
      window: what a token sees; None means all before it.
    """

    kind: str
    vocab_size: int
    length: int
    training: Any = field(repr=False)
    steady: Any = field(repr=False)
    stepping: Any = field(repr=False)
    remat: bool = False
    prefix: int = 0
    window: Window | None = None

    def _ready(self, model: Any) -> Any:
        """One of the three, settled: when it is first needed, as that takes a second."""
        if not hasattr(model, "_is_settled"):
            length = 1 if model is self.stepping else self.length
            _settle(model, trax_bridge.shapes.ShapeDtype((1, length), np.int32))
            model._is_settled = True
        return model

    def init(self, key: Key) -> Weights:
        """Draws new weights, float32, as Trax's initializers do; give it a fresh key."""
        model = copy.deepcopy(self.training)  # Trax writes what it draws into the layers
        drawn, _ = model.init(trax_bridge.shapes.ShapeDtype((1, self.length), np.int32), _raw(key))
        cut = _cut(model)
        return {"body": drawn[:cut], "head": drawn[cut:]}

    @property
    def shapes(self) -> Weights:
        """What weights look like: the same tree, with shapes and types for arrays."""
        model = self._ready(self.stepping)
        cut = _cut(model)
        return {"body": model.weights[:cut], "head": model.weights[cut:]}

    def hidden(
        self, weights: Weights, tokens: TokenBatch, key: Key | None = None
    ) -> Float[Array, "batch length d"]:
        """Features of each position, made from the tokens before it and no others.

        Args:
          weights: as `init` gives them, or as `cast` does.
          tokens: rows of ids, those of words in the first `prefix` columns.
          key: draws the dropout; None means no dropout.

        Returns:
          Features, float32; `head` reads them.
        """
        model = self._ready(self.steady if key is None else self.training)
        kind = Repeated if self.remat and key is not None else trax_bridge.layers.Serial
        body = kind(*model.sublayers[: _cut(model)])
        words = NO_KEY if key is None else _raw(key)
        state = _state(body, tokens.shape, words)
        out, _ = body.pure_fn(tokens.astype(jnp.int32), weights["body"], state, words)
        return out

    def cast(self, weights: Weights, dtype: Any) -> Weights:
        """The same weights, with the matrices of all products in another type.

        Embeddings, positions, normalisations and biases stay as they are: each of their entries is
        the sum of very many gradients, and they cost little.
        """
        parts = self.steady.sublayers
        together = (*weights["body"], *weights["head"])
        done = tuple(
            trax_layers.cast(part, w, dtype) for part, w in zip(parts, together, strict=True)
        )
        return {"body": done[: _cut(self.steady)], "head": done[_cut(self.steady) :]}

    def head(
        self, weights: Weights, hidden: Float[Array, "*leading d"]
    ) -> Float[Array, "*leading vocab"]:
        """Logits (natural logarithm, not normalised) from features of any leading shape."""
        head = _serial(self._ready(self.stepping), _cut(self.stepping), None)
        logits, _ = head.pure_fn(hidden, weights["head"], head.state, NO_KEY)
        return logits

    def start(self, batch: int, room: int | None = None) -> State:
        """The memory of a sampler that has seen nothing yet.

        Args:
          batch: pictures.
          room: tokens that fit in; None for all of a row.
        """
        model = self._ready(self.stepping)

        def empty(leaf: Any) -> Any:
            if not isinstance(leaf, Cache):
                return jnp.zeros(leaf.shape, leaf.dtype)
            heads = batch * len(leaf.real)  # it was settled with one picture
            most = self._room(room or self.length)
            return Cache.empty(heads, leaf.keys.shape[1], leaf.values.shape[2], most)

        return jax.tree.map(empty, model.state[: _cut(model)], is_leaf=_is_cache)

    def widened(self, state: State, room: int) -> State:
        """The same memory, with room for so many tokens; short caches are quick to read."""
        return jax.tree.map(
            lambda leaf: leaf.widened(self._room(room)) if isinstance(leaf, Cache) else leaf,
            state,
            is_leaf=_is_cache,
        )

    def _room(self, tokens: int) -> int:
        """Room for so many tokens, or for all of them that are ever looked at again."""
        return min(tokens, self.window.room) if self.window else tokens

    def joined(self, states: Sequence[State]) -> State:
        """One memory of the pictures of several, which remember equally many tokens."""
        return jax.tree.map(
            lambda *leaves: Cache.joined(leaves) if isinstance(leaves[0], Cache) else leaves[0],
            *states,
            is_leaf=_is_cache,
        )

    def read(self, weights: Weights, state: State, tokens: TokenBatch) -> State:
        """Takes the first tokens in one pass: what as many calls of `step` would remember.

        Args:
          weights: as `init` gives them.
          state: from `start`.
          tokens: 0, and then tokens of the pictures, one fewer than the memory has room for.
        """
        return self._stepped(weights, state, tokens)[1]

    def step(
        self, weights: Weights, state: State, token: Int[Array, " batch"]
    ) -> tuple[Logits, State]:
        """Takes one token, gives the odds of the next one.

        Args:
          weights: as `init` gives them.
          state: from `start`, or from the step before.
          token: 0 at first, then each token as it was drawn; at most `length` calls.

        Returns:
          Logits (batch, vocab_size) and the new state.
        """
        out, state = self._stepped(weights, state, token[:, None])
        return self.head(weights, out)[:, 0], state

    def _stepped(self, weights: Weights, state: State, tokens: TokenBatch) -> tuple[Array, State]:
        body = _serial(self._ready(self.stepping), 0, _cut(self.stepping))
        return body.pure_fn(tokens.astype(jnp.int32), weights["body"], state, NO_KEY)


def _raw(key: Key) -> jax.Array:
    """A key as the two words that Trax knows; takes keys of the old and of the new kind."""
    return jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key


def _cut(model: Any) -> int:
    """Where the head begins: behind the last normalisation and its dropout."""
    last = (trax_bridge.LayerNorm, trax_bridge.Dropout)
    return 1 + max(i for i, layer in enumerate(model.sublayers) if isinstance(layer, last))


def _serial(model: Any, start: int, end: int | None) -> Any:
    """A part of a Trax model, made of its very layers."""
    return trax_bridge.layers.Serial(*model.sublayers[start:end])


def _settle(model: Any, tokens: Any) -> None:
    """Gives each layer the shapes of its weights, in the place where Trax looks for weights.

    Trax's `pure_fn` puts back what it found in the layers, and cannot put back nothing.
    """
    model.weights, model.state = jax.eval_shape(
        lambda key: copy.deepcopy(model).init(tokens, key), NO_KEY
    )
    _forget_keys(model)


def _forget_keys(layer: Any) -> None:
    """Sets the key of every layer: Trax would draw one, and mid-trace at that."""
    layer._rng = NO_KEY
    for part in layer.sublayers:
        _forget_keys(part)


def _state(body: Any, shape: tuple[int, ...], key: jax.Array | np.ndarray) -> State:
    """The state of layers that have seen nothing: zeros, and keys where Trax keeps keys."""
    tokens = trax_bridge.shapes.ShapeDtype(shape, np.int32)
    shapes = jax.eval_shape(lambda key: copy.deepcopy(body).init(tokens, key)[1], NO_KEY)

    def nothing(leaf: Any) -> Array:
        if leaf.dtype == np.uint32:
            return jax.random.bits(key, leaf.shape, leaf.dtype)
        return jnp.zeros(leaf.shape, leaf.dtype)

    return jax.tree.map(nothing, shapes)


def _is_cache(leaf: Any) -> bool:
    return isinstance(leaf, Cache)
