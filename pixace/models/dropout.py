"""Dropout whose mask costs a quarter of the random numbers, from a cheaper generator.

Source: Srivastava et al. 2014, "Dropout", https://jmlr.org/papers/v15/srivastava14a.html.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32


def dropped(
    x: Float[Array, "*shape"], rate: float, key: UInt32[Array, "2"], shared: Sequence[int] = ()
) -> Float[Array, "*shape"]:
    """`x` with a share of its entries 0, and the others larger, so that the mean stays.

    Args:
      x: features.
      rate: the share, 0 … 1, in steps of 1/256.
      key: two words.
      shared: axes along which all entries are dropped or none.
    """
    kept = 256 - round(rate * 256)
    if kept == 256:
        return x
    shape = [1 if axis in shared else size for axis, size in enumerate(x.shape)]
    _, numbers = jax.lax.rng_bit_generator(jnp.concatenate([key, key]), shape, jnp.uint8)
    return jnp.where(numbers < kept, x * jnp.asarray(256 / kept, x.dtype), 0)
