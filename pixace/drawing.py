"""One token out of many: temperature, top-k, top-p, and the draw itself."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32


def draw(
    logits: Float[Array, "batch vocab"],
    uniform: Float[Array, " batch"],
    *,
    temperature: Float[Array, " batch"],
    top_k: int = 0,
    top_p: float | None = None,
) -> Int32[Array, " batch"]:
    """Draws one id per row by inverting the cumulative distribution at `uniform`.

    One uniform number a row is all the randomness it takes; Gumbel noise would take one per id.

    Args:
      logits: natural logarithms, not normalised; -inf rules an id out.
      uniform: in [0, 1).
      temperature: 0 takes the likeliest id, 1 samples the model as trained.
      top_k: only the k likeliest ids; 0 for all.
      top_p: only the likeliest ids that together have this probability, in (0, 1]; None for all.

    Source: nucleus sampling (top_p) is from Holtzman et al. 2020, section 3.1.
    """
    warm = jnp.maximum(temperature, 1e-6)[:, None]
    best = jnp.argmax(logits, axis=-1)
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / warm
    if 0 < top_k < logits.shape[-1]:
        least = jax.lax.top_k(scaled, top_k)[0][:, -1:]
        scaled = jnp.where(scaled < least, -jnp.inf, scaled)
    if top_p is not None:
        falling = jnp.sort(jax.nn.softmax(scaled), axis=-1, descending=True)
        before = jnp.cumsum(falling, axis=-1) - falling
        least = jnp.where(before < top_p, falling, jnp.inf).min(axis=-1, keepdims=True)
        scaled = jnp.where(jax.nn.softmax(scaled) < least, -jnp.inf, scaled)
    mass = jnp.cumsum(jnp.exp(scaled), axis=-1)
    # The margin keeps rounding from reaching past the last id that has any probability.
    goal = uniform[:, None] * mass[:, -1:] * (1 - 1e-6)
    drawn = jnp.sum(mass <= goal, axis=-1)
    return jnp.where(temperature == 0, best, drawn).astype(jnp.int32)
