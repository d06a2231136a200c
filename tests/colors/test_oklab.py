"""OKLab: there and back without loss, greys on its axis, and the values of its author."""

import numpy as np

from pixace.colors import oklab


def test_every_colour_comes_back(rng):
    pixels = rng.integers(0, 256, (50_000, 3), dtype=np.uint8)
    np.testing.assert_array_equal(oklab.to_rgb(oklab.from_rgb(pixels)), pixels)


def test_greys_have_no_hue_and_come_back():
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    lab = oklab.from_rgb(greys)
    assert np.abs(lab[:, 1:]).max() < 1e-7
    assert (np.diff(lab[:, 0]) > 0).all()
    np.testing.assert_allclose(lab[[0, 255], 0], [0, 1], atol=1e-7)
    np.testing.assert_array_equal(oklab.to_rgb(lab), greys)


def test_red_and_blue_lie_where_other_programs_put_them():
    lab = oklab.from_rgb(np.array([[255, 0, 0], [0, 0, 255]], np.uint8))
    np.testing.assert_allclose(lab, [[0.628, 0.225, 0.126], [0.452, -0.032, -0.312]], atol=5e-4)


def test_what_no_screen_shows_is_clipped():
    assert oklab.to_rgb(np.array([[1.2, 0.0, 0.0], [-0.1, 0.0, 0.0]])).tolist() == [
        [255] * 3,
        [0] * 3,
    ]
