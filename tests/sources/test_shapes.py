"""Which axes of an array are pictures, height, width and channels."""

import numpy as np
import pytest

import pixace
from pixace.errors import SourceError
from pixace.images import loader
from pixace.sources import open_source


def numbers(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(params=["file", "array"])
def opened(request, tmp_path):
    def way(array):
        if request.param == "array":
            return open_source(array)
        np.save(tmp_path / "a.npy", array)
        return open_source(tmp_path / "a.npy")

    return way


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_height_width_and_channels_are_one_picture(opened, channels, dtype):
    picture = (numbers(48, 64, channels) // 255).astype(dtype)
    source = opened(picture)
    assert len(source) == 1
    assert source.read(0).shape == (48, 64, channels)
    assert "read as one picture 64x48" in source.notes[0]


def test_tiny_grey_pictures_stay_as_many_as_they_are(opened):
    assert len(opened(numbers(7, 4, 3))) == 7
    assert opened(numbers(7, 8, 8)).notes == ()


def test_two_channels_are_no_narrow_pictures(opened):
    with pytest.raises(SourceError, match=r"is uint8 \(48, 64, 2\); pictures are \(N, H, W\)"):
        opened(numbers(48, 64, 2))


def test_labels_tell_several_from_one(tmp_path):
    np.savez(tmp_path / "a.npz", images=numbers(40, 9, 4), labels=np.arange(40))
    np.savez(tmp_path / "b.npz", images=numbers(40, 9, 4))
    assert [len(open_source(tmp_path / f"{name}.npz")) for name in "ab"] == [40, 1]


def test_channels_first_of_one_picture_are_said_to_be_three(opened):
    source = opened(numbers(3, 8, 9))
    assert len(source) == 3
    assert (
        "read as three grey pictures; one with its channels first is (1, 3, 8, 9)"
        in source.notes[0]
    )
    assert len(opened(numbers(1, 3, 8, 9))) == 1
    assert opened(numbers(3, 8, 9, 1)).notes == ()


def test_pictures_may_be_the_last_axis(opened):
    array = numbers(16, 15, 3, 20)
    source = opened(array)
    assert len(source) == 20
    np.testing.assert_array_equal(loader.load(source.read(4), None), array[..., 4])


def test_rows_of_numbers_are_quickdraws_and_cifars(opened):
    grey, color = numbers(5, 28, 28), numbers(5, 3, 32, 32)
    source = opened(grey.reshape(5, -1))
    np.testing.assert_array_equal(source.read(3), grey[3])
    assert "rows of numbers, read as grey 28x28" in source.notes[0]
    source = opened(color.reshape(5, -1))
    np.testing.assert_array_equal(source.read(3), np.moveaxis(color[3], 0, 2))
    assert "rows of numbers, read as RGB 32x32" in source.notes[0]
    assert opened(numbers(2, 12288)).read(1).shape == (64, 64, 3)


@pytest.mark.parametrize("shape", [(48, 64), (1797, 64), (64, 1024)])
def test_other_rows_of_numbers_may_be_one_picture(opened, shape):
    with pytest.raises(SourceError, match=r"one grey picture is \(1, H, W\), and rows of numbers"):
        opened(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2, 0, 1, 1, 0]),
        np.array([2.0, 0, 1, 1, 0]),
        np.array([[2], [0], [1], [1], [0]], np.uint8),
        np.eye(3)[[2, 0, 1, 1, 0]],
        np.array(["2", "0", "1", "1", "0"]),
    ],
    ids=["whole", "float", "column", "one-hot", "text"],
)
@pytest.mark.parametrize("names", [("x_train", "y_train"), ("X", "y"), ("Images", "Labels")])
def test_labels_of_any_kind(tmp_path, labels, names):
    np.savez(tmp_path / "a.npz", **dict(zip(names, (numbers(5, 8, 8), labels), strict=True)))
    source = open_source(tmp_path / "a.npz")
    assert [source.record(i).label for i in range(5)] == ["2", "0", "1", "1", "0"]


def test_labels_go_with_pictures_on_the_last_axis(tmp_path):
    np.savez(tmp_path / "a.npz", X=numbers(16, 15, 3, 20), y=np.arange(20))
    source = open_source(tmp_path / "a.npz")
    assert source.record(19).label == "19"
    assert len(source) == 20


def test_how_an_array_was_read_is_said_to_people(tmp_path, capfd):
    np.save(tmp_path / "cat.npy", numbers(20, 784))
    for i, progress in enumerate([True, False]):
        pixace.tokenize(tmp_path / "cat.npy", tmp_path / f"{i}", size=4, progress=progress)
        said = f"{tmp_path / 'cat.npy'}: rows of numbers, read as grey 28x28\n"
        assert (said in capfd.readouterr().err) is progress
