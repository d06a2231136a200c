"""Reads a pickle's opcodes as data: records in place of what they name, and limits on everything.

Nothing is hashed but texts and small numbers, or walked into without end: Python's reader in C ends
at once where a tuple of a hundred thousand tuples is a key, and takes hours for keys that were made
to collide.
"""

import io
import pickle
import pickletools
from collections.abc import Iterable
from typing import Any, ClassVar

PARTS = 1_000_000  # of a pickle; each may become an object, and takes a microsecond or two
DEEPEST = 64  # tuples in tuples
KEY = 1 << 31  # numbers beyond it may have the same hash

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
            raise ForeignError(" ".join(full.split()))
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


class ForeignError(Exception):
    """The pickle names what old weights have no need of."""


def read(data: bytes, encoding: str) -> Any:
    """What a pickle holds, with records in place of all objects but Python's own.

    Args:
      data: the pickle.
      encoding: of texts that Python 2 wrote.

    Raises:
      ForeignError: it names what is not known here.
      ValueError: it has too many parts, or what no weights have; other errors where it is broken.
    """
    _check_opcodes(data)
    found = _Reader(io.BytesIO(data), encoding=encoding).load()
    _check_depth(found)
    return found


def _check_opcodes(data: bytes) -> None:
    """Refuses claims of sizes that are not there; unpickling would make room for them first."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if opcode.name in REFUSED:
            raise ForeignError(f"something outside of itself ({opcode.name})")
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
