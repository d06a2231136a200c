"""What is measured of a training, by a clock that goes on by a second whenever it is looked at."""

import itertools
from types import SimpleNamespace

import pytest

from pixace import models
from pixace.data import token_set
from pixace.training import calibration
from pixace.training.settings import TrainSettings


@pytest.fixture
def measured(tiny_outcome, monkeypatch):
    """Measures the smallest model at its smallest pictures."""
    clock = SimpleNamespace(perf_counter=itertools.count().__next__)
    monkeypatch.setattr(calibration, "time", clock)
    described = tiny_outcome.run.read()
    data = token_set.open_set(described.data.tokens)
    size = data.tokenizer.vocab_size, data.tokenizer.length, data.tokenizer.axes
    model = models.build(described.model.kind, *size, **described.model.settings)

    def of(seconds, **changes):
        settings = TrainSettings(**described.training | changes)
        return calibration.measured(model, data, None, "float32", settings, seconds)

    return of


def test_each_part_is_timed_apart(measured):
    """Two steps in a second say that there is time for 12 of them in a 50th of 300 seconds."""
    found = measured(300)
    assert (found.start, found.step) == (1, pytest.approx(1 / 12))
    assert found.judging == 1 / 2, "of the two pictures that are held out"
    assert found.drawing == 1
    assert found.collage == 3


def test_a_short_time_is_not_spent_on_measuring(measured):
    assert measured(1).step == 1 / 2


def test_what_is_not_drawn_takes_no_time_but_the_collage_does(measured):
    found = measured(1, samples=0)
    assert (found.drawing, found.collage) == (0, 3)
