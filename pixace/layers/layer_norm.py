"""Layer normalisation with a backward pass written by hand.

Source: Ba et al. 2016, "Layer Normalization", https://arxiv.org/abs/1607.06450.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FEWEST_ROWS = 16  # from here on, XLA adds up each row in the same order


def steady(
    norm: Callable[[Array], Array], x: Float[Array, "rows length d"]
) -> Float[Array, "rows length d"]:
    """`norm(x)`; of single tokens, no row's result depends on how many there are.

    Few rows would be added up in another order than many.
    """
    rows = len(x)
    if x.shape[1] == 1:
        x = jnp.pad(x, ((0, max(0, FEWEST_ROWS - rows)), (0, 0), (0, 0)))
    return norm(x)[:rows]


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def normalized(
    x: Float[Array, "*leading d"],
    scale: Float[Array, " d"],
    bias: Float[Array, " d"],
    epsilon: float,
) -> Float[Array, "*leading d"]:
    """`x` with mean 0 and variance 1 over its last axis, then scaled and moved; float32."""
    return _forward(x, scale, bias, epsilon)[0]


def _forward(
    x: Array, scale: Array, bias: Array, epsilon: float
) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    x = x.astype(jnp.float32)
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    rstd = jax.lax.rsqrt(jnp.mean(centred * centred, -1, keepdims=True) + epsilon)
    return centred * rstd * scale + bias, (x, mean, rstd, scale)


def _backward(
    epsilon: float, kept: tuple[Array, Array, Array, Array], d_out: Array
) -> tuple[Array, Array, Array]:
    x, mean, rstd, scale = kept
    scale = jax.lax.optimization_barrier(scale)
    normal = (x - mean) * rstd
    scaled = d_out * scale
    along = jnp.mean(scaled * normal, -1, keepdims=True)
    dx = rstd * (scaled - scaled.mean(-1, keepdims=True) - normal * along)
    return dx, _down(d_out * normal), _down(d_out)


def _down(x: Array) -> Array:
    """Sum over all axes but the last: as a product, since XLA's own sum over rows is slow."""
    flat = x.reshape(-1, x.shape[-1])
    return (jnp.ones((1, len(flat))) @ flat)[0]


normalized.defvjp(_forward, _backward)
