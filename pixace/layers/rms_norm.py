"""Normalisation of a length: of queries and keys, whose products then cannot grow without bounds.

Sources: Zhang and Sennrich 2019, "Root mean square layer normalization",
https://arxiv.org/abs/1910.07467; Henry et al. 2020, "Query-key normalization for transformers",
https://arxiv.org/abs/2010.04245, for queries and keys.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

EPSILON = 1e-6


def rms_normalized(x: Float[Array, "*leading d"]) -> Float[Array, "*leading d"]:
    """`x` with a mean square of 1 over its last axis, float32."""
    x = x.astype(jnp.float32)
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON)
