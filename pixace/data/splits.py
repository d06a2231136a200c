"""Which part of a token set each picture of a source is for: training, validation, or neither.

What the data says of itself is obeyed; else a share is chosen. It is chosen twice: before pictures
are read, when all of them may be good, and once more among those that were. The second time rows
are known too, and pictures that became equal rows are on one side. Where nothing is bad and nothing
equal, both choices are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from pixace import ranges
from pixace.data import validation_split
from pixace.errors import SourceError
from pixace.ranges import Range
from pixace.sources import Source

SPLITS = ("train", "validation")
TRAIN, VALIDATION, NEITHER = range(3)  # where pictures go; the first two are places in SPLITS
MARKS = (None, "train", "validation", "test")  # what a record may say of itself
NO_SHARE = (
    "a validation fraction of {value:g} makes no sense; it is at least 0 and below 1, such as 0.05"
)
HeldOut = Annotated[float, Range(0, 1, without=(1,), says=NO_SHARE)]


@dataclass(frozen=True)
class Part:
    """A source, looked through before any picture is read; then what reading told of each picture.

    Attributes:
      source: the pictures.
      fraction: the share to hold out, 0..1; 1 for pictures that are all for validation, None where
        these have a source of their own.
      groups: uint64 (pictures,), a hash of each one's group.
      marks: uint8 (pictures,), places in `MARKS`; all 0 where the marks say nothing.
      places: uint8 (pictures,), where each is to go, if it can be read.
      described: some picture has a caption or a label.
      unread: captions that could not be read, "NAME: reason".
      read: bool (pictures,), whether it became a row.
      rows: uint64 (pictures,), a hash of that row.
    """

    source: Source
    fraction: float | None
    groups: np.ndarray
    marks: np.ndarray
    places: np.ndarray
    described: bool
    unread: list[str]
    read: np.ndarray
    rows: np.ndarray

    @property
    def wanted(self) -> np.ndarray:
        """Int64: the pictures to read, rising."""
        return np.flatnonzero(self.places != NEITHER)

    @property
    def training(self) -> np.ndarray:
        """Int64: the pictures to train on, rising."""
        return np.flatnonzero(self.places == TRAIN)


@dataclass(frozen=True)
class Survey:
    """The pictures of a token set that is to be made, and which of them are held out.

    Their records are looked through when that is first asked for, and only once.

    Attributes:
      source: the pictures.
      validation: a source of its own for those held out; None chooses among the others.
      fraction: the share to choose then.

    Raises:
      ConfigError: the share cannot be meant.
    """

    source: Source
    validation: Source | None = None
    fraction: HeldOut = 0.05

    def __post_init__(self) -> None:
        ranges.settle(self)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The sources, looked through; see `survey`.

        Raises:
          SourceError: there are no pictures, or none to train on.
        """
        if self.validation is None:
            return (survey(self.source, self.fraction),)
        return survey(self.source, None), survey(self.validation, 1.0)


def survey(source: Source, fraction: float | None) -> Part:
    """Looks at all records, not at the pictures, and chooses those for validation.

    Args:
      source: the pictures.
      fraction: as in `Part`.

    Raises:
      SourceError: there are none, or none to train on.
    """
    count = len(source)
    if not count:
        raise SourceError(f"{source.spec} has no pictures; name another source")
    described, marks = False, np.zeros(count, np.uint8)
    unread: list[str] = []

    def groups() -> Iterator[str]:
        nonlocal described
        for i in range(count):
            record = source.record(i)
            described |= record.caption is not None or record.label is not None
            marks[i] = MARKS.index(record.split)
            if record.unread:
                unread.append(f"{record.name}: {record.unread}")
            yield record.group

    hashes = validation_split.hashes(groups(), count)
    if (marks == marks[0]).all():  # no more than the user said by naming these pictures
        marks[:] = 0
    places = _planned(source, hashes, marks, fraction)
    nothing = np.zeros(count, bool), np.zeros(count, np.uint64)
    return Part(source, fraction, hashes, marks, places, described, unread, *nothing)


def _planned(
    source: Source, groups: np.ndarray, marks: np.ndarray, fraction: float | None
) -> np.ndarray:
    """Where pictures are to go, (pictures,), as far as records tell."""
    places = np.full(len(marks), NEITHER, np.uint8)
    held_out, test = marks == MARKS.index("validation"), marks == MARKS.index("test")
    training = ~(held_out | test)
    if fraction == 1:
        places[held_out if held_out.any() else ~test] = VALIDATION
        return places
    if not training.any():
        raise SourceError(
            f"all pictures of {source.spec} are marked as validation or test, and none is left to "
            "train on; name the part to train on by itself"
        )
    places[training] = TRAIN
    if fraction is not None and held_out.any():
        places[held_out] = VALIDATION
    elif fraction is not None:
        places[training] = validation_split.pick(groups[training], fraction)
    return places


def settle(parts: Sequence[Part]) -> list[np.ndarray]:
    """Where pictures go in the end, when all are read; for each part uint8 (pictures,).

    Those that could not be read go nowhere. Where places are given, by marks or by a source of its
    own, pictures to train on go nowhere if they are equal to held-out ones, which others compare
    their models by; unless that is all there are: then it is the held-out ones that go.

    Args:
      parts: the pictures, and those for validation alone if there are such.

    Raises:
      SourceError: none that is to be trained on can be read.
    """
    places = [np.where(part.read, part.places, NEITHER).astype(np.uint8) for part in parts]
    first, own = parts[0], places[0]
    given = first.marks == MARKS.index("validation")
    if first.fraction is not None and not (given & (own == VALIDATION)).any():
        return [_chosen(first, own != NEITHER), *places[1:]]
    if not (own == TRAIN).any():
        raise SourceError(
            f"none of the {len(first.training):,} pictures of {first.source.spec} that are to be "
            "trained on can be read"
        )
    pairs = list(zip(parts, places, strict=True))
    held_out = np.concatenate([part.rows[here == VALIDATION] for part, here in pairs])
    training, twice = own == TRAIN, (own == TRAIN) & np.isin(first.rows, held_out)
    if (training & ~twice).any():
        own[twice] = NEITHER
    else:
        known = first.rows[training]
        for part, here in pairs:
            here[(here == VALIDATION) & np.isin(part.rows, known)] = NEITHER
    if first.fraction is not None and not (own == VALIDATION).any():
        return [_chosen(first, own == TRAIN)]
    return places


def _chosen(part: Part, usable: np.ndarray) -> np.ndarray:
    """A share of the pictures at hand for validation, equal rows on one side."""
    places = np.full(len(usable), NEITHER, np.uint8)
    groups = validation_split.joined(part.groups[usable], part.rows[usable])
    places[usable] = validation_split.pick(groups, part.fraction or 0.0)
    return places


def repeated(parts: Sequence[Part], places: Sequence[np.ndarray]) -> int:
    """How many of the rows that go somewhere are equal to one before."""
    rows = np.concatenate(
        [part.rows[here != NEITHER] for part, here in zip(parts, places, strict=True)]
    )
    return len(rows) - len(np.unique(rows))


def obeyed(parts: Sequence[Part], places: Sequence[np.ndarray]) -> bool:
    """Whether pictures are held out because they are marked so, and not by a share."""
    marks = parts[0].marks[places[0] == VALIDATION]
    return bool(len(marks)) and bool((marks == MARKS.index("validation")).all())


def marked(parts: Sequence[Part]) -> dict[str, int]:
    """How many pictures say what of themselves; nothing where none says anything."""
    marks = [part.marks for part in parts if part.marks.any()]
    return _named(np.bincount(np.concatenate(marks), minlength=len(MARKS))) if marks else {}


def left_out(parts: Sequence[Part], places: Sequence[np.ndarray]) -> dict[str, int]:
    """How many are in neither split, though nothing is wrong with them, by why that is."""
    unwanted = [part.marks[part.places == NEITHER] for part in parts]
    counts = _named(np.bincount(np.concatenate(unwanted), minlength=len(MARKS)))
    equal = sum(
        int((part.read & (here == NEITHER)).sum()) for part, here in zip(parts, places, strict=True)
    )
    return counts | ({"equal": equal} if equal else {})


def _named(counts: np.ndarray) -> dict[str, int]:
    """The counts of `MARKS` that are not 0, by name."""
    named = zip(MARKS[1:] + MARKS[:1], np.roll(counts, -1).tolist(), strict=True)
    return {mark or "unmarked": count for mark, count in named if count}
