"""Several files as one source: `shard-{000..012}.tar`, `data/*.parquet`, a folder of shards.

Braces are those of WebDataset and of the shell: a range of numbers, as wide as they are written,
or words with commas between. `*`, `?` and `[…]` stand for what they stand for in the shell.
"""

import glob
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pixace.errors import SourceError
from pixace.sources.arrays import ArrayRows, extent_of, label_file, open_unscaled
from pixace.sources.hierarchy import WORDS
from pixace.sources.joined import Joined
from pixace.sources.naming import folder_label, readable
from pixace.sources.scale import common_scale
from pixace.sources.source import Source

BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}")
QUICKDRAW = re.compile(r"full_(?:numpy_)?bitmap_([^/]+)\.npy$")
TOGETHER = (".parquet", ".npy", ".tar")  # a folder with nothing but one of these is one source
NAMING = (".npy", ".npz", ".parquet", ".mat")  # files whose pictures bear their name
MAX_FILES = 100_000  # files that a pattern may name


def is_pattern(path: Path) -> bool:
    """Whether a path names several files; one that exists is a path like any other."""
    text = str(path)
    return bool(BRACES.search(text) or glob.has_magic(text)) and not path.exists()


def spelled_out(pattern: Path) -> list[Path]:
    """The files that a pattern names: those of braces must be there, of stars there must be some.

    Raises:
      SourceError: there are none, or too many.
    """
    names = []
    for text in _braced(str(pattern)):
        names += sorted(_globbed(text)) if glob.has_magic(text) else [text]
        if len(names) > MAX_FILES:
            raise SourceError(f"{pattern} names more than {MAX_FILES:,} files; name fewer")
    if not names:
        raise SourceError(f"no file is named like {pattern}; look at the folder")
    return [Path(name) for name in dict.fromkeys(names)]


def _globbed(text: str) -> list[str]:
    return glob.glob(text, recursive=True)  # noqa: PTH207  absolute or not, as it is written


def _braced(text: str) -> list[str]:
    match = BRACES.search(text)
    if match is None:
        return [text]
    first, last, words = match.groups()
    if words is None:
        if abs(int(last) - int(first)) >= MAX_FILES:
            raise SourceError(f"{text} names more than {MAX_FILES:,} files; name fewer")
        step = 1 if int(first) <= int(last) else -1
        width = len(first) if first.startswith("0") else 0
        each = [f"{n:0{width}}" for n in range(int(first), int(last) + step, step)]
    else:
        each = words.split(",")
    before, after = text[: match.start()], text[match.end() :]
    return [whole for part in each for whole in _braced(before + part + after)]


def shards(names: Sequence[str]) -> list[str]:
    """Those files of a folder that are one source together, if they are; in order.

    Args:
      names: paths of all files that are sources, with slashes.
    """
    suffixes = {Path(name).suffix.lower() for name in names}
    alike = {re.sub(r"\d+", "0", name) for name in names}
    for suffix in TOGETHER:
        if suffixes == {suffix} and (suffix != ".tar" or len(alike) == 1):
            return sorted(names)
    return []


def open_several(
    spec: str, paths: Sequence[Path], open_one: Callable[[Path], Source], labels: bool = False
) -> Source:
    """Opens files as one source. Where their names tell several splits, records tell them too.

    Args:
      spec: what the user named.
      paths: the files.
      open_one: opens one of them.
      labels: label arrays with the folder that holds them.

    Raises:
      SourceError: one of them is no source, or arrays of floats have no scale that suits all.
    """
    of_labels = {label_file(path) for path in paths}
    paths = [path for path in paths if path not in of_labels]
    root = os.path.commonpath([path.parent for path in paths])
    names = [readable(path.relative_to(root).as_posix()) for path in paths]
    within = [_in_front(name) for name in names]
    if all(path.suffix.lower() == ".npy" for path in paths):
        classes = [_drawn(name) or (folder_label(name) if labels else None) for name in names]
        parts = tuple(_arrays(spec, paths))
        return Joined(spec, parts, tuple(within), _splits(names), tuple(classes))
    return Joined(spec, tuple(map(open_one, paths)), tuple(within), _splits(names))


def _in_front(name: str) -> str:
    """What stands in front of the names of pictures; some name their file themselves."""
    return name.rpartition("/")[0] if Path(name).suffix.lower() in NAMING else name


def _drawn(name: str) -> str | None:
    """What QuickDraw's file of a class shows, by its name."""
    match = QUICKDRAW.search(name)
    return match[1] if match else None


def _arrays(spec: str, paths: Sequence[Path]) -> list[ArrayRows]:
    """Arrays whose floats have one scale."""
    parts = [open_unscaled(path) for path in paths]
    scale = common_scale([*map(extent_of, parts)], [part.spec for part in parts], spec)
    return [replace(part, scale=scale) for part in parts]


def _splits(names: Sequence[str]) -> tuple[str | None, ...]:
    """The splits that names tell; none unless all of them do, and tell several."""
    found = tuple(split_of(name) for name in names)
    return found if None not in found and len(set(found)) > 1 else ()


def split_of(name: str) -> str | None:
    """The split that a path speaks of: `data/train-00000-of-00003.parquet`, `test/a.npy`."""
    words = re.split(r"[\W\d_]+", name.lower())
    return next((WORDS[word] for word in reversed(words) if word in WORDS), None)
