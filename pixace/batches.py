"""Batches of tokens in a seeded order that one integer resumes.

Every epoch is a fresh permutation drawn from (seed, epoch) by a counter-based generator; epochs
follow each other without a gap, and batch `step` is simply rows `step * size … (step+1) * size - 1`
of that endless stream. So nothing has to be saved but the step, and an interrupted training sees
exactly the batches of one that never stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pixace.tokenset import Split

PADDING = 0


class Batch(NamedTuple):
    """Tokens int32 `(batch, length)` and the weight of each in the loss, float32, same shape."""

    tokens: Any  # NumPy's until the step is traced, then JAX's
    weights: Any


@dataclass(frozen=True)
class Batches:
    """The endless stream of training batches.

    Attributes:
      split: rows to draw from.
      size: rows in a batch, over all devices; may exceed the rows there are.
      seed: of the permutations.
    """

    split: Split
    size: int
    seed: int = 0

    def batch(self, step: int) -> Batch:
        """Batch number `step`, counted from 0."""
        count = len(self.split)
        places = np.arange(step * self.size, (step + 1) * self.size)
        rows = np.empty(self.size, np.int64)
        for epoch in np.unique(places // count):
            here = places // count == epoch
            rows[here] = _permutation(self.seed, int(epoch), count)[places[here] % count]
        return _batch(self.split.rows(rows))


def in_order(split: Split, size: int, limit: int | None = None) -> Iterator[Batch]:
    """Goes through the first `limit` rows once; the last batch is filled up with weightless rows.

    All batches have the same shape, so that one compiled program serves them.
    """
    count = min(len(split), limit or len(split))
    for start in range(0, count, size):
        batch = _batch(split.rows(np.arange(start, min(start + size, count))))
        short = size - len(batch.tokens)
        yield Batch(*(np.pad(part, ((0, short), (0, 0))) for part in batch))


def _batch(tokens: np.ndarray) -> Batch:
    return Batch(tokens, (tokens != PADDING).astype(np.float32))


@lru_cache(maxsize=2)  # a batch straddles two epochs at most, unless the set is tiny
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    # Two words of 64 bits make Philox's key: no two epochs of any seed share a stream.
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, epoch], np.uint64)))
    return generator.permutation(count)
