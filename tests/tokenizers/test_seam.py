"""The seam between a photo and what was decoded below it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pixace.tokenizers.seam import blended


def pictures(seed, n=2, side=12):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), np.uint8)


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(0, 4))
def test_known_pixels_are_the_photos_bit_for_bit_and_far_ones_the_decoders(seed, reach):
    photos, decoded = pictures(seed), pictures(seed + 1)
    known = np.random.default_rng(seed).random((12, 12)) < 0.1
    made = blended(photos, decoded, known, reach)
    np.testing.assert_array_equal(made[:, known], photos[:, known])
    ys, xs = np.nonzero(known)
    for y, x in np.ndindex(12, 12):
        if not len(ys) or np.maximum(abs(ys - y), abs(xs - x)).min() > reach:
            np.testing.assert_array_equal(made[:, y, x], decoded[:, y, x])


def test_a_step_in_brightness_is_spread_over_the_reach():
    """The decoder is 40 too dark: the rows below the cut rise to the photo, 8 less with each."""
    photos, decoded = np.full((1, 12, 12, 3), 140, np.uint8), np.full((1, 12, 12, 3), 100, np.uint8)
    known = np.arange(12)[:, None].repeat(12, 1) < 6
    made = blended(photos, decoded, known, 4)
    assert made[0, :, 5, 0].tolist() == [140] * 6 + [132, 124, 116, 108, 100, 100]


def test_without_a_known_pixel_nothing_is_changed():
    decoded = pictures(3)
    made = blended(pictures(4), decoded, np.zeros((12, 12), bool), 4)
    np.testing.assert_array_equal(made, decoded)
