"""What the folders that pictures lie in say of them: their split and their class.

`train/`, `valid/` and `test/` side by side are splits, and no classes. The class is the innermost
folder; where that is the same for all (`CLASS/images/`), the one above it; and where equal names
stand below different folders (`ALPHABET/character01/`), as many of these as tell them apart. Parts
of what was too much for one folder (`part1/cat/`, `part2/cat/`) don't count.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from pixace.sources.naming import label

SPLITS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "tst"),
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
    different, longest = len(set(ends.values())), max(map(len, ends.values()), default=0)
    for length in range(1, longest + 1):
        shorter = {path: end[-length:] for path, end in ends.items()}
        if len(set(shorter.values())) == different:
            return {path: "/".join(end) for path, end in shorter.items()}
    return dict.fromkeys(paths, "")


def _end_alike(paths: Iterable[Path]) -> bool:
    """Whether the innermost folder is the same for all, and those above it are not."""
    inside = [path for path in paths if path]
    above = {path[:-1] for path in inside} - {()}
    return len({path[-1] for path in inside}) == 1 and len(above) > 1
