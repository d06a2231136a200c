"""Matrix products in a chosen type, on the fastest path that XLA has for them.

Operands in bfloat16 with sums in float32 are what the matrix units of today's processors take. On
a CPU that has such units, XLA uses them only if the product asks for float32 and if neither operand
has to be transposed; so the gradient of the weights, which needs the inputs transposed, has
them transposed beforehand, in a way that XLA does not fold back into the product.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

TILE = 16
BLOCK = 16  # rows of a product that must not depend on their number
ONES = 16  # rows of a product of which one is used: a whole tile is faster than a single row


def on_cpu() -> bool:
    """Whether programs traced now will run on a CPU."""
    return jax.default_backend() == "cpu"


def affine(
    x: Float[Array, "*leading k"], w: Float[Array, "k n"], b: Float[Array, " n"] | None = None
) -> Float[Array, "*leading n"]:
    """`x @ w + b`, computed in the type of `w`.

    Args:
      x: of any type; rounded to that of `w`. With a single token of each picture, (batch, 1, k),
        no row's result depends on the size of the batch.
      w: float32 or bfloat16.
      b: float32, or None for no bias.

    Returns:
      In the type of `w`; float32 for single tokens on a CPU. Sums are float32.
    """
    b = jnp.zeros(w.shape[1]) if b is None else b
    if not on_cpu():
        return jnp.dot(x.astype(w.dtype), w) + b.astype(w.dtype)
    flat = x.reshape(-1, x.shape[-1]).astype(w.dtype)
    out = _row_by_row(flat, w, b) if x.shape[1:-1] == (1,) else _affine(flat, w, b)
    return out.reshape(*x.shape[:-1], w.shape[1])


def _row_by_row(x: Array, w: Array, b: Array) -> Array:
    """`_affine`, with each row independent of the number of rows, to the last bit.

    Other numbers of rows go through other kernels, which add in another order; now and then that
    draws another token. So they go through the same one, a block at a time, filled up with zeros.
    And the result stays float32: whether XLA really rounds it to bfloat16 depends on what it fuses.
    """
    rows = len(x)
    x = jnp.pad(x, ((0, -rows % BLOCK), (0, 0)))
    blocks = [matmul_f32(x[start : start + BLOCK], w, (1, 0)) for start in range(0, len(x), BLOCK)]
    return jnp.concatenate(blocks)[:rows] + b


def transposed(x: Float[Array, "m n"]) -> Float[Array, "n m"]:
    """`x.T`, as an array of its own: tile by tile, since XLA folds a plain one into the product."""
    rows, columns = x.shape
    if rows % TILE or columns % TILE:
        return x.T
    tiles = x.reshape(rows // TILE, TILE, columns // TILE, TILE).transpose(2, 0, 3, 1)
    tiles = jax.lax.optimization_barrier(tiles)
    return tiles.transpose(0, 2, 1, 3).reshape(columns, rows)


def matmul_f32(
    a: Array, b: Array, contract: tuple[int, int], batch: int = 0
) -> Float[Array, "..."]:
    """A product over one axis of each, `batch` leading axes shared, summed in float32."""
    shared = tuple(range(batch))
    axes = ((contract[0],), (contract[1],)), (shared, shared)
    return jax.lax.dot_general(a, b, axes, preferred_element_type=jnp.float32)


def gradients_of_affine(
    x: Float[Array, "m k"], d_out: Float[Array, "m n"]
) -> tuple[Float[Array, "k n"], Float[Array, " n"]]:
    """Gradients of the matrix and of the bias, from that of what `affine` gave.

    The latter as a product, as XLA is slow to sum over rows.
    """
    above = transposed(x) if x.dtype == jnp.bfloat16 else x.T
    ones = jnp.ones((ONES, len(x)), x.dtype)
    return matmul_f32(above, d_out, (1, 0)), matmul_f32(ones, d_out, (1, 0))[0]


@jax.custom_vjp
def _affine(x: Array, w: Array, b: Array) -> Array:
    return (matmul_f32(x, w, (1, 0)) + b).astype(w.dtype)


def _forward(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
    return _affine(x, w, b), (x, w)


def _backward(kept: tuple[Array, Array], d_out: Array) -> tuple[Array, Array, Array]:
    x, w = kept
    dw, db = gradients_of_affine(x, d_out)
    return matmul_f32(d_out, w, (1, 1)).astype(x.dtype), dw.astype(w.dtype), db


_affine.defvjp(_forward, _backward)
