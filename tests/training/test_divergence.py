"""Trainings whose numbers go out of bounds."""

import shutil

import numpy as np
import pytest
from PIL import Image

import pixace
from pixace.runs.run_folder import Run
from pixace.training.metrics_log import read
from pixace.training.train_lm import LmTask


@pytest.fixture
def run(tiny_outcome, tmp_path):
    """A copy of the tiny run: finished after 6 steps, with checkpoints of 3 and 6."""
    return Run(shutil.copytree(tiny_outcome.run.path, tmp_path / "runs" / "again"))


def spoil(monkeypatch, steps, times=99):
    """Makes the loss of steps of these numbers no number, so many times each."""
    usual, seen = LmTask.batch, dict.fromkeys(steps, 0)

    def batch(self, step):
        found = usual(self, step)
        if step + 1 in seen and seen[step + 1] < times:
            seen[step + 1] += 1
            return found._replace(weights=found.weights * np.nan)
        return found

    monkeypatch.setattr(LmTask, "batch", batch)


def numbers(run, name):
    return {line["step"]: line[name] for line in read(run.path / "metrics.jsonl") if name in line}


def test_a_step_that_has_no_loss_is_skipped_and_its_pictures_are_kept(run, monkeypatch, capsys):
    spoil(monkeypatch, [8])
    outcome = pixace.resume(run.path, steps=12, bindings=["train.log_every = 1"])
    assert (outcome.step, outcome.stopped) == (12, False)
    assert "step 8 is skipped: loss became nan; pictures in " in capsys.readouterr().err
    with Image.open(run.path / "skipped" / "000008.png") as shown:
        assert min(shown.size) > 4
    assert set(numbers(run, "loss")) == {*range(1, 13)} - {8}
    assert numbers(run, "skipped") == dict.fromkeys(range(8, 13), 1)


def test_what_is_skipped_changes_no_weight(run, tmp_path, monkeypatch):
    """A training whose last steps are all skipped ends as one that ended before them."""
    twin = Run(shutil.copytree(run.path, tmp_path / "runs" / "twin"))
    constant = ["train.schedule = 'constant'"]
    constant.append("train.evaluate_every = 1")
    pixace.resume(twin.path, steps=9, bindings=constant)
    spoil(monkeypatch, [10, 11])
    pixace.resume(run.path, steps=11, bindings=constant)
    found = numbers(run, "validation_loss")
    assert found[9] == found[11] == numbers(twin, "validation_loss")[9] != found[6]


def test_after_too_many_it_goes_back_and_on_at_half_the_rate(run, monkeypatch, capsys):
    """Checkpoints are only made of states that are sound, so that there is one to go back to."""
    spoil(monkeypatch, range(15, 36), times=1)
    often = ["train.schedule = 'constant'", "train.log_every = 1", "train.evaluate_every = 7"]
    assert pixace.resume(run.path, steps=56, bindings=often).step == 56
    said = capsys.readouterr().err
    assert "loss became nan by step 21, and 7 were skipped; back to step 14, at 0.5 of " in said
    assert "loss became nan by step 28, and 7 were skipped; back to step 21, at 0.25 of " in said
    assert "loss became nan by step 35, and 7 were skipped; back to step 28, at 0.125 of " in said


def test_it_stays_at_the_lower_rate_when_it_is_resumed(run, monkeypatch, capsys):
    spoil(monkeypatch, range(8, 28), times=1)
    often = ["train.schedule = 'constant'", "train.log_every = 1", "train.evaluate_every = 100"]
    pixace.resume(run.path, steps=30, bindings=often)
    assert "20 were skipped; back to step 6, at 0.5 of train" in capsys.readouterr().err
    rates = numbers(run, "learning_rate")
    assert rates[30] == pytest.approx(0.01 / 2)  # as `tiny` has it
    assert numbers(run, "loss").keys() == {*range(1, 31)}
    pixace.resume(run.path, steps=33)
    assert numbers(run, "learning_rate")[33] == rates[30]
    assert "rate goes from" not in capsys.readouterr().err
