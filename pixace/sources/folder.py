"""A folder of pictures, at any depth.

Links to files and folders are followed, but no folder is entered twice, so a link that leads up
again is harmless. Hidden files and folders are left out. The order is that of the paths.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import SourceError
from pixace.sources.groups import group_of
from pixace.sources.naming import folder_label, may_be_picture, readable
from pixace.sources.source import Record


@dataclass(frozen=True)
class Folder:
    """The pictures below `root`; `names` are their paths from there, with slashes."""

    root: Path
    names: tuple[str, ...]
    labels: bool

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.root)

    def __len__(self) -> int:
        return len(self.names)

    def record(self, i: int) -> Record:
        """Label, on request: the folder that holds the picture."""
        name = readable(self.names[i])
        return Record(name, group_of(name), label=folder_label(name) if self.labels else None)

    def read(self, i: int) -> Path:
        """The path of the file."""
        return self.root / self.names[i]

    def fingerprint(self) -> str:
        """Over names, sizes and times of change."""
        return fingerprint_of(self.root, self.names)


def open_folder(root: Path, labels: bool = False) -> Folder:
    """Lists a folder.

    Raises:
      SourceError: no file in it may be a picture, or a folder in it may not be read.
    """
    try:
        names = tuple(sorted(name for name in files_below(root) if may_be_picture(name)))
    except OSError as why:
        raise SourceError(f"cannot list {why.filename or root}: {why.strerror or why}") from why
    if not names:
        raise SourceError(f"{root} holds no pictures; name a folder that does")
    return Folder(root, names, labels)


def files_below(root: Path) -> Iterator[str]:
    """Paths of all files below a folder, in no order, relative and with slashes."""
    entered = set()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        status = (root / below).stat()
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        folders = []
        with os.scandir(root / below) as entries:
            for entry in entries:
                name = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir():
                    if not entry.name.startswith("."):
                        folders.append(name)
                elif entry.is_file():
                    yield name
        waiting.extend(sorted(folders, reverse=True))  # so that of two links, always the same wins


def fingerprint_of(root: Path, names: Iterable[str], *more: object) -> str:
    """Over names, sizes and times of change of files, and whatever else decides the pictures."""
    digest = hashlib.sha256(repr(more).encode())
    for name in names:
        try:
            status = (root / name).stat()
            seen = (status.st_size, status.st_mtime_ns)
        except (OSError, ValueError):  # gone, or never there: reading it will say so
            seen = None
        digest.update(os.fsencode(f"{name}\0{seen}\0"))
    return digest.hexdigest()
