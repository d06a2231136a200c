"""NumPy's files: claims are compared with what is there before room is made for them."""

import io
import zipfile

import numpy as np
import pytest

from pixace.storage import numpy_files, strangers

ROWS = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def header(shape, dtype="|u1"):
    said = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}"
    return b"\x93NUMPY\1\0" + (118).to_bytes(2, "little") + said.ljust(117).encode() + b"\n"


def read(path, name="a"):
    with numpy_files.opened(path) as found:
        return np.array(found if isinstance(found, np.ndarray) else found[name])


@pytest.mark.parametrize("array", [ROWS, np.asfortranarray(ROWS), ROWS[:0], np.float32(3)])
@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path, array, save):
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        save(file, array) if save is np.save else save(file, a=array)
    np.testing.assert_array_equal(read(path), array)
    assert read(path).dtype == array.dtype


def test_a_npy_is_a_memory_map(tmp_path):
    np.save(tmp_path / "a.npy", ROWS)
    with numpy_files.opened(tmp_path / "a.npy") as found:
        assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, ROWS)  # the file need not stay open


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (
            header((10**12, 8)) + bytes(80),
            "claims 8,000,000,000,000 bytes .* holds 80|to 8,000,",
        ),
        (header((1 << 40, 1 << 40, 1 << 40)), "claims .* bytes of numbers, and holds 0|to 1,329,"),
        (header((-1, 8)), "claims"),
        (header((3,), "|O") + bytes(24), "it holds Python objects"),
        (b"\x80\4]q\0.", "it holds Python objects"),
        (header((3,))[:40] + b"(" * 78, "."),  # NumPy's parser gives up in a way of its own
        (b"\x93NUMPY\x09\0" + bytes(100), "its format 9.0 is not known"),
        (b"", "."),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_wrong_is_a_value_error(tmp_path, raw, why, zipped):
    path = tmp_path / "a"
    path.write_bytes(raw)
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.npy", raw)
    with pytest.raises(ValueError, match=why):
        read(path)


def test_a_damaged_npz_is_a_value_error(tmp_path):
    file = io.BytesIO()
    np.savez_compressed(file, a=np.random.default_rng(0).integers(0, 9, 500))
    raw = bytearray(file.getvalue())
    raw[150:190] = bytes(40)
    (tmp_path / "a.npz").write_bytes(raw)
    with pytest.raises(ValueError, match=r"."):
        read(tmp_path / "a.npz")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 20, np.uint8))
    assert read(tmp_path / "a.npz").size == 1 << 20
    monkeypatch.setattr(strangers, "LARGE", 1 << 19)
    with pytest.raises(ValueError, match="bytes that unpack to 1,048,576 are no pictures"):
        read(tmp_path / "a.npz")
