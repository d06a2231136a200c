"""Files of strangers: opened only if they are files, and read as far as they reach.

A named pipe, a socket or a device in a file's place would be waited for, or never end. What a file
claims to hold is no reason to make room for it. And libraries meet damage with a dozen kinds of
exceptions, none of which they promise; so all of them are one line.
"""

import errno
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pixace.errors import PixaceError

BLOCK = 1 << 20  # bytes that are asked for at a time, where nobody knows how many come
TIGHTEST = 1032  # bytes that become one by deflate, at most
LARGE, TIGHT = 1 << 29, 200  # bytes unpacked, and times as many as packed
WORDS = 200  # characters of what a library says
NO_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NoFileError(OSError):
    """What stands in the place of a file is none."""


class Readable(Protocol):
    """Whatever gives the next bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many."""


class _Bounded(io.BufferedReader):
    """A file of which no more is asked than is there: Python makes room before it looks."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        if size is not None and size > BLOCK:
            place = self.tell()
            size = min(size, max(0, self.seek(0, io.SEEK_END) - place))
            self.seek(place)
        return super().read(size)


def opened(path: Path) -> io.BufferedReader:
    """A file, open to be read.

    Raises:
      NoFileError: it is a pipe, a socket or a device, which is left alone.
      OSError: it cannot be opened.
    """
    mode = path.stat().st_mode
    for is_kind, kind in NO_FILES:
        if is_kind(mode):
            raise NoFileError(errno.ESPIPE, f"{kind}, not a file", str(path))
    return _Bounded(io.FileIO(str(path)))


def whole(path: Path, most: int) -> bytes:
    """All bytes of a file.

    Raises:
      ValueError: there are more than `most`.
      OSError: as `opened`.
    """
    with opened(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return raw


def content(file: Readable, most: int) -> bytearray:
    """The next bytes of what may be packed, at most so many; room is made for those that come."""
    found = bytearray()
    while block := file.read(min(BLOCK, most - len(found))):
        found += block
    return found


def refuse_bomb(packed: int, unpacked: int) -> None:
    """Refuses what unpacks to more than fits anywhere, and is packed as no pictures ever are.

    Raises:
      ValueError: says by how much.
    """
    if unpacked > LARGE and unpacked > TIGHT * packed:
        raise ValueError(f"{packed:,} bytes that unpack to {unpacked:,} are no pictures")


def said(why: BaseException) -> str:
    """What is the matter with a file, in the words of whoever could not read it."""
    if isinstance(why, MemoryError):
        return "it needs more memory than there is"
    told = getattr(why, "strerror", None) or next(iter(why.args), None)
    words = " ".join((told if isinstance(told, str) else str(why)).split()).rstrip(".")
    return words[:WORDS] or type(why).__name__


@contextmanager
def explained(kind: type[PixaceError], name: object, mend: str = "get it again") -> Iterator[None]:
    """Turns whatever a library raises of a file into `cannot read NAME: why; get it again`.

    Within it stands what a library does, and nothing else: faults of ours keep their tracebacks.

    Raises:
      PixaceError: of that kind; or the one that was raised.
    """
    try:
        yield
    except PixaceError:
        raise
    except Exception as why:
        raise kind(f"cannot read {name}: {said(why)}; {mend}") from why
