"""The classifier that judges drawings: right about real pictures, and honest about wrong ones."""

import numpy as np
import pytest

import pixace
from pixace.data import token_set
from pixace.errors import TokenError
from pixace.evaluation.class_agreement import Classifier


@pytest.fixture(scope="module")
def lights(worded_pictures, tmp_path_factory):
    """Dark pictures, labelled 0, and light ones, labelled 1."""
    made = pixace.tokenize(
        worded_pictures, tmp_path_factory.mktemp("lights") / "set", size=4, colors="grey:8"
    )
    return token_set.open_set(made.path)


@pytest.fixture(scope="module")
def classifier(lights):
    return Classifier.fitted(lights)


def plain(*greys):
    return np.repeat(np.array(greys, np.uint8), 4 * 4 * 3).reshape(-1, 4, 4, 3)


def test_it_is_tried_on_pictures_that_it_has_not_seen(classifier):
    assert classifier.accuracy == 1.0


def test_pictures_of_any_brightness_get_their_class(classifier):
    assert classifier.classes(plain(40, 210, 60)).tolist() == ["0", "1", "0"]


def test_agreement_is_the_share_of_each_class_in_the_order_asked(classifier):
    shares = classifier.agreement(plain(200, 190, 50, 60, 70, 180), ["1", "1", "0", "0", "0", "0"])
    assert shares == {"1": 1.0, "0": 0.75}
    assert list(shares) == ["1", "0"]


def test_colours_count_and_not_just_the_first_channel(tmp_path):
    """Green and blue pictures, which have no red."""
    pictures = np.zeros((40, 4, 4, 3), np.uint8)
    pictures[::2, ..., 1] = pictures[1::2, ..., 2] = 200
    pictures += np.random.default_rng(0).integers(0, 50, pictures.shape, np.uint8)
    np.savez(tmp_path / "data.npz", images=pictures, labels=np.arange(40) % 2)
    made = pixace.tokenize(tmp_path / "data.npz", tmp_path / "set", size=4, colors="rgb:3,3,3")
    classifier = Classifier.fitted(token_set.open_set(made.path))
    assert classifier.accuracy == 1.0
    assert classifier.agreement(pictures, ["0", "1"] * 20) == {"0": 1.0, "1": 1.0}


@pytest.mark.parametrize(
    ("labels", "settings", "said"),
    [
        (None, {}, "not all pictures of the token set have a label"),
        (np.zeros(40, int), {}, "of one class"),
        (np.arange(40) % 2, {"validation_fraction": 0.0}, "no validation pictures"),
    ],
    ids=["no labels", "one class", "none held out"],
)
def test_what_tells_no_classes_is_answered_in_a_line(tmp_path, labels, settings, said):
    pictures = np.random.default_rng(0).integers(0, 255, (40, 4, 4), np.uint8)
    named = {} if labels is None else {"labels": labels}
    np.savez(tmp_path / "data.npz", images=pictures, **named)
    made = pixace.tokenize(
        tmp_path / "data.npz", tmp_path / "set", size=4, colors="grey:8", **settings
    )
    with pytest.raises(TokenError, match=said) as caught:
        Classifier.fitted(token_set.open_set(made.path))
    assert "\n" not in str(caught.value)
