"""Turned hues: which colours become which, and which stay."""

import numpy as np
import pytest

from pixace import colors
from pixace.colors import oklab, turning

TURNS = np.arange(-18, 19, dtype=np.int32)


@pytest.mark.parametrize("spec", ["hsv:4,3,3", "rgb:3,3,2", "palette:ff0000,00ff00,777777"])
def test_no_turn_changes_nothing_and_all_turns_give_colours_that_there_are(spec):
    scheme = colors.by_spec(spec)
    ids = np.flatnonzero(scheme.canonical)
    found = turning.turned(scheme, TURNS)
    np.testing.assert_array_equal(found[18, ids], ids)
    assert scheme.canonical[found[:, ids]].all()


def test_greys_stay():
    scheme = colors.by_spec("rgb:3,3,3")
    greys = scheme.encode(np.repeat(np.array([[0], [109], [255]], np.uint8), 3, axis=1))
    assert (turning.turned(scheme, TURNS)[:, greys] == greys).all()


def test_fine_colours_keep_their_lightness_and_turn_by_the_angle():
    scheme = colors.by_spec("rgb:5,6,5")
    dull = scheme.encode(np.array([[120, 100, 85]], np.uint8))
    before, after = (
        oklab.from_rgb(scheme.decode(ids))[0]
        for ids in (dull, turning.turned(scheme, np.array([9], np.int32))[0, dull])
    )
    assert after[0] == pytest.approx(before[0], abs=0.02)
    quarter = np.array([-before[2], before[1]])
    np.testing.assert_allclose(after[1:], quarter, atol=0.03)


def test_colours_of_a_palette_are_swapped():
    """A third of the circle brings red to green; blue comes to what is nearest to red."""
    scheme = colors.by_spec("palette:d04040,309030,4060d0,808080")
    third = turning.turned(scheme, np.array([turning.CIRCLE // 3], np.int32))[0]
    assert third.tolist() == [1, 2, 0, 3]


def test_what_stands_for_transparency_stays_and_nothing_else_becomes_it():
    scheme = colors.by_spec("palette:ff0000,00ff00,ff00ff00,0000ff")
    found = turning.turned(scheme, TURNS)
    assert (found[:, 2] == 2).all()
    assert (np.delete(found, 2, axis=1) != 2).all()


@pytest.mark.parametrize(
    ("spec", "steps"),
    [("hsv:4,3,3", 15), ("hsv:1,4,4", 1), ("grey:16", 1), ("palette:000000,ffffff", 1)],
)
def test_how_many_hues_there_are(spec, steps):
    assert turning.steps(colors.by_spec(spec)) == steps
    assert turning.steps(colors.by_spec("rgb:3,3,2")) == turning.CIRCLE
