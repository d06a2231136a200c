"""What language models do with their head, the last map, whose weights are named `head/…`.

It stands apart from all before it: the loss goes over it in chunks, and the array (batch, length,
vocab_size) never exists.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, TokenBatch
from pixace.layers.cross_entropy import cross_entropy
from pixace.models.language_model import LanguageModel, Weights


def narrowed(weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
    """As `LanguageModel.narrowed`."""
    return OrderedDict(
        (name, leaf[..., ids] if name.startswith("head/") else leaf)
        for name, leaf in weights.items()
    )


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
