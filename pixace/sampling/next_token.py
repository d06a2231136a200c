"""One token out of many: temperature, top-k, top-p, and the draw itself."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32

ABOVE_ONE = 0x3F800001  # the next float after 1, as bits


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
    # Nearly 0 leaves something to the likeliest alone, and 0 of `uniform` is the first of equals.
    warm = jnp.where(temperature == 0, 1e-30, jnp.maximum(temperature, 1e-6))[:, None]
    uniform = jnp.where(temperature == 0, 0.0, uniform)
    # Exponentials of the logits: probabilities that are not normalised, 1 for the likeliest.
    weights = jnp.exp((logits - logits.max(axis=-1, keepdims=True)) / warm)
    if 0 < top_k < logits.shape[-1]:
        weights = _likeliest(weights, jnp.ones_like(weights), jnp.float32(top_k))
    if top_p is not None:
        weights = _likeliest(weights, weights, top_p * weights.sum(axis=-1, keepdims=True))
    return _inverted(weights, uniform).astype(jnp.int32)


def _likeliest(
    weights: Float[Array, "batch vocab"], share: Float[Array, "batch vocab"], enough: Array
) -> Float[Array, "batch vocab"]:
    """The weights with 0 for all but the likeliest, the fewest whose shares together are enough.

    Sorting would cost more than the model. The least of the weights to keep is found by halving: 31
    times, over the bits of a float, which are ordered as positive floats are.
    """

    def halve(_: Int32[Array, ""], ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = low + (high - low) // 2
        least = jax.lax.bitcast_convert_type(middle, jnp.float32)
        kept = jnp.where(weights >= least, share, 0).sum(axis=-1, keepdims=True) >= enough
        return jnp.where(kept, middle, low), jnp.where(kept, high, middle)

    # All are kept at 0, where one may want more than there is by rounding; none above 1.
    ends = jnp.zeros((len(weights), 1), jnp.int32), jnp.full((len(weights), 1), ABOVE_ONE)
    low, _ = jax.lax.fori_loop(0, 31, halve, ends)
    return jnp.where(weights >= jax.lax.bitcast_convert_type(low, jnp.float32), weights, 0)


def _inverted(
    weights: Float[Array, "batch vocab"], uniform: Float[Array, " batch"]
) -> Int32[Array, " batch"]:
    """Where the running sum of the weights passes `uniform` of the whole.

    First in which row of a table, then where in the row: a running sum over all ids is slow.
    """
    batch, vocab = weights.shape
    width = math.isqrt(vocab - 1) + 1
    table = jnp.pad(weights, ((0, 0), (0, width * width - vocab))).reshape(batch, width, width)
    rows = jnp.cumsum(table.sum(axis=-1), axis=-1)
    # The margin keeps rounding from reaching past the last id that has any probability.
    goal = uniform[:, None] * rows[:, -1:] * (1 - 1e-6)
    row = jnp.sum(rows <= goal, axis=-1, keepdims=True)
    before = jnp.where(row > 0, jnp.take_along_axis(rows, jnp.maximum(row - 1, 0), -1), 0)
    running = jnp.cumsum(jnp.take_along_axis(table, row[..., None], axis=1)[:, 0], axis=-1)
    # The same margin again: the row's own sum may have been rounded up.
    within = jnp.minimum(goal - before, running[:, -1:] * (1 - 1e-6))
    return row[:, 0] * width + jnp.sum(running <= within, axis=-1)
