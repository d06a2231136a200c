"""What a folder tells of its pictures in a table: `metadata.csv` or `.jsonl`, as on Hugging Face.

Such a table may lie in any folder that has pictures below it, also of a zip, and its paths are
relative to it. The pictures and their order are the folder's; the table adds captions, labels and
splits.
"""

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pixace.errors import ImageError, SourceError
from pixace.sources import columns
from pixace.sources.archive import MEMBER_LIMIT, Archive, open_zip
from pixace.sources.folder import Folder, fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.hierarchy import folder_of
from pixace.sources.members import Member
from pixace.sources.naming import readable
from pixace.sources.source import Record, Source
from pixace.sources.table import Line, open_table, read_rows
from pixace.sources.zipnames import name_of
from pixace.storage.strangers import explained

if TYPE_CHECKING:
    from pixace.images.loader import Raw

NAMES = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class Described:
    """The pictures of a folder or zip, with what tables tell of them.

    Attributes:
      source: the pictures.
      names: their paths in it.
      told: what is told, by path.
      missing: paths that are told of and are no pictures in it; reading them says so.
    """

    source: Folder | Archive
    names: tuple[str, ...]
    told: Mapping[str, Line]
    missing: tuple[str, ...]

    @property
    def spec(self) -> str:
        """What the user named."""
        return self.source.spec

    @property
    def notes(self) -> tuple[str, ...]:
        """As the folder has them."""
        return getattr(self.source, "notes", ())

    def __len__(self) -> int:
        return len(self.names) + len(self.missing)

    def record(self, i: int) -> Record:
        """As in the folder, but for what a table says."""
        if i >= len(self.names):
            name = self.missing[i - len(self.names)]
            record, line = Record(readable(name), group_of(name)), self.told[name]
        else:
            record = self.source.record(i)
            line = self.told.get(self.names[i], Line(""))
        return replace(
            record,
            caption=line.caption or record.caption,
            label=line.label or record.label,
            split=line.split or record.split,
            unread=None if line.caption else record.unread,
        )

    def read(self, i: int) -> "Raw":
        """As of the folder.

        Raises:
          ImageError: likewise, or the picture is missing.
        """
        if i < len(self.names):
            return self.source.read(i)
        name = readable(self.missing[i - len(self.names)])
        raise ImageError(f"{name}: no such picture, but a table in {self.spec} tells of it")

    def fingerprint(self) -> str:
        """Over the folder, and all that is told."""
        told = sorted(self.told.items())
        return fingerprint_of(Path(), (), self.source.fingerprint(), told)


def described(source: Source) -> Source:
    """A folder or zip with what its tables tell of its pictures; any other source as it is.

    Raises:
      SourceError: a table in it cannot be read.
    """
    if isinstance(source, Folder):
        root, names, tables = source.root, source.names, _in_folder(source)
    elif isinstance(source, Archive) and source.zipped:
        root, names = source.path, tuple(member.name for member in source.members)
        tables = _in_zip(source, names)
    else:
        return source
    told: dict[str, Line] = {}
    for path, raw in tables:
        if not columns.purposes(read_rows(path, raw).columns):
            continue  # about something else
        below = path.parent.relative_to(root).as_posix()
        for line in open_table(path, raw).lines:
            name = posixpath.normpath(posixpath.join(below, line.image_path))
            told[name] = _both(told[name], line) if name in told else line
    if not told:
        return source
    there = set(names)
    return Described(source, names, told, tuple(name for name in told if name not in there))


def _in_folder(source: Folder) -> Iterator[tuple[Path, bytes | None]]:
    for place in _places(source.names):
        if (source.root / place).is_file():
            yield source.root / place, None


def _in_zip(source: Archive, names: tuple[str, ...]) -> Iterator[tuple[Path, bytes | None]]:
    opened = open_zip(source.path, source.state, os.getpid())
    members = {
        posixpath.normpath(name): place
        for place, info in enumerate(opened.infos)
        if not info.flag_bits & 1 and (name := name_of(info, source.encoding)).endswith(NAMES)
    }
    for place in _places(names):
        if place in members:
            with explained(SourceError, source.path / place):
                raw = opened.read(Member(place, 0, members[place]), MEMBER_LIMIT + 1)
            if len(raw) > MEMBER_LIMIT:
                raise SourceError(
                    f"{source.path / place} unpacks to more than {MEMBER_LIMIT:,} bytes"
                )
            yield source.path / place, raw


def _places(names: tuple[str, ...]) -> list[str]:
    """Where tables may lie: in the folders that have pictures below them."""
    holding = map(PurePosixPath, {folder_of(name) for name in names})
    folders = {above for folder in holding for above in (folder, *folder.parents)}
    return [str(folder / name) for folder in sorted(folders) for name in NAMES]


def _both(line: Line, other: Line) -> Line:
    """Two lines on one picture: it has both captions."""
    captions = "\n".join(filter(None, (line.caption, other.caption))) or None
    return Line(line.image_path, captions, line.label or other.label, line.split or other.split)
