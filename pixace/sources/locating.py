"""Where the paths in a table lead: those of Windows too, as people move tables between systems."""

import os
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from pixace.errors import SourceError

URL = re.compile(r"[a-z][a-z0-9+.-]+://|data:image/", re.IGNORECASE)
WINDOWS = re.compile(r"[a-z]:/|.*\\", re.IGNORECASE)

REDUNDANT = re.compile(r"//|(^|/)\./")  # ./a.png and a.png are one
TRIED = 1000  # paths of another computer that are looked for


def located(folder: Path, written: Sequence[str]) -> list[str]:
    r"""Paths as they are found from a folder, with slashes.

    `img\0.png` becomes `img/0.png`. Of `C:\photos\img\0.png` what stands below the folder is kept,
    where the first of these is found there by its end; others stay as they are.
    """
    root = _root(folder, written)
    return [_located(folder, path, root) for path in written]


def checked(path: str) -> str:
    """A path, if it may be that of a file.

    Raises:
      SourceError: it cannot be.
    """
    if URL.match(path):
        raise SourceError(f"{path[:60]} is no file; download the pictures, and write their paths")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as why:
        raise SourceError(f"the path has half a character in it: {ascii(path)[:60]}") from why
    if "\n" in path:
        raise SourceError("the path goes over several lines; perhaps a quote is not closed")
    return path


def is_foreign(path: str) -> bool:
    """Whether a path is written as on Windows."""
    return bool(WINDOWS.match(path))


def _absolute(path: str) -> tuple[str, ...]:
    """The parts of a path that names a drive, a computer or the top of a drive."""
    if not is_foreign(path):
        return ()
    parsed = PureWindowsPath(path)
    return parsed.parts if parsed.anchor else ()


def is_there(path: Path) -> bool:
    """Whether there is such a file."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def _located(folder: Path, path: str, root: tuple[str, ...] | None) -> str:
    if not is_foreign(path):
        return str(PurePosixPath(path)) if REDUNDANT.search(path) else path
    if is_there(folder / path):  # a backslash may be part of a name
        return path
    parsed = PureWindowsPath(path)
    if not parsed.anchor:
        return parsed.as_posix()
    if root is not None and parsed.parts[: len(root)] == root:
        return "/".join(parsed.parts[len(root) :])
    return path


def _root(folder: Path, written: Iterable[str]) -> tuple[str, ...] | None:
    """What the folder was called on Windows, by the first picture that is found."""
    for parts in islice(filter(None, map(_absolute, written)), TRIED):
        for start in range(1, len(parts)):
            if is_there(folder.joinpath(*parts[start:])):
                return parts[:start]
    return None
