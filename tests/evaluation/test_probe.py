"""Linear probes, on features whose answers are known."""

import numpy as np
import pytest

from pixace.errors import PixaceError
from pixace.evaluation.measure import Measure
from pixace.evaluation.probe import TRIED, Classes, components, pixels

NAMES = np.array(["cat", "dog", "newt"])
TRAIN, HELD = np.arange(150) % 3, np.arange(60) % 3  # places in NAMES


@pytest.fixture
def classes():
    return Classes(NAMES[TRAIN].tolist(), NAMES[HELD].tolist())


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def seen(labels, seed=0, clear=20):
    """One feature of seven is high for each class, by so many deviations of the noise."""
    return noise(len(labels), 7, seed=seed) + clear * np.eye(7)[labels]


def test_what_is_plain_to_see_is_always_told(classes):
    told, right = classes.told_by(seen(TRAIN), seen(HELD, seed=1))
    assert (told.features, told.tried) == (7, 1.0)
    assert (told.accuracy.mean, told.accuracy.pictures) == (1, 60)
    assert told.accuracy.high == pytest.approx(1)
    assert 0.9 < told.accuracy.low < 1
    assert right.all()


def test_what_says_nothing_is_guessed(classes):
    """Of 60 guesses with odds of a third, fewer than 8 or more than 32 are right once in 1,000."""
    told, right = classes.told_by(noise(150, 7), noise(60, 7, seed=1))
    assert 8 <= right.sum() <= 32
    assert told.accuracy == Measure.of_share(right)
    assert told.accuracy.low < 1 / 3 < told.accuracy.high


def test_labels_of_held_out_pictures_decide_nothing():
    """With other labels there, the same answers are given; here each right one becomes a wrong."""
    features = seen(TRAIN, clear=1), seen(HELD, seed=1, clear=1)
    told, right = Classes(NAMES[TRAIN].tolist(), NAMES[HELD].tolist()).told_by(*features)
    turned = Classes(NAMES[TRAIN].tolist(), NAMES[(HELD + 1) % 3].tolist())
    other, wrong = turned.told_by(*features)
    assert other.tried == told.tried
    assert 0.4 < right.mean() < 1
    assert not (right & wrong).any()


def test_the_same_seed_says_the_same_and_another_tries_others(classes):
    features = seen(TRAIN, clear=1), seen(HELD, seed=1, clear=1)
    told, right = classes.told_by(*features)
    again, as_right = classes.told_by(*features)
    assert told == again
    np.testing.assert_array_equal(right, as_right)
    seeds = [Classes(classes.train, classes.held, seed) for seed in range(5)]
    assert len({each.told_by(*features)[0].tried for each in seeds}) > 1


def test_neither_scale_nor_place_nor_what_never_changes_counts(classes):
    """But a feature that is far larger than others must not hide them."""
    loud = np.array([1e6, 1, 1, 1, 1, 1, 1])
    features = [each * loud - 300 for each in (seen(TRAIN), seen(HELD, seed=1))]
    still = [np.hstack([each, np.full((len(each), 2), 5.0)]) for each in features]
    told, _ = classes.told_by(*still)
    assert (told.features, told.accuracy.mean) == (9, 1.0)


@pytest.mark.parametrize(
    ("train", "held", "words"),
    [
        (["cat"] * 9, ["cat"] * 9, r"all pictures are of one class \('cat'\)"),
        ([], [], r"all pictures are of one class \(None\)"),
        (
            ["cat"] * 9 + ["dog"] * 4,
            ["cat"] * 9,
            "class 'dog' to learn from: 4,",
        ),
        (
            ["cat"] * 9 + ["dog"] * 9,
            ["newt"] * 9,
            "class 'newt' to learn from: 0,",
        ),
        (
            ["cat"] * 9 + ["dog"] * 9,
            ["dog"] * 4,
            "labels to judge by: 4,",
        ),
    ],
)
def test_too_little_to_learn_from_is_said_in_a_line(train, held, words):
    with pytest.raises(PixaceError, match=words) as caught:
        Classes(train, held)
    assert "\n" not in str(caught.value)


def test_the_least_that_is_accepted_is_enough():
    labels = [name for name in NAMES.tolist() for _ in range(5)]
    told, _ = Classes(labels, labels[:5]).told_by(seen(np.repeat([0, 1, 2], 5)), seen([0] * 5))
    assert told.tried * TRIED * 15 == pytest.approx(3)
    assert told.accuracy.mean == 1


def test_pixels_are_values_and_greys_are_counted_once():
    pictures = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 3), np.uint8)
    np.testing.assert_array_equal(pixels(pictures), pictures.reshape(4, 18) / 255)
    grey = np.repeat(pictures[..., :1], 3, -1)
    np.testing.assert_array_equal(pixels(grey), pictures[..., 0].reshape(4, 6) / 255)


def test_components_are_those_of_the_training_pictures():
    """All that varies lies along one line; the other pictures are off it, and further out."""
    way = np.array([0.6, 0.8, 0])
    train, held = (
        np.outer(np.linspace(-1, 1, 9), way),
        np.outer([3.0, -3], way) + np.array([0, 0, 7]),
    )
    first, others = components(train, held, 1)
    assert (first.shape, others.shape) == ((9, 1), (2, 1))
    np.testing.assert_allclose(np.abs(first[:, 0]), np.abs(np.linspace(-1, 1, 9)), atol=1e-9)
    np.testing.assert_allclose(np.abs(others[:, 0]), 3)
    assert components(train, held, 50)[0].shape == (9, 3)


def test_intervals_of_shares_are_wilsons():
    """By hand: n = 10, p = 0.8, z = 1.96."""
    found = Measure.of_share(np.arange(10) < 8)
    assert (found.mean, found.pictures) == (0.8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Measure.of_share(np.ones(10, bool)).low == pytest.approx(10 / (10 + 1.96**2))
    assert Measure.of_share(np.zeros(10, bool)).low == 0
