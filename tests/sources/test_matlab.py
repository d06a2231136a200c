"""MATLAB's files: SVHN's pictures and labels, and what else there may be."""

import pickle
import zlib

import numpy as np
import pytest
from scipy import io

from pixace.errors import SourceError
from pixace.sources import open_source


@pytest.fixture
def pictures():
    """Three pictures, (32, 32, 3, 3): their number is as the channels' to be no hint."""
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3, 3), dtype=np.uint8)


@pytest.mark.parametrize("compressed", [True, False])
def test_svhns_pictures_and_labels(tmp_path, pictures, compressed):
    path = tmp_path / "train_32x32.mat"
    labels = np.array([[10], [1], [9]], np.uint8)
    io.savemat(path, {"X": pictures, "y": labels}, do_compression=compressed)
    source = open_source(path)
    for each in (source, pickle.loads(pickle.dumps(source))):
        for i in range(3):
            np.testing.assert_array_equal(each.read(i), pictures[..., i])
    assert [source.record(i).label for i in range(3)] == ["0", "1", "9"]


def test_of_others_labels_are_what_they_are(tmp_path, pictures):
    io.savemat(tmp_path / "a.mat", {"images": pictures, "y": [[10, 1, 9]]})
    source = open_source(tmp_path / "a.mat")
    assert source.record(0).label == "10"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": np.zeros((3, 4))}, r"holds a \(3, 4\); pixace reads one array of uint8 \(H, W, 3"),
        ({"a": "text"}, r"holds a \(1, 4\); pixace reads"),
        ({}, "holds nothing; pixace reads"),
    ],
)
def test_what_is_no_picture_is_said(tmp_path, content, words):
    io.savemat(tmp_path / "a.mat", content)
    with pytest.raises(SourceError, match=words):
        open_source(tmp_path / "a.mat")


def test_damaged_files_and_those_of_hdf5_are_named(tmp_path, pictures):
    path = tmp_path / "a.mat"
    io.savemat(path, {"X": pictures}, do_compression=True)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError, match=r"cannot read .*a\.mat: ") as caught:
        open_source(path)
    assert "\n" not in str(caught.value)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(SourceError, match=r"as MATLAB 7\.3 writes it \(HDF5\).*save it again"):
        open_source(path)


@pytest.mark.parametrize("place", [4, 28, 60])  # of the array, its dimensions and its numbers
def test_claims_of_packed_arrays_are_not_believed(tmp_path, pictures, place):
    path = tmp_path / "a.mat"
    io.savemat(path, {"X": np.zeros_like(pictures)}, do_compression=True)
    raw = path.read_bytes()
    inner = bytearray(zlib.decompress(raw[136:]))
    inner[place : place + 4] = (0xFFFFFF00).to_bytes(4, "little")
    packed = zlib.compress(bytes(inner))
    path.write_bytes(raw[:132] + len(packed).to_bytes(4, "little") + packed)
    with pytest.raises(SourceError, match=r"cannot read .*a\.mat: ") as why:
        open_source(path)
    assert "memory" not in str(why.value)
