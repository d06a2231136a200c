"""A block of the modern transformer: attention and feed-forward, each added to what comes in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jax.nn import initializers
from jaxtyping import Array, Float, Int, UInt32

from pixace.layers import activations, rotary
from pixace.layers.cached_attention import attention, continued
from pixace.layers.dropout import dropped
from pixace.layers.kv_cache import Cache
from pixace.layers.layer_norm import normalized, steady
from pixace.layers.matmul import affine
from pixace.layers.rms_norm import rms_normalized
from pixace.layers.window import Window

EPSILON = 1e-6  # of the layer normalisations
DROPS = 3  # what attention gives, and the feed-forward layer within and behind
HALF = initializers.constant(0.5)
MATRIX = initializers.glorot_uniform()

Own = Mapping[str, Any]  # weights by name
Plan = Iterator[tuple[str, tuple[int, ...], Any]]  # names, shapes and initializers


class Common(NamedTuple):
    """What all blocks are given.

    Attributes:
      embedded: what goes into the first one.
      turns: by how much each position turns each pair of features of queries and keys.
      values: those of the first block; None in the first.
    """

    embedded: Float[Array, "batch new d"]
    turns: Float[Array, "new pairs"]
    values: Float[Array, "heads new d_head"] | None


@dataclass(frozen=True)
class Block:
    """What `pixace.models.modern` says of its blocks; weights go by names within the block."""

    d_model: int
    d_ff: int
    n_heads: int
    dropout: float
    window: Window | None
    activation: str
    qk_norm: bool
    rotary: bool
    value_residual: bool
    embedding_shortcut: bool
    zero_init: bool

    @property
    def d_head(self) -> int:
        """Features of a query."""
        return self.d_model // self.n_heads

    def plan(self, first: bool) -> Plan:
        """The weights, in an order that is the block's own."""
        d = self.d_model
        last = initializers.zeros if self.zero_init else MATRIX
        if self.embedding_shortcut:
            yield "shortcut/residual", (1,), initializers.ones
            yield "shortcut/embedding", (1,), initializers.zeros
        yield from norm_plan("attention/norm", d)
        for role in ("query", "key", "value"):
            yield f"attention/{role}/kernel", (d, d), MATRIX
        yield "attention/output/kernel", (d, d), last
        if self.qk_norm:
            yield "attention/query_norm/scale", (self.d_head,), initializers.ones
        if self.value_residual and not first:
            yield "attention/value_residual/share", (1,), HALF
        yield from norm_plan("feed_forward/norm", d)
        yield "feed_forward/up/kernel", (d, self.d_ff), MATRIX
        yield "feed_forward/down/kernel", (self.d_ff, d), last

    def __call__(
        self,
        own: Own,
        x: Float[Array, "batch new d"],
        common: Common,
        cache: Cache | None,
        begin: Int[Array, ""],
        keys: UInt32[Array, "drops 2"] | None,
    ) -> tuple[Float[Array, "batch new d"], Float[Array, "heads new d_head"], Cache | None]:
        """Features of some tokens, their values, and the cache with them.

        Args:
          own: the weights.
          x: features.
          common: of all blocks.
          cache: what is remembered of the tokens before; None if these are a whole row.
          begin: the first token's position.
          keys: `DROPS` keys of the dropout; None for none.
        """

        def drop(x: Array, place: int) -> Array:
            return x if keys is None else dropped(x, self.dropout, keys[place])

        if self.embedding_shortcut:
            x = own["shortcut/residual"] * x + own["shortcut/embedding"] * common.embedded
        h = norm(x, own, "attention/norm")
        q, k, v = (self._heads(h, own, role) for role in ("query", "key", "value"))
        if self.value_residual and common.values is not None:
            share = own["attention/value_residual/share"]
            v = ((1 - share) * v + share * common.values).astype(v.dtype)
        if self.qk_norm:
            scale = own["attention/query_norm/scale"]
            q, k = steady(lambda q: rms_normalized(q) * scale, q), steady(rms_normalized, k)
        if self.rotary:
            q, k = rotary.rotated(q, common.turns), rotary.rotated(k, common.turns)
        q, k = q.astype(v.dtype), k.astype(v.dtype)
        if cache is None:
            out = attention(q, k, v, self.window)
        else:
            out, cache = continued(q, k, v, cache, begin, self.window)
        out = out.reshape(len(x), self.n_heads, *out.shape[1:]).swapaxes(1, 2).reshape(x.shape)
        x = x + drop(affine(out, own["attention/output/kernel"]), 0)
        h = affine(norm(x, own, "feed_forward/norm"), own["feed_forward/up/kernel"])
        h = drop(activations.by_name(self.activation)().forward(h), 1)
        return x + drop(affine(h, own["feed_forward/down/kernel"]), 2), v, cache

    def _heads(
        self, x: Float[Array, "batch new d"], own: Own, role: str
    ) -> Float[Array, "heads new d_head"]:
        """A map of features, cut into heads; those of a picture lie together."""
        batch, new, _ = x.shape
        out = affine(x, own[f"attention/{role}/kernel"])
        by_head = out.reshape(batch, new, self.n_heads, self.d_head).swapaxes(1, 2)
        return by_head.reshape(batch * self.n_heads, new, self.d_head)


def norm_plan(name: str, d: int) -> Plan:
    """The weights of a layer normalisation."""
    yield f"{name}/scale", (d,), initializers.ones
    yield f"{name}/bias", (d,), initializers.zeros


def norm(x: Float[Array, "batch new d"], own: Own, name: str) -> Float[Array, "batch new d"]:
    """Layer normalisation with the weights of a name."""
    scale, bias = own[f"{name}/scale"], own[f"{name}/bias"]
    return steady(lambda x: normalized(x, scale, bias, EPSILON), x)
