"""Pickles read as mere data: nothing that a pickle names is ever imported or called.

A pickle is a program that builds objects by calling what it names. Here each name that arrays and
old weights need stands for an empty record, which keeps what it is given, and every other name is
refused. Which records are arrays is seen afterwards, when types and sizes have been checked: so
NumPy's own unpickling never sees what stands in the file either.
"""

import gzip
import math
import pickle
import re
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pixace.errors import RunError
from pixace.storage import pickle_reader
from pixace.storage.pickle_reader import (
    BFLOAT16,
    BUFFERED,
    ENCODED,
    ON_DEVICE,
    SCALAR,
    SHAPED,
    ForeignError,
    Record,
)

LARGEST = 4 << 30  # bytes, unpacked
SMALL = 64 << 20  # bytes that any file may unpack to
PACKED = 20  # times that a larger one may; what was learned hardly shrinks at all
DIMENSIONS = 8

BROKEN = (
    *(pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError),
    *(MemoryError, RecursionError, TypeError, ValueError, struct.error),
)


def load(path: Path) -> Any:
    """What a gzip pickle holds, with records in place of all objects but Python's own.

    Raises:
      RunError: the file is missing or broken, too large, or names what is not known here.
    """
    return parsed(unpacked(path), path, "weights")


def parsed(data: bytes, path: Path, what: str, encoding: str = "ASCII") -> Any:
    """What a pickle holds, as `load` gives it.

    Args:
      data: the pickle.
      path: what errors call it.
      what: what it should hold, likewise.
      encoding: of texts that Python 2 wrote; `bytes` leaves them as they are.

    Raises:
      RunError: it is broken, or names what is not known here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of odd escapes in damaged text
            return pickle_reader.read(data, encoding)
    except ForeignError as why:
        raise RunError(
            f"{path} is refused: it names {why}, and {what} are made of arrays, tuples, lists, "
            "dicts, numbers and strings; nothing in it was run"
        ) from None
    except BROKEN as why:
        raise RunError(f"{path} is broken or no pickle: {why or type(why).__name__}") from why


def unpacked(path: Path) -> bytes:
    """The contents of a gzip file, as long as they are no bomb.

    Raises:
      RunError: it is missing, broken or unpacks to too much.
    """
    try:
        most = largest(path)
        with gzip.open(path) as file:
            data = file.read(most + 1)
    except gzip.BadGzipFile as why:
        raise RunError(f"{path} is broken or no gzip file: {why}") from why
    except (OSError, EOFError, zlib.error) as why:
        reason = getattr(why, "strerror", None) or why
        raise RunError(f"{path} cannot be read: {reason}") from why
    if len(data) > most:
        raise RunError(
            f"{path} is refused: it unpacks to more than {most / 1e6:,.0f} MB, which weights in a "
            "file of that size never do"
        )
    return data


def largest(path: Path) -> int:
    """How many bytes the contents of a gzip file of that size may have."""
    return min(LARGEST, max(SMALL, PACKED * path.stat().st_size))


def array(thing: Any) -> np.ndarray:
    """The array that a record stands for; float32 in place of bfloat16.

    Raises:
      ValueError: it stands for none, or for one that does not fit its bytes.
    """
    name = getattr(thing, "name", "") if isinstance(thing, Record) else ""
    if name in ON_DEVICE and len(thing.args) >= 3:
        build, args, state = thing.args[:3]
        if isinstance(build, type) and issubclass(build, Record) and isinstance(args, tuple):
            inner = build(*args)
            inner.state = state
            thing, name = inner, build.name
    if name in SHAPED and isinstance(thing.state, tuple) and len(thing.state) == 5:
        _, shape, kind, is_fortran, raw = thing.state
        return _array(_bytes(raw), kind, shape, "F" if is_fortran else "C")
    if name in BUFFERED and len(thing.args) in (4, 5):
        raw, kind, shape, order, *axes = thing.args
        found = _array(raw, kind, shape, "F" if order == "F" else "C")
        return found.transpose(axes[0]) if order == "K" and axes else found
    raise ValueError(f"an array was expected, not {_said(thing)}")


def text(thing: Any) -> Any:
    """A text, be it one, or bytes, or bytes that were written as a text; all else as it is."""
    thing = _bytes(thing)
    return thing.decode("utf-8", "replace") if isinstance(thing, bytes) else thing


def _bytes(thing: Any) -> Any:
    """Bytes, if it is a text that stands for some; all else as it is."""
    if isinstance(thing, Record) and thing.name in ENCODED and len(thing.args) == 2:
        letters, encoding = thing.args
        if isinstance(letters, str) and encoding == "latin1":
            return letters.encode("latin1", "replace")
    return thing


def whole_number(thing: Any) -> int:
    """An integer of at most 64 bits, or NumPy's; 0 for anything else."""
    if isinstance(thing, int):
        return thing if abs(thing) < 1 << 63 else 0
    if isinstance(thing, Record) and thing.name in SCALAR and len(thing.args) == 2:
        found = _array(_bytes(thing.args[1]), thing.args[0], (1,), "C")
        return int(found[0]) if found.dtype.kind in "iu" else 0
    return 0


def _array(raw: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    """An array on top of some bytes, if they are as many as it needs."""
    is_shape = isinstance(shape, tuple) and len(shape) <= DIMENSIONS
    if not is_shape or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{_said(shape)} is no shape")
    if not isinstance(raw, bytes | bytearray):
        raise ValueError(f"the bytes of an array were expected, not {_said(raw)}")
    is_brain, dtype = _dtype(kind)
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} does not fit its {len(raw):,} bytes")
    flat = np.frombuffer(raw, dtype)
    return (from_bfloat16(flat) if is_brain else flat).reshape(shape, order=order)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """Float32 from the bits of bfloat16, uint16: they are the upper half."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _dtype(kind: Any) -> tuple[bool, np.dtype]:
    """Whether a type is bfloat16, and which type its bytes have."""
    if isinstance(kind, Record) and kind.name == "numpy.dtype" and kind.args:
        said = text(kind.args[0])
        if isinstance(said, type) and issubclass(said, Record) and said.name in BFLOAT16:
            return True, np.dtype("<u2")
        state = kind.state if isinstance(kind.state, tuple) else ()
        if isinstance(said, str) and re.fullmatch("b1|[iu][1248]|f[248]", said):
            order = ">" if len(state) > 1 and text(state[1]) == ">" else "<"
            return False, np.dtype(f"{order}{said}")
    raise ValueError(f"{_said(kind)} is no type of numbers")


def _said(thing: Any) -> str:
    if isinstance(thing, Record):
        return f"{thing.name} of {len(thing.args)}"
    text = repr(thing) if isinstance(thing, int | float | str | tuple) else type(thing).__name__
    return text if len(text) <= 80 else f"{text[:79]}…"
