"""Vector quantisation: the nearest of K codes, and how the codes learn.

Sources: van den Oord et al. 2017, "Neural Discrete Representation Learning" (eq. 2 and 3, and
appendix A.1 for the moving averages); Dhariwal et al. 2020, "Jukebox" (codes that nobody uses are
put where encoder outputs are).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

from pixace.device_arrays import Key

Vectors = Float[Array, "codes d"]
Features = Float[Array, "cells d"]
Ids = Int32[Array, " cells"]

SMOOTHING = 1e-5  # added to counts, so that no code is divided by nothing


class Codes(NamedTuple):
    """The codebook, and how much each code was used of late.

    `vectors` (K, d); `counts` (K,) and `sums` (K, d) are moving averages of how many encoder
    outputs chose a code in a batch, and of their sum.
    """

    vectors: Any
    counts: Any
    sums: Any


def empty(codes: int, dim: int) -> Codes:
    """Codes before the first batch, from which they are then taken."""
    return Codes(jnp.zeros((codes, dim)), jnp.zeros(codes), jnp.zeros((codes, dim)))


def nearest(vectors: Vectors, features: Float[Array, "*cells d"]) -> Int32[Array, "*cells"]:
    """For each feature the code at the smallest Euclidean distance; the first of equals."""
    products = jnp.matmul(features, vectors.T, precision="highest")
    # |z - e|^2 without |z|^2, which is the same for all codes.
    return jnp.argmin(jnp.square(vectors).sum(-1) - 2 * products, axis=-1).astype(jnp.int32)


def straight_through(features: Array, quantised: Array) -> Array:
    """The quantised features, with the gradient going to `features` as if nothing was done."""
    return features + jax.lax.stop_gradient(quantised - features)


def used(ids: Ids, codes: int) -> Float[Array, "cells codes"]:
    """One row for each cell, with 1 at its code."""
    return jax.nn.one_hot(ids, codes, dtype=jnp.float32)


def counted(codes: Codes, features: Features, ids: Ids, decay: float) -> Codes:
    """Moves the averages by one batch; vectors stay.

    N <- decay N + (1 - decay) n,  m <- decay m + (1 - decay) sum z   (appendix A.1, eq. 6 and 7)
    """
    chosen = used(ids, len(codes.vectors))
    sums = jnp.matmul(chosen.T, features, precision="highest")
    return codes._replace(
        counts=decay * codes.counts + (1 - decay) * chosen.sum(0),
        sums=decay * codes.sums + (1 - decay) * sums,
    )


def averaged(codes: Codes) -> Codes:
    """Puts each vector at the mean of what chose it, m / N (eq. 8), with Laplace smoothing of N."""
    total = codes.counts.sum()
    size = len(codes.counts)
    share = (codes.counts + SMOOTHING) / (total + size * SMOOTHING)
    return codes._replace(vectors=codes.sums / (share * total)[:, None])


def revived(
    codes: Codes,
    features: Features,
    weights: Float[Array, " cells"],
    dead: Bool[Array, " codes"],
    initial_count: float | Array,
    key: Key,
) -> Codes:
    """Puts dead codes where encoder outputs are, all different ones if they suffice.

    Args:
      codes: some of them dead.
      features: the encoder outputs of a batch.
      weights: 0 or more, how likely each is to be chosen. Squared distances from the nearest code,
        as k-means++ takes them, put codes where they are missed; chosen evenly, most would fall on
        the backgrounds that fill a picture.
      dead: which ones.
      initial_count: what a revived code begins with.
      key: draws the outputs.
    """
    noise = jax.random.gumbel(key, weights.shape)  # its largest sums are a draw without replacement
    few = min(len(dead), len(features))
    _, best = jax.lax.top_k(jnp.log(jnp.maximum(weights, 1e-30)) + noise, few)
    place = jnp.cumsum(dead) - 1  # the first of the dead gets the first of the chosen
    chosen = features[best[place % few]]
    return Codes(
        vectors=jnp.where(dead[:, None], chosen, codes.vectors),
        counts=jnp.where(dead, initial_count, codes.counts),
        sums=jnp.where(dead[:, None], initial_count * chosen, codes.sums),
    )


def perplexity(counts: Float[Array, " codes"]) -> Float[Array, ""]:
    """How many codes, used equally often, would be as hard to guess: `exp(entropy)`, 1 … K."""
    share = counts / jnp.maximum(counts.sum(), 1e-12)
    return jnp.exp(-jnp.sum(share * jnp.log(jnp.maximum(share, 1e-12))))
