"""Dropout whose mask costs a few instructions per feature, in the same pass as the features.

A random number for each feature from a true generator costs more than a small layer. A mask needs
less: each feature's place in the array, well mixed with the key, says whether it stays.

Source: Srivastava et al. 2014, "Dropout", https://jmlr.org/papers/v15/srivastava14a.html; for the
mixing, Wellons 2018, https://nullprogram.com/blog/2018/07/31/.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from pixace.device_arrays import Key

LARGEST = 2**32 - 1


def dropped(
    x: Float[Array, "*shape"],
    rate: float,
    key: UInt32[Array | np.ndarray, "2"],
    shared: Sequence[int] = (),
) -> Float[Array, "*shape"]:
    """`x` with a share of its entries 0, and the others larger, so that the mean stays.

    Args:
      x: features, at most 2**32 of them.
      rate: the share, 0 or more and below 1.
      key: two words.
      shared: axes along which all entries are dropped or none.
    """
    if rate == 0:
        return x
    shape = [1 if axis in shared else size for axis, size in enumerate(x.shape)]
    place = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    numbers = _mixed(_mixed(place ^ key[0]) + key[1])
    limit = jnp.uint32(round(rate * LARGEST))
    return jnp.where(numbers >= limit, x * jnp.asarray(1 / (1 - rate), x.dtype), 0)


def key_words(key: Key) -> UInt32[Array, "2"]:
    """A key as the two words that `dropped` and Trax know; takes keys of the old and new kind."""
    return jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key


def _mixed(x: UInt32[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    """Another number for each number; one bit changed in it changes about half of the bits."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)
