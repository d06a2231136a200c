"""What is said of a training, on curves whose meaning is plain."""

import numpy as np
import pytest

from pixace.evaluation.verdict import Point, Verdict

STEPS = range(100, 2100, 100)


def curve(held_out, learned):
    return [Point(step, held_out(step / 1000), learned(step / 1000)) for step in STEPS]


def falling(x):
    return 2 + np.exp(-x)


def flat(x):
    return 2 + np.exp(-8 * x)


def turning(x):
    return 2 + (x - 0.7) ** 2


def said(points):
    return str(Verdict.of(points))


def test_what_falls_still_learns():
    assert said(curve(falling, falling)) == "still learning"
    assert said(curve(falling, falling)[:1]) == "still learning"
    assert Verdict.of(curve(falling, falling)).best == 2000


def test_what_no_longer_falls_is_best_about_now():
    assert said(curve(flat, flat)) == "best about now"
    assert said(curve(flat, falling)) == "best about now"


def test_what_turns_while_training_pictures_gain_is_learned_by_heart():
    found = Verdict.of(curve(turning, falling))
    assert (found.state, found.best) == ("memorising", 700)
    assert str(found) == "memorising since step 700; the model of then is kept"


def test_what_turns_everywhere_is_not_learned_by_heart():
    """Such as of a rate that is too high."""
    assert said(curve(turning, turning)) == "best about now"


def test_jitter_is_no_turn():
    jitter = np.random.default_rng(0).normal(0, 0.001, 40)
    points = [
        Point(point.step, point.held_out + up, point.learned + down)
        for point, up, down in zip(curve(flat, falling), jitter[::2], jitter[1::2], strict=True)
    ]
    assert said(points) == "best about now"


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (curve(falling, falling), "pixace train --resume runs/cats --minutes 30"),
        (curve(flat, flat), "a larger model or more pictures"),
        (curve(turning, falling), "train.mirror=True"),
    ],
)
def test_advice_fits_the_verdict(points, words):
    assert words in Verdict.of(points).advice("runs/cats", 30)
