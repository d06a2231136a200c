"""A block of the modern transformer: attention and feed-forward, each added to what comes in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jax.nn import initializers
from jaxtyping import Array, Float, Int, UInt32

from pixace.layers import rotary, trax_bridge
from pixace.layers.cached_attention import attention, continued
from pixace.layers.dropout import dropped
from pixace.layers.kv_cache import Cache
from pixace.layers.layer_norm import normalized, steady
from pixace.layers.matmul import affine
from pixace.layers.window import Window

EPSILON = 1e-6  # of the layer normalisations
DROPS = 3  # what attention gives, and the feed-forward layer within and behind
MATRIX = initializers.glorot_uniform()

Own = Mapping[str, Any]  # weights by name
Plan = Iterator[tuple[str, tuple[int, ...], Any]]  # names, shapes and initializers


@dataclass(frozen=True)
class Block:
    """What `pixace.models.modern` says of its blocks; weights go by names within the block."""

    d_model: int
    d_ff: int
    n_heads: int
    dropout: float
    window: Window | None
    activation: str
    rotary: bool
    zero_init: bool

    @property
    def d_head(self) -> int:
        """Features of a query."""
        return self.d_model // self.n_heads

    def plan(self) -> Plan:
        """The weights, in an order that is the block's own."""
        d = self.d_model
        last = initializers.zeros if self.zero_init else MATRIX
        yield from norm_plan("attention/norm", d)
        for role in ("query", "key", "value"):
            yield f"attention/{role}/kernel", (d, d), MATRIX
        yield "attention/output/kernel", (d, d), last
        yield from norm_plan("feed_forward/norm", d)
        yield "feed_forward/up/kernel", (d, self.d_ff), MATRIX
        yield "feed_forward/down/kernel", (self.d_ff, d), last

    def __call__(
        self,
        own: Own,
        x: Float[Array, "batch new d"],
        turns: Float[Array, "new pairs"],
        cache: Cache | None,
        begin: Int[Array, ""],
        keys: UInt32[Array, "drops 2"] | None,
    ) -> tuple[Float[Array, "batch new d"], Cache | None]:
        """Features of some tokens, and the cache with them.

        Args:
          own: the weights.
          x: features.
          turns: by how much each position turns each pair of features of queries and keys.
          cache: what is remembered of the tokens before; None if these are a whole row.
          begin: the first token's position.
          keys: `DROPS` keys of the dropout; None for none.
        """

        def drop(x: Array, place: int) -> Array:
            return x if keys is None else dropped(x, self.dropout, keys[place])

        h = norm(x, own, "attention/norm")
        q, k, v = (self._heads(h, own, role) for role in ("query", "key", "value"))
        if self.rotary:
            q, k = rotary.rotated(q, turns), rotary.rotated(k, turns)
        q, k = q.astype(v.dtype), k.astype(v.dtype)
        if cache is None:
            out = attention(q, k, v, self.window)
        else:
            out, cache = continued(q, k, v, cache, begin, self.window)
        out = out.reshape(len(x), self.n_heads, *out.shape[1:]).swapaxes(1, 2).reshape(x.shape)
        x = x + drop(affine(out, own["attention/output/kernel"]), 0)
        h = affine(norm(x, own, "feed_forward/norm"), own["feed_forward/up/kernel"])
        h = drop(getattr(trax_bridge.layers, self.activation)().forward(h), 1)
        return x + drop(affine(h, own["feed_forward/down/kernel"]), 2), cache

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
