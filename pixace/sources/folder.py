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
from pixace.sources.sidecar import LIMIT, SUFFIX, decoded, spelled, text_name
from pixace.sources.source import Record


@dataclass(frozen=True)
class Folder:
    """The pictures below `root`.

    Attributes:
      root: the folder.
      names: paths of the pictures from there, with slashes.
      labels: whether the folders that hold them are their labels.
      texts: paths of the texts beside them.
    """

    root: Path
    names: tuple[str, ...]
    labels: bool
    texts: frozenset[str] = frozenset()

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.root)

    def __len__(self) -> int:
        return len(self.names)

    def record(self, i: int) -> Record:
        """Caption: a text beside it, or an emoji's name. Label, on request: its folder."""
        name = readable(self.names[i])
        label = folder_label(name) if self.labels else None
        return Record(name, group_of(name), self._caption(self.names[i]), label)

    def _caption(self, name: str) -> str | None:
        if (text := text_name(name)) not in self.texts:
            return spelled(name)
        with (self.root / text).open("rb") as file:
            return decoded(file.read(LIMIT))

    def read(self, i: int) -> Path:
        """The path of the file."""
        return self.root / self.names[i]

    def fingerprint(self) -> str:
        """Over names, sizes and times of change, of the texts too."""
        return fingerprint_of(self.root, [*self.names, *sorted(self.texts)])


def open_folder(root: Path, labels: bool = False) -> Folder:
    """Lists a folder.

    Raises:
      SourceError: no file in it may be a picture, or a folder in it may not be read.
    """
    try:
        files = sorted(files_below(root))
    except OSError as why:
        raise SourceError(f"cannot list {why.filename or root}: {why.strerror or why}") from why
    names = tuple(name for name in files if may_be_picture(name))
    if not names:
        raise SourceError(f"{root} holds no pictures; name a folder that does")
    texts = {name for name in files if name.endswith(SUFFIX)}
    return Folder(root, names, labels, frozenset(texts & set(map(text_name, names))))


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
