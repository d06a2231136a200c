"""What a language model makes of whole pictures: the mean of its features, layer by layer."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from pixace.arrays import Tokens
from pixace.device_arrays import TokenBatch
from pixace.models.language_model import LanguageModel, Weights
from pixace.runtime.progress import progress_bar


def layer_features(
    model: LanguageModel,
    weights: Weights,
    tokens: Tokens,
    *,
    batch_size: int = 16,
    dtype: Any = jnp.float32,
    progress: bool = False,
) -> Float32[np.ndarray, "layers n d"]:
    """The mean over a picture's positions of the features of each layer, in one pass.

    Layer 0 is what goes into the first block, layer k what block k gives. A model of captions is
    given none, so no label is in these numbers but by what the picture shows.

    Args:
      model: a language model.
      weights: its own.
      tokens: of the pictures, without words.
      batch_size: pictures at a time; no influence on the result but for rounding.
      dtype: of the operands of products.
      progress: a live bar on stderr.

    Source: Chen et al. 2020, "Generative Pretraining from Pixels", section 2.4: their features
    are normalised as the next block reads them, ours as the head does, which to a linear classifier
    of standardised features is the same.
    """
    found = []
    with progress_bar("reading", len(tokens), " pictures", progress=progress) as bar:
        for begin in range(0, len(tokens), batch_size):
            rows = tokens[begin : begin + batch_size]
            filled = np.pad(rows, ((0, batch_size - len(rows)), (model.prefix, 0)))
            found.append(np.asarray(_means(model, dtype, weights, filled))[:, : len(rows)])
            bar.update(len(rows))
    return np.concatenate(found, axis=1)


def last_layer(model: LanguageModel, weights: Weights) -> int:
    """The number of the last layer, which is that of the blocks."""
    row = jax.ShapeDtypeStruct((1, model.length), jnp.int32)
    return len(jax.eval_shape(model.by_block, weights, row)) - 1


@partial(jax.jit, static_argnums=(0, 1))
def _means(
    model: LanguageModel, dtype: Any, weights: Weights, rows: TokenBatch
) -> Float[Array, "layers batch d"]:
    handed = model.by_block(model.cast(weights, dtype), rows)
    return jnp.stack([each[:, model.prefix :].mean(1) for each in handed])
