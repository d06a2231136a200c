"""Exact colours: each its own, transparency too, and never half of it."""

import itertools

import numpy as np
import pytest

from pixace.colors import exact
from pixace.errors import TokenError


def test_a_pixel_is_its_colour_or_nothing():
    black = np.array([[1, 2, 3], [0, 0, 0], [0, 0, 0], [255, 255, 255]], np.uint8)
    white = np.array([[1, 2, 3], [255, 255, 255], [0, 0, 0], [255, 255, 255]], np.uint8)
    assert exact.codes(black, white).tolist() == [0x010203, exact.NOTHING, 0, 0xFFFFFF]


def test_half_of_a_colour_is_refused():
    with pytest.raises(TokenError, match="half transparent"):
        exact.codes(np.array([[10, 0, 0]], np.uint8), np.array([[137, 127, 127]], np.uint8))


def test_the_palette_keeps_the_order_and_knows_what_is_transparent():
    found = exact.collected([0xFF0000, exact.NOTHING, 0x0000FF, 0xFF0000], (255, 255, 255))
    assert found.colors == ("ff0000", "ffffff00", "0000ff")
    assert found.transparent == 1
    assert found.canonical.all()


def test_transparency_is_shown_by_a_colour_that_does_not_occur():
    found = exact.collected([exact.NOTHING, 0xFFFFFF, 0xFFFFFE], (255, 255, 255))
    shown = found.table[0].astype(int)
    assert tuple(shown) not in {(255, 255, 255), (255, 255, 254)}
    assert np.square(shown - 255).sum() == 1  # the nearest there is


@pytest.mark.parametrize("corner", [0, 255])
def test_there_is_always_such_a_colour(corner):
    """Even when the most colours that may be are crowded about the background."""
    near = range(16) if corner == 0 else range(240, 256)
    codes = [r << 16 | g << 8 | b for r, g, b in itertools.product(near, near, near)]
    assert len(codes) == exact.MAX_EXACT_COLORS
    found = exact.collected([exact.NOTHING, *codes], (corner,) * 3)
    assert len(np.unique(found.table, axis=0)) == exact.MAX_EXACT_COLORS + 1


def test_it_takes_no_settings():
    exact.parse("")
    with pytest.raises(TokenError, match="exact takes no settings"):
        exact.parse("16")
