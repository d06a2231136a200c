"""`modern`: a transformer with what has been found to pay since, in plain functions.

It differs from Trax's TransformerLM in these points, each of which can be turned off: queries and
keys are normalised and turned by rows and columns, and the feed-forward layers square their ReLU.
Its maps have no biases.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import initializers
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, Logits, TokenBatch
from pixace.layers import activations, rotary
from pixace.layers.cached_attention import attention, continued
from pixace.layers.cross_entropy import cross_entropy, soft_capped
from pixace.layers.dropout import dropped, key_words
from pixace.layers.kv_cache import Cache
from pixace.layers.layer_norm import normalized, steady
from pixace.layers.matmul import affine
from pixace.layers.rms_norm import rms_normalized
from pixace.layers.smear import NEIGHBOURS, Smear
from pixace.layers.window import Window
from pixace.models import hyperparameters
from pixace.models.hyperparameters import Dropout, Features
from pixace.models.language_model import Shapes, Weights
from pixace.ranges import Amount, Count, Whole

EPSILON = 1e-6  # of the layer normalisations
DROPPED = 3  # in a block: what attention gives, and the feed-forward layer within and behind

Own = dict[str, Any]  # the weights of a block, by what follows its number


class Memory(NamedTuple):
    """What the steps of a sampler remember.

    Attributes:
      caches: of each block.
      seen: how many tokens came.
      latest: the last ones of these, as many as the smear needs; 0 before the first.
    """

    caches: tuple[Cache, ...]
    seen: Int[Array, ""]
    latest: Int[Array, "batch reach"]


@dataclass(frozen=True)
class ModernLanguageModel:
    """A `LanguageModel`; its attributes are what `modern` takes."""

    vocab_size: int
    length: int
    grid: tuple[int, int]
    prefix: int
    words: int
    d_model: int
    d_ff: int
    n_layers: int
    n_heads: int
    dropout: float
    positions: str
    window: Window | None
    activation: str
    qk_norm: bool
    rotary: bool
    value_residual: bool
    embedding_shortcut: bool
    smear: bool
    softcap: float
    zero_init: bool
    kind: str = field(default="modern", init=False)

    @property
    def shapes(self) -> Shapes:
        """As `LanguageModel.shapes`."""
        return OrderedDict(
            (name, jax.ShapeDtypeStruct(shape, jnp.float32))
            for name, (shape, _) in self._plan().items()
        )

    def init(self, key: Key) -> Weights:
        """As `LanguageModel.init`."""
        plan = self._plan()
        keys = jax.random.split(key, len(plan))
        return OrderedDict(
            (name, draw(own, shape, jnp.float32))
            for own, (name, (shape, draw)) in zip(keys, plan.items(), strict=True)
        )

    def _plan(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        """Shape and initializer of each array."""
        d, matrix, one, zero = self.d_model, initializers.glorot_uniform(), _ones, _zeros
        last = zero if self.zero_init else matrix
        plan: dict[str, Any] = {
            "embedding/table": ((self.vocab_size + self.words, d), initializers.normal(d**-0.5))
        }
        if self.smear:
            plan["smear/gates"] = (len(NEIGHBOURS), d), zero
        places = initializers.normal(1.0)
        if self.positions == "axial":
            rows, columns = self.grid
            plan["positions/rows"] = (rows, d // 2), places
            plan["positions/columns"] = (columns, d - d // 2), places
            if self.prefix:
                plan["positions/words"] = (self.prefix, d), places
        else:
            plan["positions/table"] = (self.length, d), places
        for n in range(self.n_layers):
            block = f"blocks/{n}/"
            plan[f"{block}attention/norm/scale"] = (d,), one
            plan[f"{block}attention/norm/bias"] = (d,), zero
            for role in QKV:
                plan[f"{block}attention/{role}/kernel"] = (d, d), matrix
            plan[f"{block}attention/output/kernel"] = (d, d), last
            if self.value_residual and n:
                plan[f"{block}attention/value_residual/share"] = (), initializers.constant(0.5)
            if self.embedding_shortcut:
                plan[f"{block}shortcut/residual"] = (), one
                plan[f"{block}shortcut/embedding"] = (), zero
            if self.qk_norm:
                plan[f"{block}attention/query_norm/scale"] = (d // self.n_heads,), one
            plan[f"{block}feed_forward/norm/scale"] = (d,), one
            plan[f"{block}feed_forward/norm/bias"] = (d,), zero
            plan[f"{block}feed_forward/up/kernel"] = (d, self.d_ff), matrix
            plan[f"{block}feed_forward/down/kernel"] = (self.d_ff, d), last
        plan["final_norm/scale"] = (d,), one
        plan["final_norm/bias"] = (d,), zero
        plan["head/kernel"] = (d, self.vocab_size), last
        plan["head/bias"] = (self.vocab_size,), zero
        return plan

    def cast(self, weights: Weights, dtype: Any) -> Weights:
        """As `LanguageModel.cast`."""
        return OrderedDict(
            (name, leaf.astype(dtype) if name.endswith("/kernel") else leaf)
            for name, leaf in weights.items()
        )

    def narrowed(self, weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
        """As `LanguageModel.narrowed`."""
        return OrderedDict(
            (name, leaf[..., ids] if name.startswith("head/") else leaf)
            for name, leaf in weights.items()
        )

    def hidden(
        self, weights: Weights, tokens: TokenBatch, key: Key | None = None
    ) -> Float[Array, "batch length d"]:
        """As `LanguageModel.hidden`."""
        fed = jnp.pad(tokens, ((0, 0), (1, 0)))[:, :-1]
        return self._features(weights, fed, None, key)[0]

    def logits(
        self, weights: Weights, hidden: Float[Array, "*leading d"]
    ) -> Float[Array, "*leading vocab"]:
        """As `LanguageModel.logits`."""
        w, b = (jnp.asarray(weights[f"head/{name}"]) for name in ("kernel", "bias"))
        return soft_capped(affine(hidden, w), self.softcap) + b

    def loss(
        self,
        weights: Weights,
        tokens: TokenBatch,
        token_weights: Float[Array | np.ndarray, "batch length"],
        key: Key | None,
        dtype: Any,
    ) -> Float[Array, ""]:
        """As `LanguageModel.loss`."""
        hidden = self.hidden(self.cast(weights, dtype), tokens, key)[:, self.prefix :]
        flat = hidden.reshape(-1, hidden.shape[-1])
        ids, shares = (each[:, self.prefix :].ravel() for each in (tokens, token_weights))
        w, b = weights["head/kernel"], weights["head/bias"]
        return cross_entropy(flat, w, b, ids, shares, dtype, self.softcap)

    def start(self, batch: int, capacity: int | None = None) -> Memory:
        """As `LanguageModel.start`."""
        d, most = self.d_model // self.n_heads, self._capacity(capacity or self.length)
        caches = [Cache.empty(batch * self.n_heads, d, d, most) for _ in range(self.n_layers)]
        latest = jnp.zeros((batch, self._reach), jnp.int32)
        return Memory(tuple(caches), jnp.zeros((), jnp.int32), latest)

    def widened(self, state: Memory, capacity: int) -> Memory:
        """As `LanguageModel.widened`."""
        most = self._capacity(capacity)
        return state._replace(caches=tuple(cache.widened(most) for cache in state.caches))

    def joined(self, states: Sequence[Memory]) -> Memory:
        """As `LanguageModel.joined`."""
        by_block = zip(*(state.caches for state in states), strict=True)
        caches = tuple(Cache.joined(each) for each in by_block)
        latest = jnp.concatenate([state.latest for state in states])
        return Memory(caches, states[0].seen, latest)

    def prefill(self, weights: Weights, state: Memory, tokens: TokenBatch) -> Memory:
        """As `LanguageModel.prefill`."""
        return self._features(weights, jnp.asarray(tokens), state)[1]

    def decode_step(
        self, weights: Weights, state: Memory, token: Int[Array, " batch"]
    ) -> tuple[Logits, Memory]:
        """As `LanguageModel.decode_step`."""
        hidden, state = self._features(weights, token[:, None], state)
        return self.logits(weights, hidden)[:, 0], state

    @property
    def _reach(self) -> int:
        """Tokens to remember for the smear."""
        return self.grid[1] if self.smear else 0

    def _capacity(self, tokens: int) -> int:
        """For so many tokens, or for all of them that are ever looked at again."""
        return min(tokens, self.window.capacity) if self.window else tokens

    def _features(
        self,
        weights: Any,
        fed: Int[Array, "batch new"],
        memory: Any = None,
        key: Key | None = None,
    ) -> tuple[Float[Array, "batch new d"], Any]:
        """Features for the tokens that follow those fed, which follow what is remembered."""
        batch, new = fed.shape
        begin = memory.seen if memory else jnp.zeros((), jnp.int32)
        latest = memory.latest if memory else jnp.zeros((batch, self._reach), jnp.int32)
        latest = jnp.concatenate([latest, fed], 1)
        keys = (
            None if key is None else jax.random.split(key_words(key), DROPPED * self.n_layers + 1)
        )
        x = weights["embedding/table"][latest]
        if self.smear:
            x = Smear(self.grid, self.prefix).smeared(x, weights["smear/gates"], begin)
        if keys is not None:
            x = dropped(x, self.dropout, keys[-1])
        x += jax.lax.dynamic_slice_in_dim(self._positions(weights), begin, new)
        turns = jax.lax.dynamic_slice_in_dim(self._turns(), begin, new)
        caches: list[Any] = []
        embedded, first_value = x, None
        for n in range(self.n_layers):
            named = f"blocks/{n}/"
            own = {k.removeprefix(named): w for k, w in weights.items() if k.startswith(named)}
            x, value, cache = self._block(
                own,
                x,
                (embedded, first_value, turns),
                (memory.caches[n], begin) if memory else None,
                None if keys is None else keys[DROPPED * n : DROPPED * (n + 1)],
            )
            caches.append(cache)
            first_value = value if n == 0 else first_value
        x = _norm(x, weights, "final_norm")
        if memory is None:
            return x, None
        return x, Memory(tuple(caches), begin + new, latest[:, new:])

    def _block(
        self, own: Own, x: Array, common: Any, remembered: Any, keys: Any
    ) -> tuple[Array, Array, Any]:
        """Attention and feed-forward, each added to what comes in; the values, and the cache."""
        embedded, first_value, turns = common

        def drop(x: Array, place: int) -> Array:
            return x if keys is None else dropped(x, self.dropout, keys[place])

        if self.embedding_shortcut:
            x = own["shortcut/residual"] * x + own["shortcut/embedding"] * embedded
        h = _norm(x, own, "attention/norm")
        q, k, v = (self._heads(h, own[f"attention/{role}/kernel"]) for role in QKV)
        if self.value_residual and first_value is not None:
            share = own["attention/value_residual/share"]
            v = ((1 - share) * v + share * first_value).astype(v.dtype)
        if self.qk_norm:
            scale = own["attention/query_norm/scale"]
            q, k = steady(lambda x: rms_normalized(x) * scale, q), steady(rms_normalized, k)
        if self.rotary:
            q, k = rotary.rotated(q, turns), rotary.rotated(k, turns)
        q, k = q.astype(v.dtype), k.astype(v.dtype)
        cache = None
        if remembered is None:
            out = attention(q, k, v, self.window)
        else:
            cache, begin = remembered
            out, cache = continued(q, k, v, cache, begin, self.window)
        out = out.reshape(len(x), self.n_heads, *out.shape[1:]).swapaxes(1, 2).reshape(x.shape)
        x = x + drop(affine(out, own["attention/output/kernel"]), 0)
        h = affine(_norm(x, own, "feed_forward/norm"), own["feed_forward/up/kernel"])
        h = drop(activations.by_name(self.activation)().forward(h), 1)
        return x + drop(affine(h, own["feed_forward/down/kernel"]), 2), v, cache

    def _heads(
        self, x: Float[Array, "batch new d"], kernel: Float[Array, "d d"]
    ) -> Float[Array, "heads new d_head"]:
        """A map of features, cut into heads; those of a picture lie together."""
        batch, new, d = x.shape
        out = affine(x, kernel).reshape(batch, new, self.n_heads, d // self.n_heads)
        return out.swapaxes(1, 2).reshape(batch * self.n_heads, new, -1)

    def _positions(self, weights: Any) -> Any:
        """A vector for each position."""
        if self.positions != "axial":
            return weights["positions/table"]
        height, width = self.grid
        rows = jnp.repeat(weights["positions/rows"], width, 0)
        columns = jnp.tile(weights["positions/columns"], (height, 1))
        places = jnp.concatenate([rows, columns], 1)
        return jnp.concatenate([weights["positions/words"], places]) if self.prefix else places

    def _turns(self) -> Float[Array, "length pairs"]:
        """The angles of each position; words stand in a row above the picture."""
        place = np.arange(self.length) - self.prefix
        rows = np.where(place < 0, -1, place // self.grid[1])
        columns = np.where(place < 0, place + self.prefix, place % self.grid[1])
        return jnp.asarray(rotary.angles(rows, columns, self.d_model // self.n_heads))


QKV = ("query", "key", "value")
_ones, _zeros = initializers.ones, initializers.zeros


def _norm(x: Float[Array, "batch new d"], weights: Any, named: str) -> Array:
    scale, bias = weights[f"{named}/scale"], weights[f"{named}/bias"]
    return steady(lambda x: normalized(x, scale, bias, EPSILON), x)


def modern(
    vocab_size: Count,
    length: Count,
    grid: tuple[int, int],
    *,
    prefix: Whole = 0,
    words: Whole = 0,
    d_model: Features = 512,
    d_ff: Count = 2048,
    n_layers: Count = 6,
    n_heads: Count = 8,
    dropout: Dropout = 0.1,
    positions: str = "learned",
    window: Whole = 0,
    activation: str = "SquaredRelu",
    qk_norm: bool = True,
    rotary: bool = True,
    value_residual: bool = True,
    embedding_shortcut: bool = True,
    smear: bool = True,
    softcap: Amount = 15.0,
    zero_init: bool = True,
) -> ModernLanguageModel:
    """A transformer with what has been found to pay since Trax's.

    Args:
      vocab_size: how many ids pictures have, start and blank among them.
      length: tokens of one row: those of the picture, and of the words in front of it.
      grid: (height, width) of the picture in tokens.
      prefix: tokens of the row that are words.
      words: how many words there are; their ids follow those of pictures.
      d_model: features of a position; a multiple of `n_heads`.
      d_ff: features in the middle of the feed-forward layers.
      n_layers: blocks of attention and feed-forward.
      n_heads: heads of each attention.
      dropout: share of features left out in training, 0 or more and below 1.
      positions: `learned`, one vector per position, or `axial`, one per row and one per column.
      window: a token sees so many rows above and columns to each side; 0 means all before it.
      activation: between the feed-forward layers, one of Trax's by its name, such as `Gelu`,
        or `SquaredRelu`.
      qk_norm: whether queries and keys are normalised.
      rotary: whether they are turned by row and column, so that attention knows distances.
      value_residual: whether each block mixes the first one's values into its own.
      embedding_shortcut: whether the embedding is added once more in front of each block.
      smear: whether a position also gets the embeddings of the pixels above it.
      softcap: what logits are bent to stay below, but for their bias; 0 for nothing.
      zero_init: whether what is added to the features, and the head, begin with zeros.

    Raises:
      ConfigError: the numbers do not fit together.
    """
    settings = {**locals()}
    hyperparameters.check(modern, settings)
    hyperparameters.check_places(positions, grid, length - prefix)
    local = Window(window, grid, prefix) if window else None
    return ModernLanguageModel(**settings | {"window": local})
