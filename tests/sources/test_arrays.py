"""Arrays in files: shapes and types that are pictures, labels beside them, never a pickle."""

import pickle

import numpy as np
import pytest

from pixace.errors import SourceError
from pixace.images import loader
from pixace.sources import open_source


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_rows_are_pictures(tmp_path, rgb, name):
    np.save(tmp_path / name, rgb) if name == "a.npy" else np.savez(tmp_path / name, rgb)
    source = open_source(tmp_path / name)
    assert len(source) == 5
    assert source.record(2).name == f"{name}[2]"
    for each in (source, pickle.loads(pickle.dumps(source))):
        np.testing.assert_array_equal(loader.load(each.read(2), None), rgb[2])


def test_npy_files_are_mapped_not_read(tmp_path, rgb):
    np.save(tmp_path / "a.npy", rgb)
    assert isinstance(open_source(tmp_path / "a.npy").load().images, np.memmap)


def test_channels_may_come_first(tmp_path, rgb):
    np.save(tmp_path / "a.npy", np.moveaxis(rgb, 3, 1))
    np.testing.assert_array_equal(open_source(tmp_path / "a.npy").read(1), rgb[1])


def test_floats_are_read_by_their_range(tmp_path, rgb):
    np.save(tmp_path / "a.npy", rgb / np.float32(255))
    loaded = loader.load(open_source(tmp_path / "a.npy").read(1), None)
    np.testing.assert_array_equal(loaded, rgb[1])


@pytest.mark.parametrize(
    ("images", "labels"), [("images", "labels"), ("x", "y"), ("x_train", "y_train"), ("data", "y")]
)
def test_labels_are_found_by_name(tmp_path, rgb, images, labels):
    others = {"x_test": rgb[:2], "y_test": np.zeros(2)} if images == "x_train" else {}
    arrays = {images: rgb, labels: np.array([[3], [1], [4], [1], [5]]), **others}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    source = open_source(tmp_path / "a.npz")
    assert [source.record(i).label for i in range(5)] == ["3", "1", "4", "1", "5"]


def test_one_of_several_arrays_can_be_named(tmp_path, rgb):
    np.savez(tmp_path / "a.npz", x_train=rgb, x_test=rgb[3:], y_test=np.array(["cat", "dog"]))
    source = open_source(f"{tmp_path}/a.npz#x_test")
    assert len(source) == 2
    assert source.record(1).label == "dog"
    assert source.record(1).name == "a.npz#x_test[1]"
    assert source.fingerprint() != open_source(tmp_path / "a.npz").fingerprint()
    with pytest.raises(SourceError, match=r"no array 'x'; known: x_train, x_test, y_test"):
        open_source(f"{tmp_path}/a.npz#x")


def test_several_arrays_of_unknown_names_are_listed(tmp_path, rgb):
    np.savez(tmp_path / "a.npz", left=rgb, right=rgb)
    with pytest.raises(SourceError, match=r"holds left, right; name the pictures, .*npz#left"):
        open_source(tmp_path / "a.npz")


class Malice:
    """Would run a program when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([Malice()], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", images=np.array([Malice()], object))
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Malice()))
    for name in ("a.npy", "a.npz", "b.npy"):
        with pytest.raises(SourceError, match="it holds Python objects; save numbers"):
            open_source(tmp_path / name)


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4), np.uint8), np.zeros((2, 5, 5, 5), np.uint8), np.zeros((2, 4, 4), np.int64)],
)
def test_other_arrays_say_what_pictures_are(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(SourceError, match=r"pictures are \(N, H, W\) or \(N, H, W, 3\), uint8"):
        open_source(tmp_path / "a.npy")


def test_no_rows_are_an_empty_source(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 4, 4), np.uint8))
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_truncated_files_are_named(tmp_path, rgb, name):
    path = tmp_path / name
    np.save(path, rgb) if name == "a.npy" else np.savez(path, rgb)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match=f"cannot read .*{name}: it "):
        open_source(path)


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("k49-train-imgs.npz", "k49-train-labels.npz"),
        ("X_train.npy", "y_train.npy"),
        ("images.npy", "labels.npy"),
    ],
)
def test_labels_may_have_a_file_of_their_own(tmp_path, rgb, pictures, labels):
    for name, array in ((pictures, rgb), (labels, np.array([3, 1, 4, 1, 5]))):
        np.save(tmp_path / name, array) if name[-1] == "y" else np.savez(tmp_path / name, array)
    source = open_source(tmp_path / pictures)
    assert [source.record(i).label for i in range(5)] == ["3", "1", "4", "1", "5"]
    if labels[-1] == "y":
        assert open_source(tmp_path).record(4).label == "5"
        assert len(open_source(tmp_path)) == 5
    before = source.fingerprint()
    (tmp_path / labels).write_bytes((tmp_path / labels).read_bytes()[:20])
    with pytest.raises(SourceError, match=f"cannot read .*{labels}: it is broken"):
        open_source(tmp_path / pictures)
    (tmp_path / labels).unlink()
    assert open_source(tmp_path / pictures).record(0).label is None
    assert open_source(tmp_path / pictures).fingerprint() != before


def test_labels_of_other_pictures_are_none_of_these(tmp_path, rgb):
    np.save(tmp_path / "x.npy", rgb)
    np.save(tmp_path / "y.npy", np.arange(6))
    assert open_source(tmp_path / "x.npy").record(0).label is None


def test_pictures_without_pixels_are_none(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1000, 0, 8), np.uint8))
    raw = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(raw.replace(b"(1000, 0, 8)", b"(9" + b"9" * 6 + b",0,8)"))
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(tmp_path / "a.npy")


def test_labels_of_no_picture_are_not_looked_at(tmp_path, rgb):
    np.savez_compressed(tmp_path / "a.npz", images=rgb, labels=np.zeros(50_000_000, np.uint8))
    assert open_source(tmp_path / "a.npz").record(0).label is None
