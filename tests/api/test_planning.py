"""Trainings by the clock: what is decided, what a user's word is worth, what is said."""

import math
import shutil
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace.api import planning
from pixace.cli import main
from pixace.config import gin_files, parts
from pixace.errors import ConfigError
from pixace.runs.run_folder import Run
from pixace.training import budget, calibration, train_lm
from pixace.training.budget import Measured, Pictures, Shape
from pixace.training.metrics_log import read


def width(model):
    """Features of a position."""
    return model.shapes["embedding/table"].shape[1]


class Machine:
    """One that is known beforehand: what is measured of it, and how often."""

    def __init__(self, monkeypatch):
        self.asked, self.speed = [], budget.CPU
        monkeypatch.setattr(planning, "time", SimpleNamespace(perf_counter=lambda: 0.0))
        monkeypatch.setattr(calibration, "measured", self.measured)

    def measured(self, model, data, captions, dtype, settings, seconds):
        self.asked.append((model, settings))
        layers = sum(name.endswith("/attention/norm/scale") for name in model.shapes)
        shape = Shape(width(model), layers, 1)  # work does not hang on heads
        pictures = Pictures(1, data.tokenizer.length, data.tokenizer.vocab_size)
        picture = pictures.tokens * shape.work(pictures) / self.speed
        return Measured(2.0, settings.batch_size * picture, picture / 3, 0.5, 2.0)


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.fixture
def begun(tiny_pictures, tmp_path, monkeypatch):
    """The run that a training begins, without training."""

    class BegunError(Exception):
        pass

    def given(data=tiny_pictures, size=4, **arguments):
        found, size = [], None if data is None else size

        def train(model, tokens, run, settings, captions, start=None):
            found.append((model, settings, gin_files.load(run.path / "config.gin")))
            raise BegunError

        monkeypatch.setattr(train_lm, "train", train)
        with pytest.raises(BegunError):
            pixace.train(data, size=size, root=tmp_path / "runs", **arguments)
        return found[0]

    return given


def shape_of(bound):
    it = parts.model(bound.values).settings
    return Shape(it["d_model"], it["n_layers"], it["n_heads"])


@pytest.mark.parametrize("kind", ["transformer", "reformer"])
def test_without_a_word_a_cpu_takes_what_it_learns_in_half_an_hour(begun, machine, capsys, kind):
    model, how, bound = begun(model=kind)
    assert model.kind == kind
    assert shape_of(bound) == budget.SHAPES[0]
    assert (how.optimizer, how.schedule, how.batch_size) == ("muon", "flat", 3)
    assert how.steps == math.ceil(budget.PASSES * 38 / 3)
    assert how.evaluate_every == math.ceil(how.steps / 10)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{kind} of 96 features and 3 layers, 507 steps of 3 pictures: about ")
    assert "; each of 38 pictures is seen 40 times by then; for more: --steps 1014; " in line
    assert line.endswith(f"--gin {kind}")


@pytest.mark.parametrize("kind", ["transformer", "reformer"])
def test_without_a_word_a_gpu_takes_the_originals_shape(begun, machine, capsys, monkeypatch, kind):
    monkeypatch.setattr(planning, "_is_cpu", lambda: False)
    _, how, bound = begun(model=kind)
    assert bound == gin_files.load(kind, [f"model.kind = '{kind}'", "pictures.size = 4"])
    assert (shape_of(bound), how.steps) == (budget.SHAPES[-1], 100_000)
    assert not machine.asked
    assert not capsys.readouterr().err


def test_minutes_are_kept_on_a_gpu_too(begun, machine, monkeypatch):
    monkeypatch.setattr(planning, "_is_cpu", lambda: False)
    _, how, _ = begun(minutes=0.5)
    assert how.optimizer == "muon"
    assert machine.asked


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Pictures that are worth a larger model: as if seeing them again were seeing new ones."""
    monkeypatch.setattr(budget, "WORTH", 1000)
    path = tmp_path / "many.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (6_000, 16, 16), np.uint8))
    return path


def test_a_machine_as_it_was_thought_to_be_is_measured_once(begun, machine, many, capsys):
    _, how, bound = begun(many, size=16)
    ((_, settings),) = machine.asked
    assert "about 30 minutes; for more: --minutes 60; " in capsys.readouterr().err
    assert shape_of(bound) == budget.SHAPES[1]
    assert settings.batch_size == how.batch_size
    work = shape_of(bound).work(Pictures(1, 256, 6_895))
    assert 0.9 * 1800 < how.steps * how.batch_size * 256 * work / budget.CPU < 1800


@pytest.mark.parametrize(("times", "bigger"), [(1 / 50, -1), (50, 1)])
def test_another_machine_gets_another_model_and_is_measured_once_more(
    begun, machine, many, times, bigger
):
    machine.speed *= times
    _, how, bound = begun(many, size=16)
    (first, _), (second, settings) = machine.asked
    assert (width(second) - width(first)) * bigger > 0
    assert shape_of(bound).d_model == width(second)
    assert how.batch_size == settings.batch_size


def test_a_time_that_is_too_short_for_anything_is_enough_for_a_few_steps(begun, machine):
    assert begun(minutes=0.001)[1].steps == budget.LEAST


def test_what_the_user_says_wins(begun, machine):
    _, how, bound = begun(
        batch_size=7,
        learning_rate=0.5,
        bindings=["LAYERS = 1", "DROPOUT = 0.5", "train.schedule = 'cosine'"],
        minutes=1,
    )
    assert (how.batch_size, how.learning_rate, how.schedule) == (7, 0.5, "cosine")
    assert (shape_of(bound), bound.values["modern.dropout"]) == (Shape(128, 1, 2), 0.5)
    assert bound.values["modern.d_ff"] == 512
    own = {"evaluate_every": 20, "evaluate_pictures": 1}
    _, how, _ = begun(bindings=[f"train.{name} = {it}" for name, it in own.items()], minutes=1)
    assert asdict(how).items() >= own.items()


def test_an_optimizer_of_the_users_gets_no_setting_that_it_does_not_take(begun, machine):
    _, _, bound = begun(bindings=["train.optimizer = 'adafactor'"])
    assert "train.weight_decay" not in bound.values
    _, _, bound = begun(bindings=["train.optimizer = 'adamw'"])
    assert bound.values["train.weight_decay"] == budget.FOR_FEW["train.weight_decay"]


def test_steps_alone_are_what_is_done_with_a_model_for_a_cpu(begun, machine, capsys):
    _, how, bound = begun(steps=70)
    assert (how.steps, how.warmup_steps, how.evaluate_every) == (70, 7, 7)
    assert shape_of(bound) == budget.SHAPES[0]
    assert not machine.asked
    (line,) = capsys.readouterr().err.splitlines()
    assert "70 steps of 3 pictures; the original's shape, for a GPU: --gin modern" in line


def test_of_a_gin_file_minutes_change_the_steps_alone(begun, machine, tiny, capsys):
    _, how, bound = begun(gin="base", bindings=tiny[:4], minutes=0.5)
    assert bound.written.keys() == {
        *gin_files.load("base").written,
        *("train.steps", "pictures.size"),
    }
    assert capsys.readouterr().err == f"{how.steps:,} steps: about 0.5 minutes\n"
    digits = gin_files.load("digits").values
    assert begun(None, minutes=3)[2].values | {"train.steps": 600} == digits


@pytest.mark.parametrize("minutes", [0, -1, math.nan, math.inf, "ten", True])
def test_minutes_are_a_number_above_0(tiny_pictures, tmp_path, minutes):
    with pytest.raises(ConfigError, match=r"^minutes "):
        pixace.train(tiny_pictures, minutes=minutes, root=tmp_path)


def test_minutes_and_steps_are_one_too_many(tiny_pictures, tiny_outcome, tmp_path):
    words = r"^--minutes decides the steps; leave out --steps \(train\.steps\), or --minutes$"
    for said in ({"steps": 3}, {"bindings": ["train.steps = 3"]}):
        with pytest.raises(ConfigError, match=words):
            pixace.train(tiny_pictures, minutes=1, root=tmp_path, **said)
        with pytest.raises(ConfigError, match=words):
            pixace.resume(tiny_outcome.run.path, minutes=1, **said)
    assert not list(tmp_path.iterdir())


def test_what_was_decided_can_be_done_again_without_measuring(begun, machine, tmp_path):
    _, how, bound = begun(minutes=1)
    (tmp_path / "a.gin").write_text(bound.text)
    assert begun(gin=tmp_path / "a.gin")[1:] == (how, bound)
    assert len(machine.asked) == 1


def test_a_finished_run_goes_on_for_some_minutes(tiny_outcome, tmp_path, machine, capsys):
    run = Run(shutil.copytree(tiny_outcome.run.path, tmp_path / "runs" / "again"))
    machine.speed = 8 * 16 * Shape(8, 1, 2).work(Pictures(38, 16, 6)) * 10 / 0.9
    outcome = pixace.resume(run.path, bindings=["train.schedule = 'flat'"], minutes=0.1)
    ((_, settings),) = machine.asked
    assert settings.batch_size == 8
    assert (outcome.step, outcome.steps) == (6 + 10, 6 + 10)
    assert "train.steps = 16\n" in (run.path / "config.gin").read_text()
    said = capsys.readouterr().err
    assert "10 steps: about 0.1 minutes\n" in said
    assert "at step 6, and down again by the end\n" in said
    rates = [line["learning_rate"] for line in read(run.path / "metrics.jsonl") if "loss" in line]
    assert rates[6] == pytest.approx(rates[8])
    assert rates[-1] < rates[-2] < rates[-3]


@pytest.mark.slow
def test_a_real_clock_ends_in_a_finished_run_and_goes_on(tiny, tiny_pictures, tmp_path):
    small = [f"--set={line}" for line in (*tiny[:6], "train.samples = 4")]
    words = ["train", str(tiny_pictures), *small, "--minutes", "0.01", "--runs", str(tmp_path)]
    done = CliRunner().invoke(main, [*words, "--name", "a"])
    assert done.exit_code == 0, done.output
    assert "modern of 8 features and 1 layers, 10 steps of 3 pictures" in done.stderr
    run = Run(tmp_path / "a")
    assert (run.read().status, run.read().step) == ("finished", 10)
    assert (run.path / "collage.png").is_file()
    assert "train.steps = 10\n" in (run.path / "config.gin").read_text()
    more = ["train", "--resume", str(run.path), "--minutes", "0.01"]
    done = CliRunner().invoke(main, more)
    assert done.exit_code == 0, done.output
    # It finds its program compiled, and so has time for more steps than the least.
    assert run.read().status == "finished"
    assert run.read().step >= 10 + budget.LEAST
