"""The nearest colour: as if all were measured, and the earliest of equals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixace.colors import nearest

LEVEL = st.sampled_from([0, 1, 3, 4, 60, 64, 127, 128, 200, 251, 255])  # many ties, all edges


def measured(palette, pixels):
    """All distances worked out; argmin takes the first of equals."""
    apart = pixels[:, None].astype(int) - palette.astype(int)
    return (apart**2).sum(axis=-1).argmin(axis=1)


@settings(max_examples=10)  # each prepares a palette
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.just(3)), elements=LEVEL),
    arrays(np.uint8, st.tuples(st.integers(0, 60), st.just(3)), elements=LEVEL),
)
def test_it_is_the_earliest_of_the_nearest(palette, pixels):
    np.testing.assert_array_equal(nearest.search(palette)(pixels), measured(palette, pixels))


@pytest.mark.parametrize("spread", [256, 24])
@pytest.mark.parametrize("count", [1, 500])
def test_it_is_exact_all_over_the_cube(rng, count, spread):
    """Colours from everywhere, and colours crowded in one corner."""
    palette = rng.integers(0, spread, (count, 3), dtype=np.uint8)
    pixels = rng.integers(0, 256, (4000, 3), dtype=np.uint8)
    pixels[:2000] %= spread if spread < 256 else 255
    np.testing.assert_array_equal(nearest.search(palette)(pixels), measured(palette, pixels))


def test_every_cell_has_candidates_in_ascending_order(rng):
    found = nearest.search(rng.integers(0, 256, (64, 3), dtype=np.uint8))
    assert (np.diff(found.starts) > 0).all()
    begins = np.zeros(len(found.candidates), bool)
    begins[found.starts[:-1]] = True
    assert (np.diff(found.candidates)[~begins[1:]] > 0).all()


def test_more_pixels_than_one_block(rng, monkeypatch):
    monkeypatch.setattr(nearest, "BLOCK_PIXELS", 7)
    palette = rng.integers(0, 256, (9, 3), dtype=np.uint8)
    pixels = rng.integers(0, 256, (50, 3), dtype=np.uint8)
    np.testing.assert_array_equal(nearest.search(palette)(pixels), measured(palette, pixels))
