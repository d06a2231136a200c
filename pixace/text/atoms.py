"""Labels that are one word each, because their words do not tell them apart.

`C`, `C++` and `C#` have the same words, and an emoji has none. Each of them is a word by itself,
`{C++}`. No text has braces in its words, so no other word is called so, and an atom is found
wherever its label stands in a text, letter for letter.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from pixace.text.words import split, within


class Atoms:
    """Some labels, and how they are found in a text.

    Args:
      labels: in NFC.
    """

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self._labels = frozenset(labels)
        self._lengths = sorted({len(label) for label in self._labels}, reverse=True)

    def __contains__(self, label: str) -> bool:
        return label in self._labels

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def split(self, text: str) -> list[str]:
        """The words of a text, in which atoms stay whole, longer ones first."""
        if not self._labels:
            return split(text)
        text = unicodedata.normalize("NFC", text)
        words, begin, at = [], 0, 0
        while at < len(text):
            if (label := self._at(text, at)) is None:
                at += 1
                continue
            words += [*split(text[begin:at]), atom(label)]
            at = begin = at + len(label)
        return words + split(text[begin:])

    def _at(self, text: str, at: int) -> str | None:
        """The longest atom that begins at a place; it neither begins nor ends within a word."""
        for length in self._lengths:
            label, end = text[at : at + length], at + length
            if label in self._labels and not (within(text, at) or within(text, end)):
                return label
        return None


def atom(label: str) -> str:
    """The word that a label is, if it is an atom."""
    return f"{{{label}}}"


def shown(word: str) -> str:
    """A word as users write it."""
    return word[1:-1] if word.startswith("{") else word
