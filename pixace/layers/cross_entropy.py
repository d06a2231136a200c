"""The loss behind the head, in chunks: the logits of all tokens never exist at once.

A chunk's logits are made, used for the loss and for all gradients, and dropped: the backward pass
has nothing to do but to multiply. It costs a product less than making the logits again.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from pixace.layers.matmul import gradients_of_affine, matmul_f32, on_cpu

CHUNK = 1 << 22  # logits at a time on a CPU, 16 MB
CHUNK_ELSEWHERE = 1 << 26

Three = tuple[Array, Array, Array]


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def cross_entropy(
    hidden: Float[Array, "tokens d"],
    w: Float[Array, "d vocab"],
    b: Float[Array, " vocab"],
    ids: Int[Array, " tokens"],
    weights: Float[Array, " tokens"],
    dtype: DTypeLike,
) -> Float[Array, ""]:
    """Negative log-likelihood in nats, summed over the tokens with their weights.

    Args:
      hidden: features, of any type.
      w: the head's matrix, float32.
      b: the head's bias, float32.
      ids: the true ids, 0 … vocab-1.
      weights: of the tokens; they have no gradient.
      dtype: of the products' operands, float32 or bfloat16; all else is float32.
    """

    def add(loss: Array, chunk: Three) -> tuple[Array, None]:
        x, ids, weights = chunk
        logits = matmul_f32(x, cast, (1, 0)) + b
        return loss + _nats(logits, jax.nn.logsumexp(logits, -1), ids, weights), None

    cast = w.astype(dtype)
    chunks = _chunks(w.shape[1], hidden.astype(dtype), ids, weights)
    return jax.lax.scan(add, jnp.zeros(()), chunks)[0]


def _forward(
    hidden: Array, w: Array, b: Array, ids: Array, weights: Array, dtype: DTypeLike
) -> tuple[Array, Three]:
    def add(so_far: Three, chunk: Three) -> tuple[Three, Array]:
        loss, dw, db = so_far
        x, ids, weights = chunk
        logits = matmul_f32(x, cast, (1, 0)) + b
        most = logits.max(-1, keepdims=True)
        log_sum = most + jnp.log(jnp.exp(logits - most).sum(-1, keepdims=True))
        is_true = jax.lax.broadcasted_iota(ids.dtype, logits.shape, 1) == ids[:, None]
        d_logits = ((jnp.exp(logits - log_sum) - is_true) * weights[:, None]).astype(dtype)
        dw, db = jax.tree.map(jnp.add, (dw, db), gradients_of_affine(x, d_logits))
        loss += _nats(logits, log_sum[:, 0], ids, weights)
        return (loss, dw, db), matmul_f32(d_logits, cast, (1, 1)).astype(hidden.dtype)

    cast = w.astype(dtype)
    zero = jnp.zeros(()), jnp.zeros(w.shape), jnp.zeros(b.shape)
    chunks = _chunks(w.shape[1], hidden.astype(dtype), ids, weights)
    (loss, dw, db), d_hidden = jax.lax.scan(add, zero, chunks)
    return loss, (d_hidden.reshape(hidden.shape), dw, db)


def _backward(dtype: DTypeLike, gradients: Three, d_loss: Array) -> tuple[Array | None, ...]:
    scaled = (each * d_loss.astype(each.dtype) for each in gradients)
    return *scaled, None, None


cross_entropy.defvjp(_forward, _backward)


def _nats(logits: Array, log_sum: Array, ids: Array, weights: Array) -> Array:
    true = jnp.take_along_axis(logits, ids[:, None], 1)[:, 0]
    return jnp.sum((log_sum - true) * weights)


def _chunks(vocab: int, x: Array, ids: Array, weights: Array) -> Three:
    """Cuts the tokens into equal chunks, as few as fit."""
    tokens = len(ids)
    most = max(1, (CHUNK if on_cpu() else CHUNK_ELSEWHERE) // vocab)
    parts = next(n for n in range(-(-tokens // most), tokens + 1) if tokens % n == 0)
    shape = (parts, tokens // parts)
    return x.reshape(*shape, -1), ids.reshape(shape), weights.reshape(shape)
