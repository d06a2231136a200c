"""Pictures in a zip or tar file, read where they lie; nothing is ever unpacked to disk.

Pictures come in the order of the archive, which for a compressed tar is the only quick one: each
process that reads goes through it once. A member that unpacks to more than `MEMBER_LIMIT` is
refused before any of it is. `photos.zip#cp949` says in what encoding names are.
"""

import codecs
import os
import threading
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from pixace.errors import ImageError, SourceError
from pixace.sources import tars
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.hierarchy import Standing, folder_of, is_plain, standings
from pixace.sources.members import LOCKED, Member, tar_members, zip_members
from pixace.sources.naming import is_packed, may_be_picture, readable
from pixace.sources.shard import Told, told_in
from pixace.sources.sidecar import spelled
from pixace.sources.source import Record
from pixace.storage import strangers

MEMBER_LIMIT = 256 * 2**20  # bytes of one picture file

READING = 2  # of names, links and what lies beside pictures: another gives other captions or labels


@dataclass(frozen=True)
class Archive:
    """The pictures in an archive.

    Attributes:
      path: the archive.
      zipped: tells zip from tar.
      members: the pictures, in its order.
      labels: whether the folders that hold them are their labels.
      state: changes when the file does.
      stamp: changes when the pictures do, or what is told of them.
      encoding: of the names, if the user says so.
      told: by other members, of each picture or none of any.
      standings: what the folders say of their pictures.
    """

    path: Path
    zipped: bool
    members: tuple[Member, ...]
    labels: bool
    state: str
    stamp: str
    encoding: str | None
    told: tuple[Told, ...]
    standings: Mapping[str, Standing]

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return f"{self.path}#{self.encoding}" if self.encoding else str(self.path)

    def __len__(self) -> int:
        return len(self.members)

    def record(self, i: int) -> Record:
        """Caption and label: as members tell; an emoji's name, and on request its folder."""
        name = readable(self.members[i].name)
        split, folder = self.standings[folder_of(self.members[i].name)]
        caption, label, unread = self.told[i] if self.told else Told()
        label = label or (folder if self.labels else None)
        caption = caption or (None if unread else spelled(name))
        return Record(name, group_of(name), caption, label, split, unread)

    def read(self, i: int) -> bytes:
        """The bytes of the file.

        Raises:
          ImageError: it is too large, damaged, or cannot be had from here.
        """
        member = self.members[i]
        if member.bad:
            raise ImageError(f"{readable(member.name)}: {member.bad}")
        return _read(self.path, self.zipped, self.state, member)

    def fingerprint(self) -> str:
        """Over the size and time of change of the archive."""
        return self.stamp


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or tar, whatever its name."""
    return is_zip(path) or tars.is_tar(path)


def is_zip(path: Path) -> bool:
    """Whether a file ends as a zip does."""
    with strangers.opened(path) as file:
        return zipfile.is_zipfile(file)


def is_archive_file(path: Path) -> bool:
    """The same of a path that may not exist."""
    return path.is_file() and is_archive(path)


def open_archive(path: Path, labels: bool = False, encoding: str | None = None) -> Archive:
    """Lists an archive.

    Args:
      path: the file.
      labels: label pictures with their folders.
      encoding: of names that say nothing of it; None recognises it.

    Raises:
      SourceError: it is damaged or encrypted, or holds no file that may be a picture.
    """
    zipped = is_zip(path)
    _refuse_unknown(encoding, path)
    state = stamp = fingerprint_of(path.parent, [path.name], *filter(None, [encoding]))
    with strangers.explained(SourceError, path, "get it again, or unpack it first"):
        if zipped:
            files = zip_members(open_zip(path, state, os.getpid()).archive, encoding)
        else:
            files = tar_members(path, encoding)
    members = tuple(file for file in files if may_be_picture(file.name) or is_packed(file.name))
    told = told_in(files, members, partial(_read, path, zipped, state), keyed=not zipped)
    _refuse_unreadable(path, members)
    found = standings({folder_of(member.name) for member in members})
    if not is_plain(found, labels) or any(member.linked for member in members) or told.keyed:
        stamp = fingerprint_of(path.parent, [path.name], encoding, READING)
    return Archive(path, zipped, members, labels, state, stamp, encoding, told.of_each, found)


def _refuse_unknown(encoding: str | None, path: Path) -> None:
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as why:
        raise SourceError(
            f"no encoding '{encoding}' for the names in {path}; write one such as cp932 or gbk"
        ) from why


def _refuse_unreadable(path: Path, members: tuple[Member, ...]) -> None:
    if not members:
        raise SourceError(f"{path} holds no pictures; name another archive, or a folder")
    if all(member.bad == LOCKED for member in members):
        raise SourceError(f"{path} is encrypted; unpack it and name the folder")
    if all(member.bad and is_packed(member.name) for member in members):
        listed = ", ".join(readable(member.name) for member in members[:5])
        raise SourceError(
            f"{path} holds no pictures but archives ({listed}); unpack it and name one of them, "
            "or unpack these too and name the folder"
        )


def _read(path: Path, zipped: bool, state: str, member: Member) -> bytes:
    """The bytes of a member.

    Raises:
      ImageError: it is damaged, or unpacks to more than the limit; what it claims does not count.
    """
    name = readable(member.name)
    limit = f"more than the limit of {MEMBER_LIMIT:,}"
    if not zipped and member.size > MEMBER_LIMIT:  # so many bytes it takes up in any case
        raise ImageError(f"{name}: {member.size:,} bytes, {limit}")
    opened = open_zip if zipped else _open_tar
    try:
        raw = opened(path, state, os.getpid()).read(member, MEMBER_LIMIT + 1)
    except Exception as why:  # zipfile, tarfile and what unpacks for them have dozens
        raise ImageError(f"{name}: cannot be unpacked ({strangers.said(why)})") from why
    if len(raw) > MEMBER_LIMIT:
        raise ImageError(f"{name}: claims {member.size:,} bytes unpacked, {limit}")
    return raw


class _Open:
    """What stays open between reads."""

    def __init__(self) -> None:
        self.stack = ExitStack()

    def __del__(self) -> None:
        self.stack.close()


class Zip(_Open):
    """An open zip; threads take turns by themselves.

    Attributes:
      archive: it.
      infos: what its list says of its members.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        file = self.stack.enter_context(strangers.opened(path))
        self.archive = self.stack.enter_context(zipfile.ZipFile(file))
        self.infos = self.archive.infolist()

    def read(self, member: Member, most: int) -> bytes:
        """The bytes of a member, at most so many."""
        with self.archive.open(self.infos[member.place]) as file:
            return bytes(strangers.content(file, most))


class _Tar(_Open):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._archive = self.stack.enter_context(tars.opened(path))
        self._lock = threading.Lock()

    def read(self, member: Member, _most: int) -> bytes:
        file: Any = self._archive.fileobj
        with self._lock:
            file.seek(member.place)
            data = bytes(strangers.content(file, member.size))
        if len(data) < member.size:
            raise EOFError(f"the archive ends after {len(data):,} of {member.size:,} bytes")
        return data


@lru_cache(maxsize=4)
def open_zip(path: Path, _state: str, _process: int) -> Zip:
    """An open zip, whose list is read once; each process has its own.

    A forked one would share the position.
    """
    return Zip(path)


@lru_cache(maxsize=4)
def _open_tar(path: Path, _state: str, _process: int) -> _Tar:
    return _Tar(path)
