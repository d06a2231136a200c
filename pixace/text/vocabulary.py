"""The words that a model knows, and their ids.

Words' ids follow those of pictures: word k is `first + k`, and 0 fills up what is short.
"""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np

from pixace.errors import PixaceError
from pixace.special_tokens import PADDING
from pixace.text.atoms import Atoms, atom, shown

TOLD = 12  # words that a message names, the most frequent ones


@final
@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows; made from the captions it was trained with.

    Attributes:
      words: the most frequent one first.
      length: how many words stand in front of each picture, `P` below.
      first: the id of the first word, which is the number of ids of pictures.
      classes: each label, and the text that stands for it, with the label in braces if it is an
        atom; empty if captions were not made of labels.
    """

    words: tuple[str, ...]
    length: int
    first: int
    classes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, captions: Iterable[Sequence[str]], *, first: int, longest: int) -> "Vocabulary":
        """The vocabulary of captions, `longest` words of each; it knows no classes yet."""
        counts: Counter[str] = Counter()
        length = 1
        for caption in captions:
            counts.update(caption[:longest])
            length = max(length, min(len(caption), longest))
        words = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(tuple(words), length, first)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Vocabulary":
        """From its fields, as JSON gives them."""
        return cls(**{**fields, "words": tuple(fields["words"])})

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def atoms(self) -> "Atoms":
        """The labels among the words that are each a word by themselves."""
        return Atoms(shown(word) for word in self.words if word != shown(word))

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The label that each class's text stands for, as a user would write that text."""
        texts = {label: unicodedata.normalize("NFC", self.text_of(label)) for label in self.classes}
        return {text: label for label, text in reversed(texts.items())}

    def knows(self, word: str) -> bool:
        """Whether a word has an id."""
        return word in self._places

    def ids(self, caption: Sequence[str]) -> np.ndarray:
        """The ids of a caption, int32 `(P,)`: of the known words, the first `P` of them."""
        known = [self.first + self._places[word] for word in caption if self.knows(word)]
        filled = np.full(self.length, PADDING, np.int32)
        filled[: len(known)] = known[: self.length]
        return filled

    def text_of(self, label: str) -> str:
        """The text that stands for a class, as a user would write it."""
        return self.classes[label].replace(atom(label), label)

    def split(self, text: str) -> list[str]:
        """The words of what a user asks for, unknown ones among them."""
        label = self._labels.get(unicodedata.normalize("NFC", text))
        return self.atoms.split(text) if label is None else self.split_class(label)

    def split_class(self, label: str) -> list[str]:
        """The words that stand for a class, as its pictures had them."""
        text, word = self.classes[label], atom(label)
        first, *others = text.split(word) if self.knows(word) else [text]
        words = self.atoms.split(first)
        for other in others:
            words += [word, *self.atoms.split(other)]
        return words

    def known(self, text: str) -> list[str]:
        """The words of what a user asks for; those without an id are left out.

        Raises:
          PixaceError: none has an id, or too many have one.
        """
        known = [word for word in self.split(text) if self.knows(word)]
        if not known:
            more = len(self.words) - TOLD
            listed = ", ".join(map(shown, self.words[:TOLD]))
            listed += f" and {more:,} more" if more > 0 else ""
            raise PixaceError(f"no word of {text!r} is known to this model; it knows: {listed}")
        if len(known) > self.length and unicodedata.normalize("NFC", text) not in self._labels:
            raise PixaceError(
                f"{text!r} has {len(known)} words, and this model was trained with captions of "
                f"{self.length} at most; make it shorter"
            )
        return known

    def near(self, word: str) -> str:
        """An unknown word, with the known one that may be meant."""
        near = difflib.get_close_matches(word, map(shown, self.words), n=1)
        return f"{word} (did you mean {near[0]}?)" if near else word
