"""MATLAB's files of level 5, versions 5 to 7: the arrays of numbers in one, and shapes of the rest.

Read here, as SciPy's reader makes room for what is claimed, and damage can crash it.

Format: 128 bytes of head; then elements, each a tag of kind and length before its bytes. An array
is an element that holds others: its class, its dimensions, its name, its numbers; and it may be
packed ("MAT-File Format", The MathWorks).
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from pixace.storage.strangers import refuse_bomb

HEAD, VERSION, TAG = 128, 124, 8  # bytes, a place, bytes
LEVEL_5, HDF5 = 0x0100, 0x0200
ARRAY, PACKED = 14, 15  # kinds of elements; those of numbers are:
NUMBERS = {
    **{1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4"},
    **{7: "f4", 9: "f8", 12: "i8", 13: "u8"},
}
CLASSES = {  # of arrays; all others are texts, cells, records and the like
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2"},
    **{12: "i4", 13: "u4", 14: "i8", 15: "u8"},
}
MOST_AXES = 32


class Array(NamedTuple):
    """What a file holds under a name."""

    name: str
    shape: tuple[int, ...]
    numbers: np.ndarray | None  # None of what is no array of numbers


class Element(NamedTuple):
    """A kind, and bytes."""

    kind: int
    raw: memoryview


class UnreadVersionError(ValueError):
    """The file is HDF5."""


def arrays(file: BinaryIO) -> Iterator[Array]:
    """Yields what is in a file, in its order.

    Raises:
      UnreadVersionError: it is of a later version.
      ValueError: it is damaged, or no such file.
    """
    head = file.read(HEAD)
    order = {b"IM": "<", b"MI": ">"}.get(head[VERSION + 2 :], "")
    version = struct.unpack(f"{order}H", head[VERSION : VERSION + 2])[0] if order else 0
    if version == HDF5:
        raise UnreadVersionError
    if version != LEVEL_5:
        raise ValueError("it is no file of MATLAB 5 to 7")
    while tag := file.read(TAG):
        kind, length = struct.unpack(f"{order}II", tag.ljust(TAG, b"\0"))
        raw = file.read(length)
        if len(raw) < length:
            raise ValueError(f"it is cut short: {len(raw):,} of {length:,} bytes of an array")
        element = _unpacked(raw, order) if kind == PACKED else Element(kind, memoryview(raw))
        if element.kind == ARRAY and element.raw:
            yield _array(element.raw, order)


def _unpacked(raw: bytes, order: str) -> Element:
    packed = zlib.decompressobj()
    kind, length = struct.unpack(f"{order}II", packed.decompress(raw, TAG))
    refuse_bomb(len(raw), length)
    inner = packed.decompress(packed.unconsumed_tail, length) if length else b""
    if len(inner) < length:
        raise ValueError(f"an array is cut short: {len(inner):,} of {length:,} bytes")
    return Element(kind, memoryview(inner))


def _array(raw: memoryview, order: str) -> Array:
    flags, axes, name, *more = _elements(raw, order)
    if len(flags.raw) < TAG:
        raise ValueError("an array is of no class")
    shape = tuple(np.frombuffer(axes.raw, f"{order}i4").tolist())
    kind = CLASSES.get(flags.raw[0 if order == "<" else 3])
    if min(shape, default=-1) < 0 or len(shape) > MOST_AXES:
        raise ValueError(f"an array has the shape {shape[:MOST_AXES]}")
    numbers = None
    if kind and more:
        if more[0].kind not in NUMBERS:
            raise ValueError(f"an array of {kind} holds no numbers")
        flat = np.frombuffer(more[0].raw, order + NUMBERS[more[0].kind])
        if len(flat) != math.prod(shape):
            raise ValueError(f"{len(flat):,} numbers are no array {shape}")
        numbers = flat.reshape(shape, order="F").astype(kind, copy=False)
    return Array(bytes(name.raw).decode("latin-1"), shape, numbers)


def _elements(raw: memoryview, order: str) -> Iterator[Element]:
    """The first four parts of an array: more is of numbers that are not real."""
    place = 0
    for _ in range(4):
        if place + TAG > len(raw):
            return
        kind, length = struct.unpack_from(f"{order}II", raw, place)
        start = place + TAG
        if kind >> 16:  # so few bytes that they stand in the tag
            kind, length, start = kind & 0xFFFF, kind >> 16, place + TAG // 2
            place = place + TAG
        else:
            place = start + -(-length // TAG) * TAG
        if start + length > len(raw):
            raise ValueError(f"a part of an array claims {length:,} bytes")
        yield Element(kind, raw[start : start + length])
