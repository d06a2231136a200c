"""Pictures in a zip or tar file, read where they lie; nothing is ever unpacked to disk.

Pictures come in the order of the archive, which for a compressed tar is the only quick one: each
process that reads goes through it once. So names that point outside ("../../x") are harmless, and
a member that unpacks to more than `MEMBER_LIMIT` is refused before any of it is.
"""

import functools
import lzma
import os
import tarfile
import threading
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import ImageError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.naming import folder_label, may_be_picture, readable
from pixace.sources.source import Record

MEMBER_LIMIT = 256 * 2**20  # bytes of one picture file

BROKEN = (  # what zipfile and tarfile meet in damaged or odd archives
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, ValueError, NotImplementedError, RuntimeError),
)


@dataclass(frozen=True)
class Member:
    """One file in an archive: its name, unpacked bytes, and number (zip) or offset (tar)."""

    name: str
    size: int
    place: int


@dataclass(frozen=True)
class Archive:
    """The pictures in an archive; `zipped` tells zip from tar."""

    path: Path
    zipped: bool
    members: tuple[Member, ...]
    labels: bool
    stamp: str

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.path)

    def __len__(self) -> int:
        return len(self.members)

    def record(self, i: int) -> Record:
        """Label, on request: the folder that holds the picture."""
        name = readable(self.members[i].name)
        return Record(name, group_of(name), label=folder_label(name) if self.labels else None)

    def read(self, i: int) -> bytes:
        """The bytes of the file."""
        member = self.members[i]
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


def open_archive(path: Path, labels: bool = False) -> Archive:
    """Lists an archive.

    Raises:
      SourceError: it is damaged or encrypted, or holds no file that may be a picture.
    """
    zipped = zipfile.is_zipfile(path)
    try:
        members = _zip_members(path) if zipped else _tar_members(path)
    except BROKEN as why:
        raise SourceError(f"cannot read {path}: {why}; get it again, or unpack it first") from why
    if not members:
        raise SourceError(f"{path} holds no pictures; name another archive, or a folder")
    return Archive(path, zipped, members, labels, fingerprint_of(path.parent, [path.name]))


def _zip_members(path: Path) -> tuple[Member, ...]:
    with zipfile.ZipFile(path) as archive:
        listed = [
            (place, info)
            for place, info in enumerate(archive.infolist())
            if not info.is_dir() and may_be_picture(info.filename)
        ]
    if any(info.flag_bits & 1 for _, info in listed):
        raise SourceError(f"{path} is encrypted; unpack it and name the folder")
    return tuple(Member(info.filename, info.file_size, place) for place, info in listed)


def _tar_members(path: Path) -> tuple[Member, ...]:
    with tarfile.open(path) as archive:
        return tuple(
            Member(info.name.removeprefix("./"), info.size, info.offset_data)
            for info in archive
            if info.isreg() and not info.issparse() and may_be_picture(info.name)
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
