"""One signature for all language models: pure functions of weights that have names.

A sampler, a training and an evaluation know this and nothing else, so that a model may be built of
whatever layers it likes, with a head of whatever kind.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from pixace.device_arrays import Key, Logits, TokenBatch
from pixace.layers.window import Window

# Arrays by role, such as `blocks/3/attention/query/kernel`, in an order that is the model's own.
Weights = Mapping[str, Array | np.ndarray]
Shapes = Mapping[str, jax.ShapeDtypeStruct]
Features = tuple[Float[Array, "batch length d"], ...]
LmState = Any  # what `decode_step` remembers: a tree of arrays


@runtime_checkable
class LanguageModel(Protocol):
    """A network that gives, for each position, the probabilities of its token.

    It knows the tokens before it and no others. All functions are pure; wrap them in `jax.jit` as
    you like, in any thread. Two models are equal, and hash alike, if they are built alike: then
    they run the same programs.

    Attributes:
      kind: the name by which `pixace.models` knows it.
      vocab_size: how many ids pictures have; they are 0 … vocab_size-1, and 0 is the start. Words
        have the ids after these; the head never gives any of them.
      length: tokens of one row, words and picture.
      prefix: how many tokens of a row are words, in front of the picture.
      window: what a token attends to; None means all before it.
    """

    def __hash__(self) -> int: ...
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def vocab_size(self) -> int: ...  # noqa: D102
    @property
    def length(self) -> int: ...  # noqa: D102
    @property
    def prefix(self) -> int: ...  # noqa: D102
    @property
    def window(self) -> Window | None: ...  # noqa: D102

    @property
    def shapes(self) -> Shapes:
        """What weights look like: the same names, with shapes and types for arrays."""
        ...

    def init(self, key: Key) -> Weights:
        """New weights, float32, from the model's initializers; give it a fresh key."""
        ...

    def cast(self, weights: Weights, dtype: Any) -> Weights:
        """The same weights, with the matrices of all products in another type.

        Embeddings, positions, normalisations and biases stay as they are: each of their entries is
        the sum of very many gradients, and they cost little.
        """
        ...

    def narrowed(self, weights: Weights, ids: Int[Array | np.ndarray, " some"]) -> Weights:
        """The same weights, with a head for some ids only, in this order."""
        ...

    def hidden(
        self, weights: Weights, tokens: TokenBatch, key: Key | None = None
    ) -> Float[Array, "batch length d"]:
        """Features of each position, made from the tokens before it and no others.

        Args:
          weights: as `init` gives them, or as `cast` does.
          tokens: rows of ids, those of words in the first `prefix` columns.
          key: draws the dropout; None means no dropout.

        Returns:
          Features, float32; `logits` reads them.
        """
        ...

    def by_block(self, weights: Weights, tokens: TokenBatch) -> Features:
        """The same, without dropout, for each block: what goes into the first, and what each gives.

        All of them are normalised as the head reads them, so the last are those of `hidden`.

        Args:
          weights: as `init` gives them, or as `cast` does.
          tokens: rows of ids, those of words in the first `prefix` columns.
        """
        ...

    def logits(
        self, weights: Weights, hidden: Float[Array, "*leading d"]
    ) -> Float[Array, "*leading vocab"]:
        """Logits (natural logarithm, not normalised) from features of any leading shape."""
        ...

    def loss(
        self,
        weights: Weights,
        tokens: TokenBatch,
        token_weights: Float[Array | np.ndarray, "batch length"],
        key: Key | None,
        dtype: Any,
    ) -> Float[Array, ""]:
        """Negative log-likelihood in nats, summed with the tokens' weights.

        Words in front of the pictures cost nothing. Products are computed in `dtype`; everything
        between them, and the gradients, in float32.

        Args:
          weights: as `init` gives them, float32.
          tokens: rows of ids.
          token_weights: float32, how much each token counts; 0 for those that do not.
          key: draws the dropout; None means no dropout.
          dtype: float32 or bfloat16.
        """
        ...

    def start(self, batch: int, capacity: int | None = None) -> LmState:
        """The memory of a sampler that has seen nothing yet.

        Args:
          batch: pictures.
          capacity: tokens that fit in; None for all of a row.
        """
        ...

    def widened(self, state: LmState, capacity: int) -> LmState:
        """The same memory, with room for so many tokens; short caches are quick to read."""
        ...

    def joined(self, states: Sequence[LmState]) -> LmState:
        """One memory of the pictures of several, which remember equally many tokens."""
        ...

    def prefill(self, weights: Weights, state: LmState, tokens: TokenBatch) -> LmState:
        """Takes the first tokens in one pass: what as many decode steps would remember.

        Args:
          weights: as `init` gives them.
          state: from `start`.
          tokens: 0, and then tokens of the pictures, one fewer than the memory has room for.
        """
        ...

    def decode_step(
        self, weights: Weights, state: LmState, token: Int[Array, " batch"]
    ) -> tuple[Logits, LmState]:
        """Takes one token, gives the logits of the next one.

        Args:
          weights: as `init` gives them.
          state: from `start`, or from the step before.
          token: 0 at first, then each token as it was drawn; at most `length` calls.

        Returns:
          Logits (batch, vocab_size) and the new state.
        """
        ...
