"""How likely a language model finds pictures: nats per token, and bits per pixel."""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.arrays import Tokens
from pixace.data.batches import Batch, in_order
from pixace.data.token_set import TokenSet
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.models import head
from pixace.models.language_model import LanguageModel, Weights
from pixace.text.prefixes import Prefixes
from pixace.tokenizers import Tokenizer

NEVER = -1e9  # a logit


@dataclass(frozen=True)
class Likelihood:
    """The cost of pictures, as negative log-likelihood.

    Attributes:
      nats_per_token: over the tokens of pictures; words in front of them cost nothing.
      bits_per_pixel: the same, spread over the pixels, not counted by channel.
    """

    nats_per_token: float
    bits_per_pixel: float


def evaluate(
    model: LanguageModel,
    weights: Weights,
    data: TokenSet,
    evaluation_set: EvaluationSet,
    *,
    prefixes: Prefixes | None = None,
    batch_size: int = 8,
    dtype: Any = jnp.float32,
) -> Likelihood:
    """Measures a model once.

    Args:
      model: what is evaluated.
      weights: its own.
      data: token set of the model's tokenizer.
      evaluation_set: which of its pictures.
      prefixes: words in front of each picture of the part; None for none, with which a model of
        captions is evaluated as one that draws without a caption.
      batch_size: pictures at a time; no influence on the result but for rounding.
      dtype: of the operands of products.
    """
    loss = validation_loss(model, dtype=dtype)
    nats = loss(weights, batches(model, data, evaluation_set, batch_size, prefixes))
    height, width = data.tokenizer.size
    return Likelihood(nats, bits_per_pixel(nats, data.tokenizer.length, height * width))


def costs(
    model: LanguageModel,
    weights: Weights,
    data: TokenSet,
    evaluation_set: EvaluationSet,
    *,
    by_token: bool = False,
    prefixes: Prefixes | None = None,
    batch_size: int = 8,
    dtype: Any = jnp.float32,
) -> Float[np.ndarray, "pictures *length"]:
    """The nats of each picture, or of each of its tokens, in the order of the row; float64.

    The odds are those that a sampler draws with: they are shared out among the ids that can occur,
    so those of all possible pictures sum to 1. The arguments are those of `evaluate`.
    """
    measure = _nats_of_tokens if by_token else _nats_of_rows
    weights = _shared_out(weights, data.tokenizer)
    chosen = batches(model, data, evaluation_set, batch_size, prefixes)
    every = [np.asarray(measure(model, dtype, weights, batch)) for batch in chosen]
    return np.concatenate(every)[: evaluation_set.pictures].astype(np.float64)


def costs_of_tokens(
    model: LanguageModel,
    weights: Weights,
    tokenizer: Tokenizer,
    pictures: Tokens,
    prefix: Int[np.ndarray, " _"] | None = None,
    *,
    dtype: Any = jnp.float32,
) -> Float[np.ndarray, "pictures length"]:
    """The nats of each token of some rows, as `costs`.

    Args:
      model: what is evaluated.
      weights: its own.
      tokenizer: of the rows.
      pictures: rows, without words.
      prefix: words in front of each; None for none.
      dtype: of the operands of products.
    """
    words = np.zeros(model.prefix, np.int32) if prefix is None else prefix
    rows = np.hstack([np.tile(words, (len(pictures), 1)), pictures]).astype(np.int32)
    batch = Batch(rows, np.ones(rows.shape, np.float32))
    found = _nats_of_tokens(model, dtype, _shared_out(weights, tokenizer), batch)
    return np.asarray(found).astype(np.float64)


def _shared_out(weights: Weights, tokenizer: Tokenizer) -> Weights:
    """Weights that find only the ids likely that can occur."""
    bias = np.where(tokenizer.allowed, np.asarray(weights["head/bias"]), NEVER)
    return OrderedDict({**weights, "head/bias": jnp.asarray(bias, jnp.float32)})


def batches(
    model: LanguageModel,
    data: TokenSet,
    evaluation_set: EvaluationSet,
    size: int,
    prefixes: Prefixes | None = None,
) -> Iterator[Batch]:
    """The pictures of an evaluation in rows of the model's length, as `evaluate` takes them."""
    split = data.split(evaluation_set.part)
    for batch in in_order(split, size, evaluation_set.pictures, prefixes):
        if model.prefix and prefixes is None:
            yield Batch(*(np.pad(part, ((0, 0), (model.prefix, 0))) for part in batch))
        else:
            yield batch


def validation_loss(
    model: LanguageModel, *, dtype: Any = jnp.float32
) -> Callable[[Weights, Iterable[Batch]], float]:
    """Builds the function that gives the nats per token over some batches, without dropout."""

    def whole(weights: Weights, batches: Iterable[Batch]) -> float:
        parts = [_nats_and_tokens(model, dtype, weights, batch) for batch in batches]
        nats, tokens = np.array(parts, np.float64).sum(axis=0)
        return float(nats / tokens)

    return whole


@partial(jax.jit, static_argnums=(0, 1))
def _nats_and_tokens(
    model: LanguageModel, dtype: Any, weights: Weights, batch: Batch
) -> Float[Array, "2"]:
    return jnp.stack([model.loss(weights, *batch, None, dtype), batch.weights.sum()])


@partial(jax.jit, static_argnums=(0, 1))
def _nats_of_tokens(
    model: LanguageModel, dtype: Any, weights: Weights, batch: Batch
) -> Float[Array, "rows length"]:
    def one(row: Array) -> Array:
        return head.nats_of_tokens(model, weights, row[None], dtype)[0]

    return jax.lax.map(one, jnp.asarray(batch.tokens))


@partial(jax.jit, static_argnums=(0, 1))
def _nats_of_rows(
    model: LanguageModel, dtype: Any, weights: Weights, batch: Batch
) -> Float[Array, " rows"]:
    def one(tokens: Array, shares: Array) -> Array:
        return model.loss(weights, tokens[None], shares[None], None, dtype)

    return jax.vmap(one)(*batch)


def bits_per_pixel(nats_per_token: float, length: int, pixels: int) -> float:
    """The cost of a picture in bits, spread over its pixels.

    Args:
      nats_per_token: mean negative log-likelihood, natural logarithm.
      length: tokens of one picture.
      pixels: pixels of one picture, not counted by channel.
    """
    return nats_per_token / math.log(2) * length / pixels
