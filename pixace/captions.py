"""Captions of a token set as words in front of its pictures.

A caption comes from the source (a table's column, a text beside the picture, an emoji's name) or is
made of a label by a template. A picture may have several, one for each template.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from pixace.errors import ConfigError, TokenError
from pixace.vocabulary import Vocabulary, split

FIELDS = ("label", "caption")
MOST_CLASSES = 1000  # labels that a run remembers

Known = dict[str, str | None]  # of one picture, as a token set's records have it


@dataclass(frozen=True)
class Captions:
    """Whether and how captions are learned.

    Attributes:
      use: put words in front of the pictures; a template says so too.
      templates: sentences with `{label}` or `{caption}` in them, one of which each picture gets at
        random in each epoch; none takes the caption, or the label where there is none.
      longest: words that are read of a caption at most.
      gaps: let pictures that have no caption be learned without one, instead of refusing them.

    Raises:
      ConfigError: a template has other fields, or none; `longest` is too small.
    """

    use: bool = False
    templates: Sequence[str] = ()
    longest: int = 32
    gaps: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be meant; one template may come by itself."""
        if isinstance(self.templates, str):
            object.__setattr__(self, "templates", (self.templates,))
        for template in self.templates:
            fields = re.findall(r"{(.*?)}", template)
            if not fields or not {*fields} <= {*FIELDS}:
                wrong = next((field for field in fields if field not in FIELDS), None)
                what = f"has an unknown field {{{wrong}}}" if fields else "has no field"
                raise ConfigError(
                    f"the template {template!r} {what}; write one like 'a picture of {{label}}', "
                    "with {label} or {caption}"
                )
        if self.longest < 1:
            raise ConfigError(f"captions.longest is {self.longest}; it must be 1 or more")

    def choices(self, known: Known) -> list[str]:
        """The captions that a picture may have; none if nothing is known of it."""
        if not self.templates:
            return [text for text in [known["caption"] or known["label"]] if text]
        texts = (_filled(template, known) for template in self.templates)
        return [text for text in texts if text is not None]

    def of(
        self, train: Iterable[Known], validation: Iterable[Known], *, first: int, named: str
    ) -> "Captioned | None":
        """The captions of a token set, with the vocabulary of those to train on.

        Args:
          train: what is known of each row to train on, in order.
          validation: the same of the rows for validation.
          first: the id of the first word.
          named: the token set, for messages.

        Returns:
          None if captions are not to be learned.

        Raises:
          TokenError: pictures have no captions.
        """
        if not (self.use or self.templates):
            return None
        known, others = list(train), list(validation)
        chosen = [self._chosen(each) for each in known]
        held_out = [self._chosen(each) for each in others]
        self._check(chosen + held_out, known + others, named)
        every = [caption for captions in chosen for caption in captions]
        vocabulary = replace(
            Vocabulary.of(every, first=first, longest=self.longest), classes=self._classes(known)
        )
        return Captioned(
            vocabulary,
            Prefixes.of(chosen, vocabulary),
            Prefixes.of(held_out, vocabulary),
            cut=sum(len(caption) > self.longest for caption in {*every}),
        )

    def _chosen(self, known: Known) -> list[tuple[str, ...]]:
        texts = (tuple(split(text)) for text in self.choices(known))
        return [words for words in texts if words]

    def _check(self, chosen: list, known: list[Known], named: str) -> None:
        if not any(chosen):
            wanted = "captions" if not self.templates else "labels or captions for the template"
            raise TokenError(
                f"{named} has no {wanted}; write them into a column `caption` of a table or into a "
                ".txt file beside each picture, or take the names of sub-folders with --labels"
            )
        missing = [
            each["name"] for each, captions in zip(known, chosen, strict=True) if not captions
        ]
        if missing and not self.gaps:
            raise TokenError(
                f"{len(missing):,} of the {len(known):,} pictures of {named} have no caption, the "
                f"first is {missing[0]}; give them one, or learn these without: "
                "--set captions.gaps=True"
            )

    def _classes(self, known: list[Known]) -> dict[str, str]:
        """The text that stands for each label, where a label is all that it takes."""
        if not self.templates and any(each["caption"] for each in known):
            return {}
        labels = {each["label"] for each in known if each["label"]}
        if len(labels) > MOST_CLASSES:
            return {}
        texts = {}
        for label in sorted(labels, key=_naturally):
            if possible := self.choices({"label": label, "caption": None}):
                texts[label] = possible[0]
        return texts


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
        taken = np.linspace(0, len(different) - 1, min(count, len(different))).round().astype(int)
        return self.texts[different[taken]]


@final
@dataclass(frozen=True)
class Captioned:
    """The captions of a token set.

    Attributes:
      vocabulary: their words.
      train: those of the rows to train on.
      validation: those of the others.
      cut: how many different captions are too long to be read to their end.
    """

    vocabulary: Vocabulary
    train: Prefixes
    validation: Prefixes
    cut: int


def _filled(template: str, known: Known) -> str | None:
    """A template with what is known in its fields; None if something is not."""
    for field in FIELDS:
        if f"{{{field}}}" in template:
            if not known[field]:
                return None
            template = template.replace(f"{{{field}}}", str(known[field]))
    return template


def _naturally(label: str | None) -> tuple[float, str]:
    """Numbers by their size, and in front of words."""
    label = label or ""
    return (int(label) if label.isdecimal() else float("inf"), label)
