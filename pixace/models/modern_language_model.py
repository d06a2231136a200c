"""The network of `modern`, in plain functions of weights that have names."""

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
from pixace.layers import rotary as turning
from pixace.layers.dropout import dropped, key_words
from pixace.layers.kv_cache import Cache
from pixace.layers.masked_convolution import NEIGHBOURS, MaskedConvolution
from pixace.layers.matmul import affine
from pixace.layers.modern_block import DROPS, MATRIX, Block, Plan, norm, norm_plan
from pixace.layers.window import Window
from pixace.models import head
from pixace.models.language_model import Features, Shapes, Weights


class Memory(NamedTuple):
    """What the steps of a sampler remember.

    Attributes:
      caches: of each block.
      seen: how many tokens came.
      latest: the last ones of these, as many as the convolution needs; 0 before the first.
    """

    caches: tuple[Cache, ...]
    seen: Int[Array, ""]
    latest: Int[Array, "batch reach"]


@dataclass(frozen=True)
class ModernLanguageModel:
    """A `LanguageModel`.

    Attributes:
      vocab_size: how many ids pictures have.
      length: tokens of one row, words and picture.
      grid: (rows, columns) of the picture, in the order in which they come.
      prefix: how many tokens of a row are words, in front of the picture.
      words: how many words there are.
      axial: whether rows and columns have a vector each, or else each position.
      n_layers: blocks.
      block: what they do.
      convolution: which neighbours' embeddings a position gets; None for none.
      kind: the name by which `pixace.models` knows it.
    """

    vocab_size: int
    length: int
    grid: tuple[int, int]
    prefix: int
    words: int
    axial: bool
    n_layers: int
    block: Block
    convolution: MaskedConvolution | None
    kind: str = field(default="modern", init=False)

    @property
    def window(self) -> Window | None:
        """As `LanguageModel.window`."""
        return self.block.window

    @property
    def shapes(self) -> Shapes:
        """As `LanguageModel.shapes`."""
        return OrderedDict(
            (name, jax.ShapeDtypeStruct(shape, jnp.float32)) for name, shape, _ in self._plan()
        )

    def init(self, key: Key) -> Weights:
        """As `LanguageModel.init`."""
        plan = [*self._plan()]
        pairs = zip(plan, jax.random.split(key, len(plan)), strict=True)
        return OrderedDict(
            (name, draw(own, shape, jnp.float32)) for (name, shape, draw), own in pairs
        )

    def _plan(self) -> Plan:
        """The weights, in an order that is the model's own."""
        d = self.block.d_model
        places = initializers.normal(0.1)
        yield "embedding/table", (self.vocab_size + self.words, d), initializers.normal(d**-0.5)
        if self.convolution:
            maps = initializers.glorot_uniform(batch_axis=0)
            yield "convolution/kernel", (len(NEIGHBOURS), d, d), maps
        if self.axial:
            yield "positions/rows", (self.grid[0], d // 2), places
            yield "positions/columns", (self.grid[1], d - d // 2), places
            if self.prefix:
                yield "positions/words", (self.prefix, d), places
        else:
            yield "positions/table", (self.length, d), places
        for number in range(self.n_layers):
            for name, shape, draw in self.block.plan():
                yield f"blocks/{number}/{name}", shape, draw
        yield from norm_plan("final_norm", d)
        head = initializers.zeros if self.block.zero_init else MATRIX
        yield "head/kernel", (d, self.vocab_size), head
        yield "head/bias", (self.vocab_size,), initializers.zeros

    def cast(self, weights: Weights, dtype: Any) -> Weights:
        """As `LanguageModel.cast`."""
        return OrderedDict(
            (name, leaf.astype(dtype) if name.endswith("/kernel") else leaf)
            for name, leaf in weights.items()
        )

    def narrowed(self, weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
        """As `LanguageModel.narrowed`."""
        return head.narrowed(weights, ids)

    def hidden(
        self, weights: Weights, tokens: TokenBatch, key: Key | None = None
    ) -> Float[Array, "batch length d"]:
        """As `LanguageModel.hidden`."""
        return self._read(weights, _shifted(tokens), None, key)[0]

    def by_block(self, weights: Weights, tokens: TokenBatch) -> Features:
        """As `LanguageModel.by_block`."""
        handed, _ = self._handed(weights, _shifted(tokens), None, None)
        return tuple(norm(x, weights, "final_norm") for x in handed)

    def logits(
        self, weights: Weights, hidden: Float[Array, "*leading d"]
    ) -> Float[Array, "*leading vocab"]:
        """As `LanguageModel.logits`."""
        said = affine(hidden, jnp.asarray(weights["head/kernel"]))
        return said.astype(jnp.float32) + weights["head/bias"]

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

    def start(self, batch: int, capacity: int | None = None) -> Memory:
        """As `LanguageModel.start`."""
        heads, d = batch * self.block.n_heads, self.block.d_head
        most = self._capacity(capacity or self.length)
        caches = [Cache.empty(heads, d, d, most) for _ in range(self.n_layers)]
        return Memory(tuple(caches), jnp.zeros((), jnp.int32), self._nothing(batch))

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
        return self._read(weights, jnp.asarray(tokens), state, None)[1]

    def decode_step(
        self, weights: Weights, state: Memory, token: Int[Array, " batch"]
    ) -> tuple[Logits, Memory]:
        """As `LanguageModel.decode_step`."""
        hidden, state = self._read(weights, token[:, None], state, None)
        return self.logits(weights, hidden)[:, 0], state

    def _capacity(self, tokens: int) -> int:
        """For so many tokens, or for all of them that are ever looked at again."""
        return min(tokens, self.window.capacity) if self.window else tokens

    def _nothing(self, batch: int) -> Int[Array, "batch reach"]:
        """What comes before the first token, as far as the convolution looks back."""
        return jnp.zeros((batch, self.convolution.reach if self.convolution else 0), jnp.int32)

    def _read(
        self, weights: Any, fed: Int[Array, "batch new"], memory: Any, key: Key | None
    ) -> tuple[Float[Array, "batch new d"], Any]:
        """Features for the tokens that follow those fed; and the memory with these, if any."""
        handed, memory = self._handed(weights, fed, memory, key)
        return norm(handed[-1], weights, "final_norm"), memory

    def _handed(
        self, weights: Any, fed: Int[Array, "batch new"], memory: Any, key: Key | None
    ) -> tuple[list[Float[Array, "batch new d"]], Any]:
        """The same features as they go into the first block, and as each block hands them on."""
        batch, new = fed.shape
        begin = memory.seen if memory else jnp.zeros((), jnp.int32)
        fed = jnp.concatenate([memory.latest if memory else self._nothing(batch), fed], 1)
        drops = DROPS * self.n_layers
        keys = None if key is None else jax.random.split(key_words(key), drops + 1)
        x = weights["embedding/table"][fed]
        if self.convolution:
            x = self.convolution.added(x, weights["convolution/kernel"], begin)
        if keys is not None:
            x = dropped(x, self.block.dropout, keys[drops])
        x += jax.lax.dynamic_slice_in_dim(self._positions(weights), begin, new)
        turns = jax.lax.dynamic_slice_in_dim(self._turns(), begin, new)
        handed, caches = [x], list[Any]()
        for number in range(self.n_layers):
            name = f"blocks/{number}/"
            own = {k.removeprefix(name): w for k, w in weights.items() if k.startswith(name)}
            some = None if keys is None else keys[DROPS * number : DROPS * (number + 1)]
            cache = memory.caches[number] if memory else None
            x, cache = self.block(own, x, turns, cache, begin, some)
            handed.append(x)
            caches.append(cache)
        return handed, memory and Memory(tuple(caches), begin + new, fed[:, new:])

    def _positions(self, weights: Any) -> Float[Array, "length d"]:
        """A vector for each position."""
        if not self.axial:
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
        return jnp.asarray(turning.angles(rows, columns, self.block.d_head))


def _shifted(tokens: TokenBatch) -> Int[Array, "batch length"]:
    """What a model is fed to guess these: 0, and all of them but the last."""
    return jnp.pad(tokens, ((0, 0), (1, 0)))[:, :-1]
