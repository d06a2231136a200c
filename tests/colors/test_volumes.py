"""Volumes: each 8-bit colour is counted once, for the id that it has."""

import numpy as np
import pytest

from pixace import colors
from pixace.colors.volumes import channels, volumes


@pytest.mark.parametrize(
    ("spec", "whole"),
    [
        ("hsv:3,2,2", 256**3),
        ("rgb:3,3,2", 256**3),
        ("palette:ff0000,00ff00,0000ff", 256**3),
        ("grey:16", 256),
        ("palette:000000,808080,ffffff", 256),
    ],
)
def test_every_colour_has_one_id(spec, whole):
    scheme = colors.by_spec(spec)
    found = volumes(scheme)
    assert found.sum() == whole
    assert found.shape == (scheme.size,)
    np.testing.assert_array_equal(found > 0, scheme.canonical)
    assert channels(scheme) == (1 if whole == 256 else 3)


def test_they_are_the_numbers_of_colours():
    """2 bits of 256 levels, rounded: 43, 85, 85 and 43 of them, so the product of three."""
    found = volumes(colors.by_spec("rgb:2,2,2"))
    sizes = np.array([43, 85, 85, 43])
    expected = (sizes[:, None, None] * sizes[:, None] * sizes).ravel()
    assert sorted(found) == sorted(expected)


def test_transparency_is_no_colour():
    assert volumes(colors.by_spec("palette:ff0000,00ff0000")) is None
