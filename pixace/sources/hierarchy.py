"""What the folders that pictures lie in say of them: their split and their class.

`train/`, `valid/` and `test/` side by side are splits, and no classes. The class is the innermost
folder; where that is the same for all (`CLASS/images/`), the one above it; and where equal names
stand below different folders (`ALPHABET/character01/`), as many of these as tell them apart. Parts
of what was too much for one folder (`part1/cat/`, `part2/cat/`) don't count, and `food/fruit/plum`
is no other class than `food/plum`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from pixace.sources.naming import label

SPLITS = {
    "train": ("train", "training", "trainset", "trn", "extra", "unlabeled", "unlabelled"),
    "validation": ("validation", "valid", "val", "valset", "dev"),
    "test": ("test", "testing", "testset", "tst", "eval", "evaluation", "pred"),
}
WORDS = {word: split for split, words in SPLITS.items() for word in words}
PART = re.compile(r"(part|shard|chunk|batch|fold|volume|vol|dis[ck])[ _-]?\d+", re.IGNORECASE)

Path = tuple[str, ...]


class Standing(NamedTuple):
    """What is known of all pictures in one folder."""

    split: str | None = None
    label: str | None = None


def standings(folders: Iterable[str]) -> dict[str, Standing]:
    """What all folders say of their pictures.

    Args:
      folders: those that hold pictures, relative and with slashes; "" is the root.
    """
    paths = {folder: tuple(filter(None, map(label, folder.split("/")))) for folder in folders}
    splits: dict[str, str] = {}
    while (level := _level(paths.values(), _are_splits)) is not None:
        for folder, path in paths.items():
            if len(path) > level:
                splits.setdefault(folder, _split(path[level])[0])
        paths = {folder: _without(path, level) for folder, path in paths.items()}
    labels = _labels(set(paths.values()))
    return {
        folder: Standing(splits.get(folder), labels[path] or None) for folder, path in paths.items()
    }


def is_plain(found: Mapping[str, Standing], labels: bool) -> bool:
    """Whether folders say no more than the names of the innermost, where labels are wanted."""
    return all(
        standing.split is None
        and (not labels or standing.label == (folder.rpartition("/")[2] or None))
        for folder, standing in found.items()
    )


def folder_of(name: str) -> str:
    """The folder that holds a file; "" at the root."""
    return name.rpartition("/")[0]


def _level(paths: Collection[Path], means: Callable[[set[str]], bool]) -> int | None:
    """The first level whose names are all of a kind, counted from the root.

    Where the folders differ for the first time, pictures may lie beside them; further down, all
    must lie in such a folder.
    """
    different = False
    for level in range(max(map(len, paths), default=0)):
        names = {path[level] for path in paths if len(path) > level}
        everywhere = all(len(path) > level for path in paths)
        if len(names) > 1 and (everywhere or not different) and means(names):
            return level
        different |= len(names) > 1
    return None


def _are_splits(names: set[str]) -> bool:
    """Whether at least two splits stand here, alike but for that word, and nothing else."""
    found = [_split(name) for name in names]
    return len({split for split, _ in found}) > 1 and all(
        split and rest == found[0][1] for split, rest in found
    )


def _split(name: str) -> tuple[str, str]:
    """The split that a folder's name speaks of, and the rest of it: `seg_train`, `val2017`."""
    parts = re.split(r"([^\W\d_]+)", name.lower())
    known = [i for i, part in enumerate(parts) if part in WORDS]
    if len(known) != 1:
        return "", name
    rest = "".join(part for i, part in enumerate(parts) if i != known[0])
    return WORDS[parts[known[0]]], rest


def _are_parts(names: set[str]) -> bool:
    return all(map(PART.fullmatch, names))


def _without(path: Path, level: int) -> Path:
    return path[:level] + path[level + 1 :]


def _labels(paths: Collection[Path]) -> dict[Path, str]:
    """A label for each path: its end, as long as is needed to tell it from all others."""
    ends = {path: path for path in paths}
    level = _level(ends.values(), _are_parts)
    if level is not None and all(len(path) > level + 1 for path in paths):
        ends = {path: _without(path, level) for path in paths}
    while _end_alike(ends.values()):
        ends = {path: end[:-1] for path, end in ends.items()}
    labels = _told_apart(set(ends.values()) - {()}) | {(): ""}
    return {path: labels[end] for path, end in ends.items()}


def _told_apart(paths: Collection[Path]) -> dict[Path, str]:
    """The ends of paths: the last name, and of equal ones as many names as make them differ.

    Where half of the folders inside of one have longer labels, all have: of alphabets that share
    most numbers of their characters, some have more of them.
    """
    classes = {path: _upper(path, paths) for path in paths}
    namesakes, inside = defaultdict(set), defaultdict(set)
    for path in classes.values():
        namesakes[path[-1]].add(path)
        inside[path[:-1]].add(path)
    lengths = {}
    for alike in namesakes.values():
        length = 1
        while len({path[-length:] for path in alike}) < len(alike):
            length += 1
        lengths.update(dict.fromkeys(alike, length))
    for siblings in inside.values():
        longer = [lengths[path] for path in siblings if lengths[path] > 1]
        if longer and len(longer) >= len(siblings) / 2:
            lengths.update((path, max(lengths[path], *longer)) for path in siblings)
    return {path: "/".join(known[-lengths[known] :]) for path, known in classes.items()}


def _upper(path: Path, paths: Collection[Path]) -> Path:
    """The folder of the same name beside one that a folder lies in, which is the same class."""
    uppers = (path[:depth] + path[-1:] for depth in range(1, len(path) - 1))
    return next((upper for upper in uppers if upper in paths), path)


def _end_alike(paths: Iterable[Path]) -> bool:
    """Whether the innermost folder is the same for all, and those above it are not."""
    inside = [path for path in paths if path]
    above = {path[:-1] for path in inside} - {()}
    return len({path[-1] for path in inside}) == 1 and len(above) > 1
