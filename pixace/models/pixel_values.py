"""Pictures as networks see them: bytes to floats in -1 … 1, and back."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

Bytes = UInt8[Array | np.ndarray, "n height width 3"]
Floats = Float[Array, "n height width channels"]


PEAK = 2.0  # from black to white


def to_floats(images: Bytes, channels: int) -> Floats:
    """-1 is black and 1 is white; of grey pictures, with 1 channel, red stands for all."""
    return jnp.asarray(images[..., :channels], jnp.float32) / 127.5 - 1


def to_bytes(pictures: Floats) -> Bytes:
    """What lies beyond black and white is cut off; grey becomes red, green and blue."""
    rounded = jnp.rint((jnp.clip(pictures, -1, 1) + 1) * 127.5).astype(jnp.uint8)
    return jnp.broadcast_to(rounded, (*rounded.shape[:-1], 3))


def sharpness(made: Floats, real: Floats) -> Float[Array, ""]:
    """Mean absolute difference of the differences between neighbours, at three scales.

    Blur costs little in squared error, but takes away steps between pixels; this counts them.

    Source: Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error",
    eq. 6, with the signs of the differences and on three scales.
    """
    error, total = made - real, jnp.zeros(())
    for scale in range(3):
        if scale:
            error = (
                jax.lax.reduce_window(error, 0.0, jax.lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
                / 4
            )
        down, right = jnp.diff(error, axis=1), jnp.diff(error, axis=2)
        total += jnp.abs(down).mean() + jnp.abs(right).mean()
    return total / 3
