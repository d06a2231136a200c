"""Causal attention, step by step."""

from typing import Any

from pixace import trax


def fit_cache(model: Any, length: int) -> Any:
    """Makes Trax's caches `length` long; they are 2048 long whatever the model."""
    for part in model.sublayers:
        if isinstance(part, trax.DotProductCausalAttention):
            part._max_len = length
        fit_cache(part, length)
    return model
