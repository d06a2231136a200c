"""Captions as ids in front of the pictures: which words each row of a split may have."""

from dataclasses import dataclass

import numpy as np

from pixace.spacing import evenly
from pixace.special_tokens import PADDING
from pixace.text.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Prefixes:
    """The words in front of the pictures of one split.

    Attributes:
      texts: each different caption as ids, int32 `(texts, P)`.
      which: for each row the numbers of the captions that it may have, int32 `(rows, choices)`.
    """

    texts: np.ndarray
    which: np.ndarray

    @classmethod
    def of(cls, chosen: list[list[tuple[str, ...]]], vocabulary: Vocabulary) -> "Prefixes":
        """From each row's captions; a row with fewer than others has them repeated."""
        numbers: dict[tuple[str, ...], int] = {(): 0}
        width = max(map(len, chosen), default=1)
        which = np.zeros((len(chosen), width), np.int32)
        for row, captions in zip(which, chosen, strict=True):
            found = [numbers.setdefault(words, len(numbers)) for words in captions] or [0]
            row[:] = np.resize(found, width)
        return cls(np.stack([vocabulary.ids(words) for words in numbers]), which)

    def rows(self, indices: np.ndarray, luck: np.ndarray | None = None) -> np.ndarray:
        """The words of some rows, int32 `(n, P)`.

        Args:
          indices: of the rows.
          luck: numbers in [0, 1) that choose among a row's captions; None takes them in turn.
        """
        width = self.which.shape[1]
        choice = indices % width if luck is None else (luck * width).astype(np.int64)
        return self.texts[self.which[indices, choice]]

    def some(self, count: int) -> np.ndarray:
        """At most `count` different captions, evenly taken, as ids `(n, P)`."""
        different = np.unique(self.which)
        return self.texts[different[evenly(len(different), count)]]


def thinned(words: np.ndarray, luck: np.ndarray, most: float) -> np.ndarray:
    """Captions without some of their words, so that each word is learned by itself, too.

    Of each caption a share is left out that is drawn evenly from 0 to `most`, but never all.

    Args:
      words: ids, `(n, P)`, filled up with `PADDING` behind.
      luck: numbers in [0, 1), `(n, 1 + P)`, which alone decide.
      most: in [0, 1].

    Returns:
      What is left of each, in its order, filled up as before.
    """
    there = words != PADDING
    luck, share = np.where(there, luck[:, 1:], -1.0), luck[:, :1] * most
    kept = there & ((luck >= share) | (luck == luck.max(axis=1, keepdims=True)))
    order = np.argsort(~kept, axis=1, kind="stable")
    return np.take_along_axis(np.where(kept, words, PADDING), order, axis=1)
