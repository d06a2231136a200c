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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import ImageError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.naming import folder_label, may_be_picture, readable
from pixace.sources.sidecar import LIMIT, SUFFIX, decoded, spelled, text_name
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
    """The pictures in an archive.

    Attributes:
      path: the archive.
      zipped: tells zip from tar.
      members: the pictures, in its order.
      labels: whether the folders that hold them are their labels.
      stamp: changes when the archive does.
      captions: of each picture, or none of any.
    """

    path: Path
    zipped: bool
    members: tuple[Member, ...]
    labels: bool
    stamp: str
    captions: tuple[str | None, ...] = ()

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.path)

    def __len__(self) -> int:
        return len(self.members)

    def record(self, i: int) -> Record:
        """Caption: a text beside it, or an emoji's name. Label, on request: its folder."""
        name = readable(self.members[i].name)
        label = folder_label(name) if self.labels else None
        caption = self.captions[i] if self.captions else None
        return Record(name, group_of(name), caption or spelled(name), label)

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
        files = _zip_members(path) if zipped else _tar_members(path)
        members = tuple(file for file in files if may_be_picture(file.name))
        stamp = fingerprint_of(path.parent, [path.name])
        captions = _captions(path, zipped, stamp, files, members)
    except BROKEN as why:
        raise SourceError(f"cannot read {path}: {why}; get it again, or unpack it first") from why
    if not members:
        raise SourceError(f"{path} holds no pictures; name another archive, or a folder")
    return Archive(path, zipped, members, labels, stamp, captions)


def _captions(
    path: Path, zipped: bool, stamp: str, files: Sequence[Member], members: Sequence[Member]
) -> tuple[str | None, ...]:
    """The texts beside pictures, read at once: going back and forth in a compressed tar is slow."""
    wanted = {text_name(member.name) for member in members}
    texts = [file for file in files if file.name in wanted and file.size <= LIMIT]
    if not texts:
        return ()
    opened = _opened(path, zipped, stamp, os.getpid())
    found = {file.name: decoded(opened.read(file)) for file in texts}
    return tuple(found.get(text_name(member.name)) for member in members)


def _is_wanted(name: str) -> bool:
    return may_be_picture(name) or name.endswith(SUFFIX)


def _zip_members(path: Path) -> tuple[Member, ...]:
    with zipfile.ZipFile(path) as archive:
        listed = [
            (place, info)
            for place, info in enumerate(archive.infolist())
            if not info.is_dir() and _is_wanted(info.filename)
        ]
    if any(info.flag_bits & 1 for _, info in listed):
        raise SourceError(f"{path} is encrypted; unpack it and name the folder")
    return tuple(Member(info.filename, info.file_size, place) for place, info in listed)


def _tar_members(path: Path) -> tuple[Member, ...]:
    with tarfile.open(path) as archive:
        return tuple(
            Member(info.name.removeprefix("./"), info.size, info.offset_data)
            for info in archive
            if info.isreg() and not info.issparse() and _is_wanted(info.name)
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
