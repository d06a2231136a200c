"""Pickles read as mere data: nothing that a pickle names is ever imported or called.

A pickle is a program that builds objects by calling what it names. Here each name that arrays and
old weights need stands for an empty record, which keeps what it is given, and every other name is
refused. Which records are arrays is seen afterwards, when types and sizes have been checked: so
NumPy's own unpickling never sees what stands in the file either.

Nor is anything in it hashed but texts and small numbers, or walked into without end: Python in C
ends at once where a tuple of a hundred thousand tuples is a key, and takes hours for keys that were
made to collide.
"""

import gzip
import io
import math
import pickle
import pickletools
import re
import struct
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pixace.errors import RunError

LARGEST = 4 << 30  # bytes, unpacked
SMALL = 64 << 20  # bytes that any file may unpack to
PACKED = 20  # times that a larger one may; what was learned hardly shrinks at all
PARTS = 1_000_000  # of a pickle; each may become an object, and takes a microsecond or two
DEEPEST = 64  # tuples in tuples
KEY = 1 << 31  # numbers beyond it may have the same hash
DIMENSIONS = 8

# NumPy wrote its private names in one way before 2.0 and in another since; so did JAX with 0.4.
_CORES = ("numpy.core", "numpy._core")
SHAPED = {f"{core}.multiarray._reconstruct" for core in _CORES}
BUFFERED = {f"{core}.numeric._frombuffer" for core in _CORES}
SCALAR = {f"{core}.multiarray.scalar" for core in _CORES}
ON_DEVICE = {
    "jax._src.device_array.reconstruct_device_array",
    "jax._src.array._reconstruct_array",
}
BFLOAT16 = {"ml_dtypes.bfloat16", "jaxlib.xla_extension.bfloat16"}
# What stands in Trax's checkpoints beside the weights: kept as a record, and never looked at.
BESIDE = {
    *("trax.shapes.ShapeDtype", "trax.supervised.history.History", "trax.history.History"),
    *("collections.OrderedDict", "collections.defaultdict", "builtins.list", "builtins.dict"),
    *("jax.numpy.int32", "jax.numpy.float32"),
    *(f"numpy.{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *(f"numpy.float{bits}" for bits in (16, 32, 64)),
}
ENCODED = {"_codecs.encode"}  # bytes, as Python 3 writes them for Python 2
ARRAYS = {"numpy.ndarray", "numpy.dtype"} | SHAPED | BUFFERED | SCALAR | ON_DEVICE | BFLOAT16
KNOWN = ARRAYS | BESIDE | ENCODED
# What reaches out of the file, or was last written in the days of Python 1.
REFUSED = {
    *("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"),
    *("INST", "OBJ"),
}
SETS = {"EMPTY_SET", "ADDITEMS", "FROZENSET"}  # all that is in them would be hashed
BROKEN = (
    *(pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError),
    *(MemoryError, RecursionError, TypeError, ValueError, struct.error),
)


class Record:
    """What a name was given in the pickle: arguments and a state, and nothing happened."""

    name = ""
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> "Record":
        """Keeps the arguments."""
        made = super().__new__(cls)
        made.args, made.state = args, None
        return made

    def __setstate__(self, state: Any) -> None:
        """Keeps the state."""
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Takes entries, for what was a dictionary; nobody reads them."""


class _Dict(dict):
    """A dictionary by texts, small numbers, and records, which are hashed by their place."""

    __slots__ = ()  # nothing in the pickle is to change what it does

    def __setitem__(self, key: Any, value: Any) -> None:
        is_small = isinstance(key, int) and abs(key) < KEY
        if not (is_small or isinstance(key, str | bytes | Record)):
            raise ValueError(f"a {type(key).__name__} is a key of a dictionary")
        super().__setitem__(key, value)


_InPython: Any = pickle._Unpickler  # in C it has its own dictionaries


class _Reader(_InPython):
    dispatch: ClassVar = dict(_InPython.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full not in KNOWN:
            raise _ForeignError(full)
        return type("Record", (Record,), {"name": full})

    def load_empty_dictionary(self) -> None:
        self.append(_Dict())

    def load_dict(self) -> None:
        items = self.pop_mark()
        made = _Dict()
        for key, value in zip(items[::2], items[1::2], strict=True):
            made[key] = value
        self.append(made)

    dispatch[pickle.EMPTY_DICT[0]] = load_empty_dictionary
    dispatch[pickle.DICT[0]] = load_dict


class _ForeignError(Exception):
    """The pickle names what old weights have no need of."""


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
            _check_opcodes(data)
            found = _Reader(io.BytesIO(data), encoding=encoding).load()
        _check_depth(found)
        return found
    except _ForeignError as why:
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


def _check_opcodes(data: bytes) -> None:
    """Refuses claims of sizes that are not there; unpickling would make room for them first."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if opcode.name in REFUSED:
            raise _ForeignError(f"something outside of itself ({opcode.name})")
        if opcode.name in SETS:
            raise ValueError("it holds a set, which no weights do")
        if opcode.name in ("PUT", "LONG_BINPUT", "BINPUT") and int(argument or 0) > count:
            raise ValueError(f"it numbers its {count}th part {argument}")
        if count > PARTS:
            raise ValueError(f"it has more than {PARTS:,} parts")


def _check_depth(thing: Any) -> None:
    """Refuses what leads on and on, before anything walks into it; in circles there is an end."""
    level, seen = [thing], set[int]()
    for _ in range(DEEPEST):
        seen.update(map(id, level))
        inner = {id(each): each for outer in level for each in _within(outer)}
        level = [each for place, each in inner.items() if place not in seen]
        if not level:
            return
    raise ValueError(f"it is nested more than {DEEPEST} times")


def _within(thing: Any) -> Iterable[Any]:
    if isinstance(thing, Record):
        return (thing.args, thing.state)
    if isinstance(thing, dict):
        return thing.values()
    return thing if isinstance(thing, list | tuple) else ()


def _said(thing: Any) -> str:
    if isinstance(thing, Record):
        return f"{thing.name} of {len(thing.args)}"
    text = repr(thing) if isinstance(thing, int | float | str | tuple) else type(thing).__name__
    return text if len(text) <= 80 else f"{text[:79]}…"
