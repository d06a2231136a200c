"""What is asked for is drawn, as a classifier sees it that knows real pictures only."""

import numpy as np
import pytest

import pixace
from pixace.data import token_set
from pixace.evaluation.class_agreement import Classifier

ENOUGH = 0.95

# Smaller and shorter than gin/digits.gin: 40 seconds on two cores.
SMALL = (
    "D_MODEL = 64",
    "D_FF = 256",
    "LAYERS = 2",
    "pictures.colors = 'grey:5'",
    "train.steps = 450",
    "train.batch_size = 64",
    "train.learning_rate = 0.006",
    "train.evaluate_every = 450",
    "train.samples = 0",
)


@pytest.mark.long
def test_digits_are_drawn_as_they_are_asked_for(tmp_path):
    """The classifier is right about 98 % of held-out digits; 95 % of 300 drawn ones must agree."""
    outcome = pixace.train(
        "digits", gin="digits", bindings=SMALL, template="a handwritten {label}", root=tmp_path
    )
    model = pixace.load(outcome.run.path)
    classifier = Classifier.fitted(token_set.open_set(outcome.run.read().data.tokens))
    assert classifier.accuracy >= ENOUGH
    digits = list("0123456789")
    drawn = model.generate(30, classes=digits, guidance=2.0)
    shares = classifier.agreement(drawn, np.repeat(digits, 30).tolist())
    assert list(shares) == digits
    assert np.mean(list(shares.values())) >= ENOUGH, shares
    texts = [f"a handwritten {word}" for word in ("three", "eight")]
    drawn = model.generate(30, text=texts, guidance=2.0)
    assert np.mean(classifier.classes(drawn) == np.repeat(["3", "8"], 30)) >= ENOUGH
