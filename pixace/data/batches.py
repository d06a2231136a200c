"""Batches of rows in a seeded order that one integer resumes: words, if any, and a picture.

Every epoch is a fresh permutation drawn from (seed, epoch) by a counter-based generator; epochs
follow each other without a gap, and batch `step` is simply rows `step * size … (step+1) * size - 1`
of that endless stream. Which of its captions a picture gets, or none, with which of its words, and
how it is changed, is drawn the same way for each epoch. So nothing has to be saved but the step,
and an interrupted training sees exactly the batches of one that never stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pixace.data.augmentation import NUMBERS, Augmentation
from pixace.data.shards import Split
from pixace.spacing import evenly
from pixace.special_tokens import PADDING
from pixace.text.prefixes import Prefixes, thinned


class Stream(NamedTuple):
    """Random numbers of an epoch: a place of the counter that no other comes to, and how many."""

    start: int  # the permutation begins at 0
    numbers: int  # for each row


CAPTIONS = Stream(1, 2)  # which of its captions a picture gets, and whether it gets one at all
CHANGES = Stream(2, NUMBERS)
WORDS_START = 3  # how many of its words are left out, and which


class Batch(NamedTuple):
    """Rows int32 `(batch, length)` and each token's weight in the loss, float32, same shape.

    A row is the words in front of a picture, which weigh nothing, and the picture.
    """

    tokens: Any  # NumPy's until the step is traced, then JAX's
    weights: Any


@dataclass(frozen=True)
class Batches:
    """The endless stream of training batches.

    Attributes:
      split: rows to draw from.
      size: rows in a batch, over all devices; may exceed the rows there are.
      seed: of the permutations.
      prefixes: the words in front of the pictures, for each row of the split; None for none.
      drop: share of the pictures that come without their words.
      augmentation: how pictures are changed; None leaves them as they are.
      drop_words: the largest share of a caption's words that may be left out.
    """

    split: Split
    size: int
    seed: int = 0
    prefixes: Prefixes | None = None
    drop: float = 0.0
    augmentation: Augmentation | None = None
    drop_words: float = 0.0

    def batch(self, step: int) -> Batch:
        """Batch number `step`, counted from 0."""
        count = len(self.split)
        places = np.arange(step * self.size, (step + 1) * self.size)
        rows = np.empty(self.size, np.int64)
        luck = {stream: np.zeros((self.size, stream.numbers)) for stream in self._streams}
        for epoch in np.unique(places // count):
            here = places // count == epoch
            rows[here] = _permutation(self.seed, int(epoch), count)[places[here] % count]
            for stream, numbers in luck.items():
                numbers[here] = _luck(self.seed, int(epoch), count, stream)[rows[here]]
        pictures = self.split.rows(rows)
        if self.augmentation is not None:
            pictures = self.augmentation.changed(pictures, luck[CHANGES])
        if self.prefixes is None:
            return _batch(pictures)
        which, whether = luck[CAPTIONS].T
        words = self.prefixes.rows(rows, which)
        if self.drop_words:
            words = thinned(words, luck[self._words], self.drop_words)
        return _batch(pictures, np.where(whether[:, None] < self.drop, PADDING, words))

    @property
    def _streams(self) -> Iterator[Stream]:
        """What is drawn for each row."""
        if self.augmentation is not None:
            yield CHANGES
        if self.prefixes is not None:
            yield CAPTIONS
            if self.drop_words:
                yield self._words

    @property
    def _words(self) -> Stream:
        assert self.prefixes is not None
        return Stream(WORDS_START, 1 + self.prefixes.texts.shape[1])


def in_order(
    split: Split, size: int, limit: int | None = None, prefixes: Prefixes | None = None
) -> Iterator[Batch]:
    """Goes once through all rows, or through `limit` that are evenly spread over them.

    The last batch is filled up with weightless rows: all batches have the same shape, so that one
    compiled program serves them. Of several captions a picture always gets the same one.
    """
    chosen = evenly(len(split), limit)
    for start in range(0, len(chosen), size):
        rows = chosen[start : start + size]
        batch = _batch(split.rows(rows), None if prefixes is None else prefixes.rows(rows))
        short = size - len(batch.tokens)
        yield Batch(*(np.pad(part, ((0, short), (0, 0))) for part in batch))


def _batch(pictures: np.ndarray, words: np.ndarray | None = None) -> Batch:
    weights = (pictures != PADDING).astype(np.float32)
    if words is None:
        return Batch(pictures, weights)
    weightless = np.zeros(words.shape, np.float32)
    return Batch(np.hstack([words, pictures]), np.hstack([weightless, weights]))


@lru_cache(maxsize=2)  # a batch straddles two epochs at most, unless the set is tiny
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    # Two words of 64 bits make Philox's key: no two epochs of any seed share a stream.
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, epoch], np.uint64)))
    return generator.permutation(count)


@lru_cache(maxsize=4)
def _luck(seed: int, epoch: int, count: int, stream: Stream) -> np.ndarray:
    """Numbers in [0, 1) for each row, float64 `(count, stream.numbers)`."""
    counter = [0, 0, 0, stream.start]
    drawn = np.random.Philox(key=np.array([seed, epoch], np.uint64), counter=counter)
    return np.random.Generator(drawn).random((count, stream.numbers))
