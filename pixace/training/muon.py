"""Muon: momentum made orthogonal, for the matrices inside of a network.

A gradient of a matrix is mostly a few directions that are large already. Muon makes all of its
singular values alike, so that a step moves every direction by about as much.

Matrices of one shape go through the iteration together, in bfloat16: so it costs a few hundredths
of a step.

Sources: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al.
2025, "Muon is scalable for LLM training", for the scale of a step; Boissin et al. 2025,
"Turbo-Muon", for the first iteration's preconditioning, which saves one.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from pixace.layers.matmul import matmul_f32

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of x, of x x' x and of its square: Jordan's
ITERATIONS = 4
MOMENTUM = 0.95
FIRST_MOMENTUM, WARMUP = 0.85, 300  # early gradients are soon out of date
RMS = 0.2  # of a step's entries at rate 1: about AdamW's, so that its rates will do


class MuonState(NamedTuple):
    """Steps done, int32 scalar, and the moving average of the gradients."""

    step: Array
    momentum: Any


def scale_by_muon() -> optax.GradientTransformation:
    """Turns gradients of matrices, (..., inputs, outputs), into orthogonal steps."""

    def init(weights: Any) -> MuonState:
        return MuonState(jnp.zeros((), jnp.int32), optax.tree.zeros_like(weights))

    def update(gradients: Any, state: MuonState, weights: Any = None) -> tuple[Any, MuonState]:
        part = jnp.minimum(state.step / WARMUP, 1.0)
        beta = FIRST_MOMENTUM + (MOMENTUM - FIRST_MOMENTUM) * part
        momentum = optax.incremental_update(gradients, state.momentum, 1 - beta)
        ahead = optax.incremental_update(gradients, momentum, 1 - beta)  # Nesterov's
        return _by_shape(ahead), MuonState(state.step + 1, momentum)

    return optax.GradientTransformation(init, update)


def _by_shape(tree: Any) -> Any:
    """All matrices of a tree made orthogonal, those of one shape at once."""
    leaves = jax.tree.leaves(tree)
    wide = [leaf if leaf.shape[-2] <= leaf.shape[-1] else leaf.mT for leaf in leaves]
    places = defaultdict(list)
    for place, leaf in enumerate(wide):
        places[leaf.shape[-2:]].append(place)
    for (rows, columns), several in places.items():
        parts = [wide[place].reshape(-1, rows, columns) for place in several]
        steps = orthogonal(jnp.concatenate(parts)) * (RMS * columns**0.5)
        ends = [sum(len(part) for part in parts[: n + 1]) for n in range(len(parts))]
        for place, part in zip(several, jnp.split(steps, ends[:-1]), strict=True):
            wide[place] = part.reshape(wide[place].shape)
    pairs = zip(wide, leaves, strict=True)
    done = [new if new.shape == old.shape else new.mT for new, old in pairs]
    return jax.tree.unflatten(jax.tree.structure(tree), done)


def orthogonal(
    x: Float[Array, "n rows columns"], dtype: DTypeLike = jnp.bfloat16
) -> Float[Array, "n rows columns"]:
    """Nearly the orthogonal matrices next to some, by Newton and Schulz: singular values near 1.

    Args:
      x: matrices, no higher than wide.
      dtype: of the products' operands; sums are float32.
    """

    def product(a: Array, b: Array, axis: int) -> Array:
        return matmul_f32(a.astype(dtype), b.astype(dtype), (2, axis), batch=1)

    linear, cubic, quintic = COEFFICIENTS
    x /= jnp.linalg.norm(x, axis=(1, 2), keepdims=True) + 1e-30  # of any size, to begin with
    for iteration in range(ITERATIONS):
        gram = product(x, x, 2)
        if iteration == 0:
            # No singular value stays above 1, and few are far below: no row is long.
            scale = jax.lax.rsqrt(jnp.abs(gram).sum(2, keepdims=True) + 1e-30)
            x, gram = x * scale, gram * scale * scale.mT
        x = linear * x + product(cubic * gram + quintic * product(gram, gram, 1), x, 1)
    return x
