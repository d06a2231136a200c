"""What a folder tells of its pictures in a table: `metadata.csv` or `.jsonl`, as on Hugging Face.

Such a table may lie in any folder that has pictures below it, and its paths are relative to it. The
pictures and their order are the folder's; the table adds captions, labels and splits.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pixace.sources import columns
from pixace.sources.folder import Folder, fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.naming import readable
from pixace.sources.source import Record, Source
from pixace.sources.table import Line, open_table, read_rows

NAMES = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class Described:
    """The pictures of a folder, with what tables tell of them.

    Attributes:
      folder: the pictures.
      told: what is told, by their paths in the folder.
      missing: pictures that are told of and not there, so that reading them says so.
    """

    folder: Folder
    told: Mapping[str, Line]
    missing: tuple[str, ...]

    @property
    def spec(self) -> str:
        """The folder as the user named it."""
        return self.folder.spec

    def __len__(self) -> int:
        return len(self.folder) + len(self.missing)

    def record(self, i: int) -> Record:
        """As in the folder, but for what a table says."""
        if i >= len(self.folder):
            name = self.missing[i - len(self.folder)]
            record, line = Record(readable(name), group_of(name)), self.told[name]
        else:
            record = self.folder.record(i)
            line = self.told.get(self.folder.names[i], Line(""))
        return replace(
            record,
            caption=line.caption or record.caption,
            label=line.label or record.label,
            split=line.split or record.split,
            unread=None if line.caption else record.unread,
        )

    def read(self, i: int) -> Path:
        """The path of the file."""
        if i >= len(self.folder):
            return self.folder.root / self.missing[i - len(self.folder)]
        return self.folder.read(i)

    def fingerprint(self) -> str:
        """Over the folder, and all that is told."""
        told = sorted(self.told.items())
        return fingerprint_of(self.folder.root, self.missing, self.folder.fingerprint(), told)


def described(source: Source) -> Source:
    """A folder with what its tables tell of its pictures; any other source as it is.

    Raises:
      SourceError: a table in it cannot be read.
    """
    if not isinstance(source, Folder):
        return source
    told: dict[str, Line] = {}
    for path in _tables(source):
        below = path.parent.relative_to(source.root).as_posix()
        for line in open_table(path).lines:
            name = posixpath.normpath(posixpath.join(below, line.image_path))
            told[name] = _both(told[name], line) if name in told else line
    if not told:
        return source
    there = set(source.names)
    return Described(source, told, tuple(name for name in told if name not in there))


def _tables(source: Folder) -> Iterator[Path]:
    """The tables in folders with pictures below them; not those that are about something else."""
    folders = {folder for name in source.names for folder in PurePosixPath(name).parents}
    for folder in sorted(folders):
        for name in NAMES:
            path = source.root / folder / name
            if path.is_file() and columns.purposes(read_rows(path).columns):
                yield path


def _both(line: Line, other: Line) -> Line:
    """Two lines on one picture: it has both captions."""
    captions = "\n".join(filter(None, (line.caption, other.caption))) or None
    return Line(line.image_path, captions, line.label or other.label, line.split or other.split)
