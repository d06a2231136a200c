"""Pictures in a zip or tar file, read where they lie; nothing is ever unpacked to disk.

Pictures come in the order of the archive, which for a compressed tar is the only quick one: each
process that reads goes through it once. A member that unpacks to more than `MEMBER_LIMIT` is
refused before any of it is. `photos.zip#cp949` says in what encoding names are.
"""

import codecs
import functools
import lzma
import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import ImageError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.hierarchy import Standing, folder_of, is_plain, standings
from pixace.sources.members import LOCKED, Member, tar_members, zip_members
from pixace.sources.naming import is_packed, may_be_picture, readable
from pixace.sources.shard import Told, told_in
from pixace.sources.sidecar import spelled
from pixace.sources.source import Record

MEMBER_LIMIT = 256 * 2**20  # bytes of one picture file

READING = 2  # of names, links and what lies beside pictures: another gives other captions or labels

BROKEN = (  # what zipfile and tarfile meet in damaged or odd archives
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, ValueError, NotImplementedError, RuntimeError),
)


@dataclass(frozen=True)
class Archive:
    """The pictures in an archive.

    Attributes:
      path: the archive.
      zipped: tells zip from tar.
      members: the pictures, in its order.
      labels: whether the folders that hold them are their labels.
      stamp: changes when the archive does.
      encoding: of the names, if the user says so.
      told: by other members, of each picture or none of any.
      standings: what the folders say of their pictures.
    """

    path: Path
    zipped: bool
    members: tuple[Member, ...]
    labels: bool
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
        if member.size > MEMBER_LIMIT:
            raise ImageError(
                f"{readable(member.name)}: claims {member.size:,} bytes unpacked, more than the "
                f"limit of {MEMBER_LIMIT:,}"
            )
        try:
            opened = _opened(self.path, self.zipped, self.stamp, os.getpid())
            return opened.read(member)
        except BROKEN as why:
            raise ImageError(f"{readable(member.name)}: cannot be unpacked ({why})") from why

    def fingerprint(self) -> str:
        """Over the size and time of change of the archive."""
        return self.stamp


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or tar, whatever its name."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


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
    zipped = zipfile.is_zipfile(path)
    _refuse_unknown(encoding, path)
    try:
        files = (zip_members if zipped else tar_members)(path, encoding)
        members = tuple(file for file in files if may_be_picture(file.name) or is_packed(file.name))
        stamp = fingerprint_of(path.parent, [path.name], *filter(None, [encoding]))
        read = _opened(path, zipped, stamp, os.getpid()).read
        told = told_in(files, members, read, keyed=not zipped)
    except BROKEN as why:
        raise SourceError(f"cannot read {path}: {why}; get it again, or unpack it first") from why
    _refuse_unreadable(path, members)
    found = standings({folder_of(member.name) for member in members})
    if not is_plain(found, labels) or any(member.linked for member in members) or told.keyed:
        stamp = fingerprint_of(path.parent, [path.name], encoding, READING)
    return Archive(path, zipped, members, labels, stamp, encoding, told.of_each, found)


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


class _Zip:
    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)  # takes turns between threads by itself
        self._infos = self._archive.infolist()

    def read(self, member: Member) -> bytes:
        return self._archive.read(self._infos[member.place])


class _Tar:
    def __init__(self, path: Path) -> None:
        self._archive = tarfile.open(path)  # noqa: SIM115  stays open between reads
        self._lock = threading.Lock()

    def __del__(self) -> None:
        if hasattr(self, "_archive"):
            self._archive.close()

    def read(self, member: Member) -> bytes:
        file = self._archive.fileobj
        with self._lock:
            file.seek(member.place)
            data = file.read(member.size)
        if len(data) < member.size:
            raise EOFError(f"the archive ends after {len(data):,} of {member.size:,} bytes")
        return data


@functools.lru_cache(maxsize=4)
def _opened(path: Path, zipped: bool, _stamp: str, _process: int) -> _Zip | _Tar:
    """An open archive; each process has its own, since a forked one would share the position."""
    return _Zip(path) if zipped else _Tar(path)
