"""Captions of a token set as words in front of its pictures.

A caption comes from the source (a table's column, a text beside the picture, an emoji's name) or is
made of a label by a template. A picture may have several, one for each template.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from textwrap import shorten
from typing import final

from pixace import ranges
from pixace.errors import ConfigError, TokenError
from pixace.ranges import Count
from pixace.text.atoms import Atoms, atom
from pixace.text.prefixes import Prefixes
from pixace.text.vocabulary import Vocabulary
from pixace.text.words import split

FIELDS = ("label", "caption")
LABEL, CAPTION = (f"{{{field}}}" for field in FIELDS)
FIELD = re.compile(r"{(label|caption)}")
MOST_CLASSES = 1000  # labels that a run remembers
MOST_LINES = 32  # captions of one picture
ALIKE = 200  # characters of the line on labels that have the same words

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
      ConfigError: a template has other fields, or none; `longest` is no number above 0.
    """

    use: bool = False
    templates: Sequence[str] = ()
    longest: Count = 32
    gaps: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be meant; one template may come by itself."""
        ranges.settle(self, "captions")
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

    def choices(self, known: Known) -> list[list[str]]:
        """The captions that a picture may have; none if nothing is known of it.

        Each is given in parts, every second of which is what stands in a field. Each line of a
        picture's caption makes a caption.
        """
        lines = (known["caption"] or "").splitlines()
        lines = [line for line in lines if line.strip()][:MOST_LINES]
        templates = self.templates or ([CAPTION] if lines else [LABEL])
        return [
            parts
            for template in templates
            for line in (lines if CAPTION in template else [None])
            if (parts := _filled(template, known | {"caption": line}))
        ]

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
          ConfigError: too little is read of them to tell labels apart.
        """
        if not (self.use or self.templates):
            return None
        known, others = [*map(_composed, train)], [*map(_composed, validation)]
        labels = self._labels(known)
        atoms, alike = self._atoms(labels)
        chosen = [self._chosen(each, atoms) for each in known]
        held_out = [self._chosen(each, atoms) for each in others]
        self._check(chosen + held_out, known + others, named)
        self._check_length(labels, atoms)
        every = [caption for captions in chosen for caption in captions]
        vocabulary = replace(
            Vocabulary.of(every, first=first, longest=self.longest),
            classes=self._classes(known, labels, atoms),
        )
        return Captioned(
            vocabulary,
            Prefixes.of(chosen, vocabulary),
            Prefixes.of(held_out, vocabulary),
            cut=sum(len(caption) > self.longest for caption in {*every}),
            alike=alike,
        )

    def known_to(self, vocabulary: Vocabulary, known: Iterable[Known]) -> Prefixes:
        """The captions of pictures as a model that was trained before knows them.

        Args:
          vocabulary: its words; others are left out.
          known: what is known of each row, in order; of some it may be nothing.
        """
        atoms = vocabulary.atoms
        return Prefixes.of([self._chosen(_composed(each), atoms) for each in known], vocabulary)

    def _labels(self, known: list[Known]) -> list[str]:
        """The different labels that captions are made of, numbers by their size."""
        if self.templates:
            made = known if any(LABEL in template for template in self.templates) else []
        else:
            made = [each for each in known if not each["caption"]]
        return sorted({each["label"] for each in made if each["label"]}, key=_naturally)

    def _atoms(self, labels: list[str]) -> tuple[Atoms, list[tuple[str, ...]]]:
        """Labels that words do not tell apart, alone or in a template, and groups of like ones."""
        atoms, groups = Atoms(), dict[tuple[str, ...], None]()
        templates = dict.fromkeys(each for each in (LABEL, *self.templates) if LABEL in each)
        while found := [group for each in templates for group in _alike(each, labels, atoms)]:
            groups |= dict.fromkeys(found)
            atoms = Atoms([*atoms, *chain(*found)])
        return atoms, list(groups)

    def _chosen(self, known: Known, atoms: Atoms) -> list[tuple[str, ...]]:
        captions = (_words(parts, atoms) for parts in self.choices(known))
        return [words for words in captions if words]

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

    def _check_length(self, labels: list[str], atoms: Atoms) -> None:
        for template in self.templates or (LABEL,):
            needed = self._needed(template, labels, atoms)
            if needed > self.longest:
                raise ConfigError(
                    f"captions.longest is {self.longest}, which reads too little of {template!r} "
                    f"to tell pictures apart; set captions.longest = {needed} or more"
                )

    def _needed(self, template: str, labels: list[str], atoms: Atoms) -> int:
        """How many words must be read to reach a template's first field and tell labels apart."""
        needed = max(self.longest, len(split(FIELD.split(template)[0] + "x")))
        if LABEL in template:
            captions = {_alone(template, label, atoms) for label in labels}
            while len({words[:needed] for words in captions}) < len(captions):
                needed += 1
        return needed

    def _classes(self, known: list[Known], labels: list[str], atoms: Atoms) -> dict[str, str]:
        """The text that stands for each label, where a label is all that it takes."""
        if not self.templates and any(each["caption"] for each in known):
            return {}
        whole = (each for each in self.templates or (LABEL,) if CAPTION not in each)
        template = next(whole, None)
        if template is None or len(labels) > MOST_CLASSES:
            return {}
        return {
            label: template.replace(LABEL, atom(label) if label in atoms else label)
            for label in labels
        }


@final
@dataclass(frozen=True)
class Captioned:
    """The captions of a token set.

    Attributes:
      vocabulary: their words.
      train: those of the rows to train on.
      validation: those of the others.
      cut: how many different captions are too long to be read to their end.
      alike: groups of labels that have the same words, or none, and so are words by themselves.
    """

    vocabulary: Vocabulary
    train: Prefixes
    validation: Prefixes
    cut: int
    alike: list[tuple[str, ...]]

    @property
    def said(self) -> list[str]:
        """What a user should know before the training, a line each."""
        lines = [f"{self.cut:,} long captions are cut; see captions.longest"] * bool(self.cut)
        if self.alike:
            groups = "; ".join(", ".join(group[:MOST_LINES]) for group in self.alike[:MOST_LINES])
            count = len({*chain(*self.alike)})
            lines.append(
                f"{count:,} labels have the same words as others, or none, and are told apart as "
                f"they are written: {shorten(groups, ALIKE, placeholder=' …')}"
            )
        return lines


def _composed(known: Known) -> Known:
    """What is known with one spelling of each character; what is blank is not known."""
    texts = {field: unicodedata.normalize("NFC", known[field] or "") for field in FIELDS}
    return {**known, **{field: text if text.strip() else None for field, text in texts.items()}}


def _filled(template: str, known: Known) -> list[str]:
    """The parts of a template with what is known in its fields; none if something is not."""
    parts: list[str | None] = [*FIELD.split(template)]
    parts[1::2] = [known[str(field)] for field in parts[1::2]]
    return [] if None in parts else [str(part) for part in parts]


def _words(parts: list[str], atoms: Atoms) -> tuple[str, ...]:
    """The words of a caption; those of an atom do not depend on what stands beside it."""
    words: list[str] = []
    text = ""
    for place, part in enumerate(parts):
        if place % 2 and part in atoms:
            words += [*atoms.split(text), atom(part)]
            text = ""
        else:
            text += part
    return (*words, *atoms.split(text))


def _alone(template: str, label: str, atoms: Atoms) -> tuple[str, ...]:
    """The words of a template for a label and no caption."""
    return _words(_filled(template, {"label": label, "caption": ""}), atoms)


def _alike(template: str, labels: list[str], atoms: Atoms) -> Iterator[tuple[str, ...]]:
    """Groups of labels that a template makes the same words of, and those without words."""
    having: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for label in labels:
        having[_alone(template, label, atoms)].append(label)
    for words, group in having.items():
        if len(group) > 1 or not words:
            yield tuple(group)


def _naturally(label: str) -> tuple[float, str]:
    """Numbers by their size, and in front of words."""
    return (int(label) if label.isdecimal() else float("inf"), label)
