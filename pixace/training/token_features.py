"""What tokens have in common, told to a model while it learns.

A table of thousands of colours is learned row by row, though all colours are points of one space:
what a batch says of a red says nothing of the red beside it. So training adds to the rows of the
embedding, and to the columns of the head, a linear map of fixed features of each token:

    embedding = table + F @ u,   head = table + v @ F',   bias = bias + F @ g

What comes of it are the weights of an ordinary model. The maps are known to the training and its
checkpoints alone.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pixace.device_arrays import Key
from pixace.models.language_model import Weights
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import Tokenizer

IN, OUT, BIAS = "features/embedding", "features/head", "features/bias"
WIDTHS = (1.0, 4.0, 12.0)  # of the random directions: from slow to quick changes over the space
SCALE = 8.0
INITIAL = 0.15  # standard deviation of the embedding's map
TIED = 0.3  # of the embedding's map, transposed, is the head's


@dataclass(frozen=True)
class TokenFeatures:
    """Features of a tokenizer's ids, and the maps that a training learns of them.

    Attributes:
      tokenizer: whose ids; it has `points`.
      count: how many features.
    """

    tokenizer: Tokenizer
    count: int

    @cached_property
    def values(self) -> Float[np.ndarray, "vocab features"]:
        """Float32 features; zeros for the special ids, which are nowhere."""
        points = self.tokenizer.points
        assert points is not None  # `features_of` makes none otherwise
        return fourier(points, self.count)

    def added(self, weights: Weights, key: Key) -> Weights:
        """A new model's weights with maps, and with a head that guesses what is like the input.

        The pixel beside another is mostly like it. So the head begins as the embedding's mirror,
        and what comes through the blocks unchanged makes alike tokens likely.

        Args:
          weights: as the model draws them.
          key: draws the embedding's map.
        """
        head, width = weights["head/kernel"], weights["embedding/table"].shape[1]
        into = INITIAL * jax.random.normal(key, (self.count, width))
        streams = head.shape[0] // width  # a reformer has two
        return OrderedDict(
            {**weights, "head/kernel": jnp.zeros(head.shape)}
            | {
                IN: into,
                OUT: TIED / streams * jnp.tile(into.T, (streams, 1)),
                BIAS: jnp.zeros(self.count),
            }
        )

    def silent(self, weights: Weights) -> Weights:
        """A trained model's weights with maps that add nothing yet."""
        inner, width = weights["head/kernel"].shape[0], weights["embedding/table"].shape[1]
        maps = {
            IN: jnp.zeros((self.count, width)),
            OUT: jnp.zeros((inner, self.count)),
            BIAS: jnp.zeros(self.count),
        }
        return OrderedDict({**weights, **maps})

    def baked(
        self, weights: Weights, values: Float[Array | np.ndarray, "vocab features"]
    ) -> Weights:
        """The weights of an ordinary model, to which all maps are added; linear in the weights.

        Args:
          weights: as `added` gives them.
          values: the features, on the device.
        """
        plain: OrderedDict[str, Any] = OrderedDict(weights)
        u, v, g = (plain.pop(name) for name in (IN, OUT, BIAS))
        rest = len(plain["embedding/table"]) - len(values)  # words, which have no features
        plain["embedding/table"] += jnp.pad(values @ u, ((0, rest), (0, 0)))
        plain["head/kernel"] += v @ values.T
        plain["head/bias"] += values @ g
        return plain


def features_of(tokenizer: Tokenizer, count: int) -> TokenFeatures | None:
    """So many features of a tokenizer's ids; None if none are wanted, or nothing is known."""
    return TokenFeatures(tokenizer, count) if count and tokenizer.points is not None else None


def fourier(points: Float[np.ndarray, "ids axes"], count: int) -> Float[np.ndarray, "vocab count"]:
    """Sines and cosines along random directions: near points look alike, each is told from others.

    Args:
      points: of the ids behind the special ones.
      count: how many features; even.

    Source: Rahimi and Recht 2007; Tancik et al. 2020, "Fourier features let networks learn high
    frequency functions".
    """
    half = count // 2
    # Of NumPy's generators the one whose numbers never change: checkpoints rely on them.
    normal = np.random.RandomState(0).standard_normal((points.shape[1], half))
    angles = points @ (normal * np.resize(WIDTHS, half))
    waves = np.hstack([np.sin(angles), np.cos(angles)]) * (SCALE / np.sqrt(half))
    return np.pad(waves, ((FIRST_ID, 0), (0, 0))).astype(np.float32)
