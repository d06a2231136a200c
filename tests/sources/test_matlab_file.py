"""MATLAB's files, as SciPy writes them, and damaged."""

import io
import struct
import zlib

import numpy as np
import pytest
from scipy import io as scipy_io

from pixace.sources import matlab_file

TYPES = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def written(packed=False, **arrays):
    file = io.BytesIO()
    scipy_io.savemat(file, arrays, do_compression=packed)
    return file.getvalue()


def read(raw):
    return {each.name: each for each in matlab_file.arrays(io.BytesIO(raw))}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", TYPES)
def test_numbers_come_back(kind, packed):
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).astype(kind)
    found = read(written(packed, a=array, one=array[:1, :1, 0, 0], none=array[:0]))
    for name, expected in (("a", array), ("one", array[:1, :1, 0, 0]), ("none", array[:0])):
        np.testing.assert_array_equal(found[name].numbers, expected)
        assert found[name].numbers.dtype.newbyteorder("=") == expected.dtype
        assert found[name].shape == expected.shape


def test_bytes_may_be_the_other_way_around():
    name, numbers = b"a\0\0\0", struct.pack(">6H", *range(6))
    parts = struct.pack(">IIII", 6, 8, 11, 0) + struct.pack(">IIii", 5, 8, 2, 3)
    parts += struct.pack(">HH", 1, 1) + name + struct.pack(">II", 4, 12) + numbers + bytes(4)
    raw = b"MATLAB 5.0".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    found = read(raw + struct.pack(">II", 14, len(parts)) + parts)["a"]
    np.testing.assert_array_equal(found.numbers, [[0, 2, 4], [1, 3, 5]])


def test_what_is_no_array_of_numbers_has_a_shape():
    found = read(written(text="text", cell=np.array([1, "a"], object), record={"a": 1}))
    assert {name: each.shape for name, each in found.items()} == {
        "text": (1, 4), "cell": (1, 2), "record": (1, 1)
    }  # fmt: skip
    assert not any(each.numbers is not None for each in found.values())


@pytest.mark.parametrize("packed", [False, True])
def test_damage_is_a_value_error_or_other_numbers(packed):
    raw = written(packed, X=np.zeros((3, 3, 3, 3), np.uint8), y=np.arange(3))
    for place in range(120, len(raw)):
        for value in (0, 0xFF, raw[place] ^ 16):
            bad = raw[:place] + bytes([value]) + raw[place + 1 :]
            try:
                read(bad)
            except (ValueError, zlib.error, struct.error):
                continue
    for length in range(129, len(raw)):
        try:
            read(raw[:length])
        except (ValueError, zlib.error, struct.error):
            continue
