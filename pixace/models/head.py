"""What language models do with their head, the last map, whose weights are named `head/…`.

It stands apart from all before it: the loss goes over it in chunks, and the array (batch, length,
vocab_size) never exists.
"""

from collections import OrderedDict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, TokenBatch
from pixace.layers.cross_entropy import cross_entropy
from pixace.layers.matmul import matmul_f32
from pixace.models.language_model import LanguageModel, Weights


def narrowed(weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
    """As `LanguageModel.narrowed`."""
    return OrderedDict(
        (name, leaf[..., ids] if name.startswith("head/") else leaf)
        for name, leaf in weights.items()
    )


def nats_of_tokens(
    model: LanguageModel, weights: Weights, tokens: TokenBatch, dtype: Any
) -> Float[Array, "batch pixels"]:
    """What `loss` sums, of each token behind the prefix; holds all logits of these rows."""
    hidden = model.hidden(model.cast(weights, dtype), tokens)[:, model.prefix :]
    kernel = jnp.asarray(weights["head/kernel"]).astype(dtype)
    flat = hidden.reshape(-1, hidden.shape[-1]).astype(dtype)
    odds = jax.nn.log_softmax(matmul_f32(flat, kernel, (1, 0)) + weights["head/bias"])
    ids = jnp.asarray(tokens)[:, model.prefix :].ravel()
    return -jnp.take_along_axis(odds, ids[:, None], 1).reshape(hidden.shape[:2])


def loss(
    model: LanguageModel,
    weights: Weights,
    tokens: TokenBatch,
    token_weights: Float[Array | np.ndarray, "batch length"],
    key: Key | None,
    dtype: Any,
) -> Float[Array, ""]:
    """As `LanguageModel.loss`."""
    hidden = model.hidden(model.cast(weights, dtype), tokens, key)[:, model.prefix :]
    flat = hidden.reshape(-1, hidden.shape[-1])
    ids, shares = (each[:, model.prefix :].ravel() for each in (tokens, token_weights))
    w, b = weights["head/kernel"], weights["head/bias"]
    return cross_entropy(flat, w, b, ids, shares, dtype)
