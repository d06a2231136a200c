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


def names_of(kind):
    """Names of MNIST's four files, as various programs write them."""
    return {
        "dashes": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"),
        "dots": ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte"),
        "mixed": ("train-images.idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images.idx3-ubyte"),
        "below": (
            *("MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"),
            "MNIST/raw/t10k-images-idx3-ubyte",
        ),
        "each": (
            *("train-images-idx3-ubyte/train-images-idx3-ubyte",),
            *("train-labels-idx1-ubyte/train-labels-idx1-ubyte",),
            "t10k-images-idx3-ubyte/t10k-images-idx3-ubyte",
        ),
        "emnist": (
            *("emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"),
            "emnist-letters-test-images-idx3-ubyte",
        ),
    }[kind]


@pytest.mark.parametrize("kind", ["dashes", "dots", "mixed", "below", "each", "emnist"])
@pytest.mark.parametrize("packed", [False, True])
def test_training_pictures_are_found_by_whatever_name(tmp_path, grey_rows, kind, packed):
    labels = np.arange(7, dtype=np.uint8)
    for name, array in zip(names_of(kind), (grey_rows, labels, grey_rows[:2] + 9), strict=True):
        path = tmp_path / (name + ".gz" * packed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    source = open_source(tmp_path)
    assert [source.record(i).label for i in range(len(source))] == list("0123456")
    np.testing.assert_array_equal(source.read(3), grey_rows[3])
    assert source.spec == str(tmp_path)


def test_packed_and_unpacked_are_one_set(tmp_path, grey_rows):
    (tmp_path / IMAGES).write_bytes(idx(grey_rows))
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(idx(grey_rows)))
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx(grey_rows))
    assert len(open_source(tmp_path)) == 7


def test_test_pictures_are_not_trained_on_unless_they_are_named(tmp_path, grey_rows):
    path = tmp_path / "emnist-digits-test-images-idx3-ubyte"
    path.write_bytes(idx(grey_rows))
    with pytest.raises(SourceError, match=r"holds test pictures and none to train on; .*ubyte$"):
        open_source(tmp_path)
    assert len(open_source(path)) == 7


def test_several_sets_are_for_the_user_to_choose_from(tmp_path, grey_rows):
    for kind in ("digits", "letters"):
        (tmp_path / f"emnist-{kind}-train-images-idx3-ubyte").write_bytes(idx(grey_rows))
    with pytest.raises(SourceError, match=r"several sets of pictures; name one of: .*, .*letters"):
        open_source(tmp_path)


def test_labels_of_qmnist_are_the_first_numbers_of_rows(tmp_path, grey_rows):
    (tmp_path / "qmnist-train-images-idx3-ubyte").write_bytes(idx(grey_rows))
    rows = np.arange(56).reshape(7, 8)
    data = b"\0\0\x0c\x02" + struct.pack(">2I", 7, 8) + rows.astype(">i4").tobytes()
    (tmp_path / "qmnist-train-labels-idx2-int").write_bytes(data)
    assert [open_source(tmp_path).record(i).label for i in range(3)] == ["0", "8", "16"]


def test_pictures_beside_a_folder_of_such_files_are_pictures(tmp_path, grey_rows, png):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / IMAGES).write_bytes(idx(grey_rows))
    (tmp_path / "a.png").write_bytes(png(1))
    assert open_source(tmp_path).record(0).name == "a.png"


def test_four_thousand_million_pictures_without_pixels_are_none(tmp_path):
    (tmp_path / IMAGES).write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 1 << 31, 0, 8))
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path / IMAGES)


def test_a_bomb_is_not_unpacked(tmp_path):
    packed = tmp_path / f"{IMAGES}.gz"
    packed.write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 1 << 21, 32, 32)))
    with pytest.raises(SourceError, match="bytes that unpack to 2,147,483,664 are no pictures"):
        open_source(packed)
