"""Trainings that begin with a trained model."""

import numpy as np
import pytest

import pixace
from pixace.errors import RunError
from pixace.runs.run_folder import Run

STEPS = ("train.steps = 1", "train.learning_rate = 1e-9", "train.evaluate_every = 1", "train.ema=0")


def losses(outcome):
    import json

    log = (outcome.run.path / "metrics.jsonl").read_text().splitlines()
    return [each["loss"] for each in map(json.loads, log) if "loss" in each]


@pytest.mark.parametrize("features", [0, 16])
def test_what_was_learned_is_there_at_the_first_step(
    tiny_outcome, tiny_pictures, tmp_path, capsys, features
):
    """The shape and the colours are those of the start; a step of no size leaves its loss."""
    own = [*STEPS, f"train.features = {features}"]
    done = pixace.train(
        tiny_pictures, start=tiny_outcome.run.path, bindings=own, root=tmp_path / "runs"
    )
    assert done.loss == pytest.approx(tiny_outcome.loss, abs=1e-5)
    described = done.run.read()
    assert described.start == tiny_outcome.run.name
    assert described.model == tiny_outcome.run.read().model
    assert described.tokenizer == tiny_outcome.run.read().tokenizer
    assert f"begins with {tiny_outcome.run.name}\n" in capsys.readouterr().err


def test_words_are_new_and_what_is_said_wins(tiny_outcome, worded_pictures, tmp_path, capsys):
    done = pixace.train(
        worded_pictures,
        start=tiny_outcome.run.path,
        template="a light of {label}",
        bindings=[*STEPS, "pictures.colors = 'grey:8'"],
        root=tmp_path / "runs",
    )
    assert "colours begin as the nearest; 5 of 5 words are new" in capsys.readouterr().err
    assert "colors=grey:8" in Run(done.run.path).read().tokenizer
    assert pixace.load(done.run.path).generate(1, classes="1").shape == (1, 4, 4, 3)


def test_a_run_that_began_so_goes_on_without_its_start(tiny_outcome, tiny_pictures, tmp_path):
    root = tmp_path / "runs"
    done = pixace.train(tiny_pictures, start=tiny_outcome.run.path, bindings=STEPS, root=root)
    more = pixace.resume(done.run.path, steps=3, root=root)
    assert more.step == 3
    assert np.isfinite(losses(more)).all()


def test_no_such_start_is_said_before_anything_is_made(tiny_pictures, tmp_path):
    with pytest.raises(RunError, match="no run 'nothing'"):
        pixace.train(tiny_pictures, start="nothing", root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
