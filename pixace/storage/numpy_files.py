"""NumPy's files of strangers: `.npy`, and `.npz`, a zip of such.

NumPy makes room for what a header claims before it reads on. Here a header is compared with the
bytes that there are. Objects are never unpickled: a file could run programs that way.
"""

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from pixace.storage import strangers

ZIP = b"PK"  # begins .npz
PICKLE = b"\x80"  # begins Python objects
SUFFIX = ".npy"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
LONGEST = 1 << 16  # bytes of a header, and more than any has
OBJECTS = "it holds Python objects; save numbers"


class Header(NamedTuple):
    """What a `.npy` says of its array."""

    shape: tuple[int, ...]
    in_columns: bool  # as in Fortran
    dtype: np.dtype

    @property
    def bytes(self) -> int:
        """What all of its numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize


class Arrays:
    """The arrays of a `.npz`, read when they are asked for.

    Attributes:
      files: their names.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos = {info.filename.removesuffix(SUFFIX): info for info in archive.infolist()}
        self.files = list(self._infos)

    def __getitem__(self, name: str) -> np.ndarray:
        info = self._infos[name]
        with _sound(), self._archive.open(info) as member:
            start = io.BytesIO(member.read(LONGEST))
            header = _header(start)
            _refuse_short(header, info.file_size - start.tell())
            strangers.refuse_bomb(info.compress_size, header.bytes)
            data = bytearray(start.read())
            data += strangers.content(member, header.bytes - len(data))
        return _array(header, data)


@contextmanager
def opened(path: Path, *, mapped: bool = True) -> Iterator[np.ndarray | Arrays]:
    """The array of a `.npy`, or those of a `.npz`.

    Args:
      path: the file, whatever its name.
      mapped: the array is a memory map, which reads what is asked for.

    Raises:
      ValueError: it is broken, also where that shows later, or holds objects.
      OSError: it cannot be read.
    """
    with strangers.opened(path) as file:
        if file.read(len(ZIP)) == ZIP:
            with _sound():
                archive = zipfile.ZipFile(file)
            yield Arrays(archive)
        else:
            file.seek(0)
            with _sound():
                found = _rows(file, mapped)
            yield found


def _rows(file: BinaryIO, mapped: bool) -> np.ndarray:
    header, place = _header(file), file.tell()
    _refuse_short(header, file.seek(0, io.SEEK_END) - place)
    file.seek(place)
    if mapped and header.bytes:
        order: Any = "F" if header.in_columns else "C"
        return np.memmap(file, header.dtype, "r", place, header.shape, order)
    return _array(header, file.read(header.bytes))


def _header(file: BinaryIO) -> Header:
    start = file.read(1)
    if start == PICKLE:
        raise ValueError(OBJECTS)
    file.seek(-len(start), io.SEEK_CUR)
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"its format {version[0]}.{version[1]} is not known")
    header = Header(*HEADERS[version](file))
    if header.dtype.hasobject:
        raise ValueError(OBJECTS)
    return header


def _refuse_short(header: Header, there: int) -> None:
    if min(header.shape, default=0) < 0 or header.bytes > there:
        raise ValueError(f"it claims {header.bytes:,} bytes of numbers, and holds {there:,}")


def _array(header: Header, data: bytes | bytearray) -> np.ndarray:
    _refuse_short(header, len(data))
    if not header.bytes:
        return np.zeros(header.shape, header.dtype)
    flat = np.frombuffer(data, header.dtype, math.prod(header.shape))
    return flat.reshape(header.shape, order="F" if header.in_columns else "C")


@contextmanager
def _sound() -> Iterator[None]:
    """Has one kind of exception for all damage that NumPy, zipfile and zlib meet."""
    try:
        yield
    except (OSError, ValueError):
        raise
    except Exception as why:
        raise ValueError(strangers.said(why)) from why
