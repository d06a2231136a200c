"""What the numbers of arrays mean, seen of all pictures together."""

import numpy as np
import pytest

from pixace.errors import ImageError, SourceError
from pixace.images import loader
from pixace.sources import open_source, scale


def shown(source):
    return np.stack([loader.load(source.read(i), None) for i in range(len(source))])[..., 0]


@pytest.fixture
def grey():
    """Three pictures 5x6: a dark one, a light one, and one from black to white."""
    picture = np.arange(30).reshape(5, 6)
    return np.stack([picture, picture + 200, np.rint(picture * (255 / 29))]).astype(np.uint8)


@pytest.fixture(params=["file", "npz", "array", "list", "folder"])
def opened(request, tmp_path):
    """Opens the same pictures by each of the ways."""

    def way(array):
        if request.param == "file":
            np.save(tmp_path / "a.npy", array)
            return open_source(tmp_path / "a.npy")
        if request.param == "npz":
            np.savez(tmp_path / "a.npz", array)
            return open_source(tmp_path / "a.npz")
        if request.param == "folder":
            for i, picture in enumerate(array):
                np.save(tmp_path / f"{i}.npy", picture[None])
            return open_source(tmp_path)
        return open_source(array if request.param == "array" else list(array))

    return way


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize(("black", "white"), [(0, 1), (-1, 1), (0, 255)])
def test_floats_are_read_by_the_range_of_all_pictures(opened, grey, black, white, dtype):
    array = (grey / 255 * (white - black) + black).astype(dtype)
    np.testing.assert_array_equal(shown(opened(array)), grey)


def test_a_hair_beyond_the_range_is_cut_off(opened, grey):
    array = (grey / 255).astype(np.float32)
    array[1, 0, 0], array[0, 0, 0] = 1.0000002, -0.02
    grey[1, 0, 0] = 255
    np.testing.assert_array_equal(shown(opened(array)), grey)


def test_whole_numbers_of_16_bits_are_read_by_their_type(opened, grey):
    np.testing.assert_array_equal(shown(opened(grey.astype(np.uint16) * 257)), grey)
    np.testing.assert_array_equal(shown(opened(grey.astype(">u2") * 257)), grey)
    assert shown(opened(np.full((3, 5, 6), 255, np.uint16))).max() == 1  # as dark as it is


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1.3), (0, 16), (0, 100), (-0.3, 1), (-2.1, 2.6), (0, 300), (-128, 127)]
)
def test_a_range_that_may_be_one_or_another_is_refused(opened, grey, low, high):
    array = (grey / 255 * (high - low) + low).astype(np.float32)
    words = f"holds floats from {low} to {high}: neither 0..1 nor -1..1 nor 0..255 for sure"
    with pytest.raises(SourceError, match=words) as caught:
        opened(array)
    assert "\n" not in str(caught.value)


def test_a_picture_of_what_is_no_number_is_bad_by_itself(opened, grey):
    array = (grey / 255).astype(np.float32)
    array[1, 2, 2], array[1, 2, 3] = np.nan, np.inf
    source = opened(array)
    with pytest.raises(ImageError, match=r"\[.\]: some of its numbers are infinite or not a num"):
        source.read(1)
    np.testing.assert_array_equal(loader.load(source.read(2), None)[..., 0], grey[2])


def test_a_memory_map_is_looked_through_once(tmp_path, grey, monkeypatch):
    np.save(tmp_path / "a.npy", grey / 255)
    seen = []
    monkeypatch.setattr("pixace.sources.arrays.extent", seen.append)
    for _ in range(3):
        open_source(tmp_path / "a.npy").read(0)
    assert len(seen) == 1
    assert isinstance(seen[0], np.memmap)


def test_the_extent_is_found_piece_by_piece(monkeypatch):
    monkeypatch.setattr(scale, "BLOCK_NUMBERS", 24)
    array = np.random.default_rng(0).normal(size=(50, 2, 4)).astype(np.float32)
    assert scale.extent(array) == (array.min(), array.max())
    assert scale.extent(np.full((9, 2, 2), np.nan)) is None
    assert scale.extent(np.zeros((9, 2, 2), np.uint8)) is None


def test_nothing_but_what_is_no_number_is_bad_picture_by_picture(opened):
    source = opened(np.full((2, 5, 6), np.nan, np.float32))
    with pytest.raises(ImageError, match="not a number"):
        source.read(1)


def test_arrays_of_different_ranges_are_refused(tmp_path, grey):
    pictures = [grey[0] / 255, grey[1].astype(np.float32)]
    words = r"holds floats from 0 to 0\.\d+, and others in .* reach 255; give all of them one range"
    with pytest.raises(SourceError, match=rf"^list\[0\] {words}"):
        open_source(pictures)
    for i, picture in enumerate(pictures):
        np.save(tmp_path / f"{i}.npy", picture[None])
    with pytest.raises(SourceError, match=rf"0\.npy {words}"):
        open_source(tmp_path)
    black = np.zeros((5, 6))
    assert open_source([black, *grey.astype(float)]).read(1).max() == grey[0].max()
