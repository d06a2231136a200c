"""Keys and values of the tokens so far: what makes a token cost a row instead of a picture.

Laid out for the two products that read it, which are bound by memory and by nothing else: keys with
the tokens last and values with the features last, so that both run along whole lines of memory.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

# Scores that XLA computes with the same code whatever their number. With fewer of them the last
# digits would differ, and now and then a drawn token: a picture would depend on how many are drawn.
FEWEST_SCORES = 4096

# Values are added up in parts and the parts last: XLA keeps one core busy with a single sum, and
# two with sums of sums. In caches up to SHORT that would not pay. Whether it is done must hang on
# the capacity alone: on the number of heads, a picture would depend on how many are drawn.
PARTS, SHORT = 32, 512


class Cache(NamedTuple):
    """Keys and values of up to `capacity` tokens, of all heads of all pictures; 0 if not written.

    There may be more `heads` than the model has, so that there are `FEWEST_SCORES` at least; how
    many it has is the length of `real`, which holds nothing.
    """

    keys: Float[Array, "heads d capacity"]
    values: Float[Array, "heads capacity d_v"]
    real: Float[Array, "real_heads 0"]

    @classmethod
    def empty(cls, heads: int, d: int, d_v: int, capacity: int) -> "Cache":
        """A cache with nothing in it, float32."""
        rows = _rows(heads, capacity)
        empty = jnp.zeros((rows, d, capacity)), jnp.zeros((rows, capacity, d_v))
        return cls(*empty, jnp.zeros((heads, 0)))

    @classmethod
    def joined(cls, caches: Sequence["Cache"]) -> "Cache":
        """One cache of the pictures of several, which have the same capacity."""
        real = jnp.concatenate([each.real for each in caches])
        more = ((0, _rows(len(real), caches[0].capacity) - len(real)), (0, 0), (0, 0))
        keys = jnp.concatenate([each.keys[: len(each.real)] for each in caches])
        values = jnp.concatenate([each.values[: len(each.real)] for each in caches])
        return cls(jnp.pad(keys, more), jnp.pad(values, more), real)

    @property
    def capacity(self) -> int:
        """How many tokens fit in."""
        return self.values.shape[1]

    def widened(self, capacity: int) -> "Cache":
        """The same with more capacity."""
        more = capacity - self.capacity
        keys = jnp.pad(self.keys, ((0, 0), (0, 0), (0, more)))
        return self._replace(keys=keys, values=jnp.pad(self.values, ((0, 0), (0, more), (0, 0))))

    def written(
        self,
        keys: Float[Array, "heads new d"],
        values: Float[Array, "heads new d_v"],
        place: Int[Array, ""],
    ) -> "Cache":
        """With some more tokens, from `place` on."""
        put = jax.lax.dynamic_update_slice
        transposed = keys.swapaxes(1, 2).astype(self.keys.dtype)
        values = values.astype(self.values.dtype)
        return self._replace(
            keys=put(self.keys, transposed, (0, 0, place)),
            values=put(self.values, values, (0, place, 0)),
        )

    def attend(
        self, q: Float[Array, "heads d"], bias: Float[Array, " capacity"]
    ) -> Float[Array, "heads d_v"]:
        """One token's mean of the values, weighed by softmax(q k / sqrt(d) + bias).

        Written as sums of products: XLA's matrix product of a single row would read slower.
        """
        heads, d = q.shape
        q = jnp.pad(q.astype(jnp.float32) / math.sqrt(d), ((0, len(self.keys) - heads), (0, 0)))
        probabilities = jax.nn.softmax(jnp.sum(q[:, :, None] * self.keys, 1) + bias)
        parts = math.gcd(self.capacity, PARTS)
        if self.capacity <= SHORT or parts == 1:  # sums over an axis of one are slowest of all
            return jnp.sum(probabilities[:, :, None] * self.values, 1)[:heads]
        values = self.values.reshape(len(probabilities), parts, -1, self.values.shape[2])
        return jnp.sum(probabilities.reshape(*values.shape[:3], 1) * values, 2).sum(1)[:heads]


def _rows(heads: int, capacity: int) -> int:
    return max(heads, -(-FEWEST_SCORES // capacity))
