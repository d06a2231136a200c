"""MNIST's files: with and without labels, packed and plain, whole and broken."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from pixace.errors import SourceError
from pixace.sources import open_source

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array) -> bytes:
    return (
        bytes((0, 0, 8, array.ndim))
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_pictures_come_with_the_labels_of_the_sibling_file(tmp_path, grey_rows, suffix):
    pack = gzip.compress if suffix else bytes
    (tmp_path / (IMAGES + suffix)).write_bytes(pack(idx(grey_rows)))
    (tmp_path / LABELS).write_bytes(idx(np.arange(7, dtype=np.uint8)[::-1]))
    source = open_source(tmp_path / (IMAGES + suffix))
    assert len(source) == 7
    np.testing.assert_array_equal(source.read(4), grey_rows[4])
    assert source.record(4).label == "2"
    assert source.record(4).name == f"{IMAGES}{suffix}[4]"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).read(5), grey_rows[5])


def test_labels_are_optional_and_names_do_not_matter(tmp_path, grey_rows):
    (tmp_path / "mine").write_bytes(idx(grey_rows))
    source = open_source(tmp_path / "mine")
    assert source.record(0).label is None
    assert len(source) == 7


def test_a_folder_stands_for_its_training_pictures(tmp_path, grey_rows):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(grey_rows[:2]))
    (tmp_path / IMAGES).write_bytes(idx(grey_rows))
    assert len(open_source(tmp_path)) == 7
    assert open_source(tmp_path).spec == str(tmp_path)
    assert len(open_source(tmp_path / "t10k-images-idx3-ubyte")) == 2


def test_the_fingerprint_changes_with_labels(tmp_path, grey_rows):
    (tmp_path / IMAGES).write_bytes(idx(grey_rows))
    before = open_source(tmp_path).fingerprint()
    (tmp_path / LABELS).write_bytes(idx(np.arange(7, dtype=np.uint8)))
    assert open_source(tmp_path).fingerprint() != before


def test_a_pickled_source_reads_the_changed_file_anew(tmp_path, grey_rows):
    (tmp_path / IMAGES).write_bytes(idx(grey_rows))
    assert len(open_source(tmp_path)) == 7
    (tmp_path / IMAGES).write_bytes(idx(grey_rows[:3] + 100))
    assert len(open_source(tmp_path)) == 3
    assert open_source(tmp_path).read(0).max() == 100


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: b"", "is no idx file of 3 dimensions"),
        (lambda data: b"\0\0\x08\x01" + data[4:], "is no idx file of 3 dimensions"),
        (lambda data: data[:-1], "is truncated: 99 of the 100 bytes that 7 entries need"),
        (lambda data: data[:6], "is no idx file of 3 dimensions"),
        (lambda data: gzip.compress(data)[:-20], "cannot read .*; get it again"),
        (lambda data: data[:4] + b"\xff" * 12, "claims .* bytes, more than the limit of"),
        (lambda data: data[:4] + bytes(12), "holds no pictures"),
    ],
)
def test_broken_files_are_named(tmp_path, grey_rows, spoil, message):
    path = tmp_path / IMAGES
    path.write_bytes(spoil(idx(grey_rows)))
    with pytest.raises(SourceError, match=f"{IMAGES} {message}|{message}"):
        open_source(path)


def test_other_than_one_label_each_is_refused(tmp_path, grey_rows):
    (tmp_path / IMAGES).write_bytes(idx(grey_rows))
    (tmp_path / LABELS).write_bytes(idx(np.zeros(6, np.uint8)))
    with pytest.raises(SourceError, match="holds 7 pictures but 6 labels"):
        open_source(tmp_path)
