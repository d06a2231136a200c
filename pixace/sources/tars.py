"""Tar files of strangers, compressed or not: listed once, with claims that are not believed."""

import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixace.storage import strangers

BLOCKSIZE = 512
PACKED = ((b"\x1f\x8b", "r:gz"), (b"BZh", "r:bz2"), (b"\xfd7zXZ", "r:xz"), (b"]\0\0", "r:xz"))
# Where the fields of a header are (POSIX 1003.1, ustar).
NAME, FOLDER = slice(0, 100), slice(345, 500)
SIZE, CHECKSUM, TYPE = slice(124, 136), slice(148, 156), slice(156, 157)
MAGIC = slice(257, 265)
OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
LONGEST = 1 << 20  # bytes of a name, or of all else that a header says more of
SPEAKING = (  # kinds of members that are headers themselves, and read whole
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)


class _Header(tarfile.TarInfo):
    """A header that claims what it may."""

    @classmethod
    def frombuf(cls, *args: Any, **kwargs: Any) -> Any:
        """Reads one."""
        header = cls._plain(*args, **kwargs) or super().frombuf(*args, **kwargs)
        if header.size < 0 or (header.type in SPEAKING and header.size > LONGEST):
            raise tarfile.ReadError(f"a header claims {header.size:,} bytes")
        return header

    @classmethod
    def _plain(cls, buf: bytes, encoding: str, errors: str) -> Any:
        """Of the header of a plain file what is asked for; None where it is anything else."""
        if len(buf) != BLOCKSIZE or buf[TYPE] != tarfile.REGTYPE:
            return None
        checksum, size = OCTAL.fullmatch(buf[CHECKSUM]), OCTAL.fullmatch(buf[SIZE])
        blank = len(buf[CHECKSUM]) * ord(" ")
        if not checksum or not size or int(checksum[1], 8) != sum(buf) - sum(buf[CHECKSUM]) + blank:
            return None
        name, folder = (
            buf[field].partition(b"\0")[0].decode(encoding, errors) for field in (NAME, FOLDER)
        )
        header = cls(f"{folder}/{name}" if folder else name)
        header.type, header.size = tarfile.REGTYPE, int(size[1], 8)
        return header


class Tar(tarfile.TarFile):
    """An archive that goes forward only, and keeps nothing of what it has listed."""

    tarinfo = _Header
    packed: int | None = None  # bytes of the file, if it is compressed
    firstmember: tarfile.TarInfo | None
    members: list[tarfile.TarInfo]

    def next(self) -> tarfile.TarInfo | None:
        """The next member.

        Raises:
          tarfile.ReadError: it would be one that has been listed before.
          ValueError: it unpacks to far more than pictures do.
        """
        is_held, before = self.firstmember is not None, self.offset  # the first is read at once
        member = super().next()
        self.members.clear()  # of a million they take a gigabyte
        if member is not None and not is_held and self.offset <= before:
            raise tarfile.ReadError("its headers lead in a circle")
        if self.packed is not None:
            strangers.refuse_bomb(self.packed, self.offset)  # before it is unpacked
        return member


@contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[Tar]:
    """An archive, to be listed and read in its order.

    Raises:
      Exception: of a dozen kinds, if it is damaged.
    """
    with strangers.opened(path) as file:
        start = file.read(BLOCKSIZE)
        file.seek(0)
        mode: Any = next((mode for magic, mode in PACKED if start.startswith(magic)), "r:")
        with Tar.open(fileobj=file, mode=mode, encoding=encoding) as tar:
            tar.packed = path.stat().st_size if mode != "r:" else None
            yield tar


def is_tar(path: Path) -> bool:
    """Whether a file begins as a tar does, compressed or not."""
    try:
        with opened(path):
            return True
    except Exception:  # the same dozen
        with strangers.opened(path) as file:
            return file.read(BLOCKSIZE)[MAGIC].startswith(b"ustar")
