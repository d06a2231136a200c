"""Words of captions, and their ids.

Text becomes words in lower case: runs of letters, digits, marks and apostrophes; all else parts
them. Whole numbers below a hundred are spelled out, so that `7` and `seven` are one word. The
words' ids follow those of pictures: word k is `first + k`, and 0 fills up what is short.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from pixace.errors import PixaceError

PADDING = 0
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
NAMED = NUMBERS.split()
TOLD = 12  # words that a message names, the most frequent ones


@final
@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows; made from the captions it was trained with.

    Attributes:
      words: the most frequent one first.
      length: how many words stand in front of each picture, `P` below.
      first: the id of the first word, which is the number of ids of pictures.
      classes: each label, and the text that stands for it; empty if captions were not made of
        labels.
    """

    words: tuple[str, ...]
    length: int
    first: int
    classes: dict[str, str]

    @classmethod
    def of(cls, captions: Iterable[Sequence[str]], *, first: int, longest: int) -> "Vocabulary":
        """The vocabulary of captions that are split into words; it knows no classes yet."""
        counts: Counter[str] = Counter()
        length = 1
        for caption in captions:
            counts.update(caption)
            length = max(length, min(len(caption), longest))
        words = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(tuple(words), length, first, {})

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Vocabulary":
        """From its fields, as JSON gives them."""
        return cls(**{**fields, "words": tuple(fields["words"])})

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def knows(self, word: str) -> bool:
        """Whether a word has an id."""
        return word in self._places

    def ids(self, caption: Sequence[str]) -> np.ndarray:
        """The ids of a caption, int32 `(P,)`: of the known words, the first `P` of them."""
        known = [self.first + self._places[word] for word in caption if self.knows(word)]
        filled = np.full(self.length, PADDING, np.int32)
        filled[: len(known)] = known[: self.length]
        return filled

    def known(self, text: str) -> list[str]:
        """The words of what a user asks for; those without an id are left out.

        Raises:
          PixaceError: none has an id, or too many have one.
        """
        known = [word for word in split(text) if self.knows(word)]
        if not known:
            more = len(self.words) - TOLD
            listed = ", ".join(self.words[:TOLD]) + (f" and {more:,} more" if more > 0 else "")
            raise PixaceError(f"no word of {text!r} is known to this model; it knows: {listed}")
        if len(known) > self.length:
            raise PixaceError(
                f"{text!r} has {len(known)} words, and this model was trained with captions of "
                f"{self.length} at most; make it shorter"
            )
        return known

    def near(self, word: str) -> str:
        """An unknown word, with the known one that may be meant."""
        near = difflib.get_close_matches(word, self.words, n=1)
        return f"{word} (did you mean {near[0]}?)" if near else word


# Scripts that put no blanks between words: Thai, Lao, Myanmar, Khmer, kana, Han.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u30ff\u31f0-\u31ff\U0001aff0-\U0001b16f"
    "\u2e80-\u2fd5\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def split(text: str) -> list[str]:
    """The words of a text; in scripts without blanks each letter is one, with its marks.

    >>> split("A hand-written 7, isn't it? No. 21!")
    ['a', 'hand', 'written', 'seven', "isn't", 'it', 'no', 'twenty', 'one']
    >>> split("两只cat")
    ['两', '只', 'cat']
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if UNSPACED.search(text):
        text = _spaced(text)
    parted = "".join(each if _belongs_to_a_word(each) else " " for each in text)
    words = []
    for found in parted.split():
        word = found.strip("'")
        if any(map(str.isalnum, word)):
            words += _number(word) or [word]
    return words


def _spaced(text: str) -> str:
    """Blanks around each letter of scripts that have none, behind its marks."""
    spaced, alone = "", False
    for each in text:
        if not unicodedata.category(each).startswith("M"):
            before, alone = alone, bool(UNSPACED.match(each))
            spaced += " " if before or alone else ""
        spaced += each
    return spaced


def _belongs_to_a_word(character: str) -> bool:
    return (
        character.isalnum() or character == "'" or unicodedata.category(character).startswith("M")
    )


def _number(word: str) -> list[str] | None:
    """The words of a whole number below a hundred, written in digits."""
    if not (word.isascii() and word.isdecimal() and len(word) <= 2 and str(int(word)) == word):
        return None
    tens, ones = divmod(int(word), 10)
    if tens < 2:
        return [NAMED[int(word)]]
    return [NAMED[18 + tens], NAMED[ones]] if ones else [NAMED[18 + tens]]
