"""Finished pictures back in their photos: where each pixel comes from."""

import numpy as np
import pytest

from pixace.images import loader
from pixace.images.pasting import pasted


def photo(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def kept_above(row, size=(8, 8)):
    kept = np.zeros(size, bool)
    kept[:row] = True
    return kept


def test_what_was_kept_is_the_photo_and_nothing_of_the_rest_is():
    """Above the last kept row the photo's own pixels; below its edge only the model's colour."""
    own, made = photo(80, 80), np.full((8, 8, 3), 77, np.uint8)
    found = pasted(own, made, kept_above(4), "crop")
    np.testing.assert_array_equal(found[:35], own[:35])
    np.testing.assert_array_equal(found[40:], 77)
    between = found[35:40].astype(int)
    assert (between != 77).any()
    assert (between != own[35:40]).any()


def test_the_seam_goes_evenly_from_one_to_the_other():
    own, made = np.full((80, 80, 3), 200, np.uint8), np.zeros((8, 8, 3), np.uint8)
    column = pasted(own, made, kept_above(4), "crop")[34:41, 40, 0].astype(int)
    assert column[0] == 200
    assert column[-1] == 0
    steps = -np.diff(column)
    assert (steps >= 0).all()
    assert steps.max() <= 41


@pytest.mark.parametrize(
    ("shape", "fit", "expected"),
    [
        ((90, 60), "crop", (60, 60)),
        ((60, 90), "crop", (60, 60)),
        ((60, 90), "stretch", (60, 90)),
        ((60, 90), "pad", (60, 90)),
    ],
)
def test_the_part_that_the_model_saw_lies_where_it_was(shape, fit, expected):
    """A gradient that is fitted and pasted back, none of it kept, is the gradient once more."""
    rows, columns = np.indices(shape)
    own = np.stack([2 * rows, 2 * columns, 0 * rows + 50], -1).astype(np.uint8)
    small = loader.load(own, (20, 20), fit=fit)
    found = pasted(own, small, np.zeros((20, 20), bool), fit)
    assert found.shape == (*expected, 3)
    top, left = ((a - b) // 2 for a, b in zip(shape, expected, strict=True))
    part = own[top : top + expected[0], left : left + expected[1]].astype(int)
    inside = slice(4, -4), slice(4, -4)
    assert abs(found[inside] - part[inside]).max() <= 6


def test_a_photo_smaller_than_the_model_keeps_its_size():
    own = photo(5, 7)
    assert pasted(own, np.zeros((8, 8, 3), np.uint8), kept_above(8), "stretch").shape == (5, 7, 3)
