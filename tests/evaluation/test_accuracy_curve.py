"""The picture of a probe: points where the numbers are, and names that can be read."""

import numpy as np
import pytest

from pixace.evaluation.accuracy_curve import CURVE, LINES, figure
from pixace.evaluation.measure import Measure


def about(share, width=0.02):
    return Measure(share, share - width, min(1.0, share + width), 100)


def rows(picture, color):
    """The rows of pixels that have a colour, from above."""
    return np.flatnonzero((np.abs(picture.astype(int) - color) < 30).all(-1).any(1))


def test_the_higher_the_accuracy_the_higher_the_line():
    picture = figure([about(0.5)] * 3, {"pixels": about(0.9), "PCA, 8": about(0.7)}, "a model")
    assert (picture.shape, picture.dtype) == ((360, 640, 3), np.uint8)
    plane = picture[40:300, 60:500]
    first, second, curve = (np.median(rows(plane, color)) for color in (*LINES, CURVE))
    assert first < second < curve
    assert second - first == pytest.approx(curve - second, abs=3)


def test_names_of_equal_lines_stand_one_below_the_other():
    picture = figure([about(0.5)], {"pixels": about(0.9), "PCA, 8": about(0.9)}, "a model")
    first, second = (rows(picture[:, 530:], color) for color in LINES)
    assert first.max() < second.min() or second.max() < first.min()


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("layers", [1, 13, 49])
def test_nothing_is_drawn_outside(share, layers):
    """A border of white is left, whatever the numbers."""
    low = Measure(share, max(0.0, share - 0.01), min(1.0, share + 0.01), 9)
    picture = figure([low] * layers, {"pixels": low}, "a model")
    assert (picture[:, [0, -1]] == 255).all()
    assert (picture[[0, -1]] == 255).all()
