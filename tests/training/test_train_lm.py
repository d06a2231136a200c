"""Training from the first step to the last: what it leaves, and that stopping leaves no trace."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import pixace
from pixace.data import tokenization
from pixace.data.preprocessing import Preprocessing
from pixace.errors import ConfigError, PixaceError
from pixace.models import transformer
from pixace.runs import model_file
from pixace.runs.checkpoints import Checkpoints
from pixace.runs.run_folder import Run
from pixace.runtime.interrupts import stopped_by_signal
from pixace.sources import open_source
from pixace.training import fit, lm_evaluator
from pixace.training.metrics_log import read
from pixace.training.settings import TrainSettings
from pixace.training.train_lm import LmTask


def numbers(run):
    """The metrics that do not depend on the clock."""
    return [
        {name: value for name, value in line.items() if name != "tokens_per_second"}
        for line in read(run.path / "metrics.jsonl")
    ]


def test_a_run_leaves_everything_its_folder_promises(tiny_outcome):
    run = tiny_outcome.run
    assert (tiny_outcome.step, tiny_outcome.steps) == (6, 6)
    assert {path.name for path in run.path.iterdir()} == {
        "run.json", "config.gin", "metrics.jsonl", "checkpoints", "model.safetensors", "samples",
        "tensorboard", "collage.png",
    }  # fmt: skip
    assert {path.name for path in (run.path / "samples").iterdir()} == {"000003.png", "000006.png"}
    assert {path.name for path in (run.path / "checkpoints").iterdir()} == {
        "3", "3.json", "6", "6.json"
    }  # fmt: skip
    assert run.read().status == "finished"
    assert run.read().best.value == tiny_outcome.loss


def test_a_training_that_takes_a_while_says_once_what_to_expect(
    tiny, tiny_pictures, tmp_path, capsys, monkeypatch
):
    """In about 38 of the 40 pictures, what a minute of training is: here, no time at all."""
    monkeypatch.setattr(fit, "WORTH_A_LINE", 0.0)
    done = pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path / "runs")
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "minutes of steps" in line)
    weights = sum(
        leaf.size for leaf in model_file.read(done.run.path / "model.safetensors")[0].values()
    )
    assert f"{weights:,} weights learn 38 pictures: about 0 minutes of steps to go" in line
    assert re.search(r"; [\d.]+ [MG]B of memory$", line)


def test_every_log_line_says_loss_bits_rate_norm_and_speed(tiny_outcome):
    lines = [line for line in read(tiny_outcome.run.path / "metrics.jsonl") if "loss" in line]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    for line in lines[1:]:
        assert line["bits_per_pixel"] == pytest.approx(line["loss"] / np.log(2))
        assert line["learning_rate"] > 0
        assert line["gradient_norm"] > 0
        assert line["tokens_per_second"] > 0
    assert "tokens_per_second" not in lines[0], "the first step compiles and is not timed"


def test_the_model_file_is_the_best_one(tiny_outcome):
    losses = [
        line["validation_loss"]
        for line in read(tiny_outcome.run.path / "metrics.jsonl")
        if "validation_loss" in line
    ]
    assert len(losses) == 2
    _, described = model_file.read(tiny_outcome.run.path)
    assert described.best.value == tiny_outcome.loss == min(losses)


def stopped_after(monkeypatch, steps):
    """Makes the next training believe that Ctrl-C came after some of its steps."""
    asked = iter(range(10_000))
    monkeypatch.setattr(fit, "stopped_by_signal", lambda: _constant(lambda: next(asked) >= steps))


class _constant:  # noqa: N801  a context manager that gives what it was given
    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        return None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["transformer", "reformer", "modern"])
@pytest.mark.parametrize("steps", [2, 3])
def test_a_training_that_was_stopped_and_resumed_equals_one_that_was_not(
    tiny, tiny_pictures, tmp_path, monkeypatch, kind, steps
):
    """Exactly: metrics, checkpoints' weights and model file, with all that is drawn at random."""
    chance = ["DROPOUT = 0.2", "train.mirror = True", "train.shift = 1"]
    settings = {
        "gin": "base",
        "bindings": [*tiny, *chance, "train.ema = 0.9", "train.accumulate = 2"],
        "model": kind,
        "root": tmp_path,
    }
    whole = pixace.train(tiny_pictures, **settings)
    with monkeypatch.context() as patch:
        stopped_after(patch, steps)
        cut = pixace.train(tiny_pictures, **settings)
    assert (cut.step, cut.collage) == (steps, None)
    assert cut.run.read().status == "stopped"
    resumed = pixace.resume(cut.run.path, root=tmp_path)
    assert resumed.step == 6
    assert numbers(resumed.run) == numbers(whole.run)
    (one, _), (two, _) = model_file.read(whole.run.path), model_file.read(resumed.run.path)
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    assert resumed.collage.exists()


@pytest.mark.slow
def test_a_run_can_be_given_more_steps(tiny_outcome, tiny, tiny_pictures, tmp_path):
    first = pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path)
    longer = pixace.resume(None, bindings=["train.steps = 9"], root=tmp_path)
    assert (longer.run, longer.step) == (first.run, 9)
    assert "train.steps = 9" in (longer.run.path / "config.gin").read_text()


@pytest.mark.slow
def test_a_run_can_go_on_with_pictures_changed_otherwise(tiny, tiny_pictures, tmp_path):
    """No shape of a checkpoint hangs on it."""
    first = pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path)
    changed = ["train.mirror = True", "train.shift = 2"]
    longer = pixace.resume(first.run.path, steps=9, bindings=changed)
    assert longer.step == 9
    told = longer.run.read().training
    assert (told["mirror"], told["shift"]) == (True, 2)


def test_only_what_is_learned_is_changed_and_never_what_is_judged(tiny_pictures, tmp_path):
    source, prepared = open_source(tiny_pictures), Preprocessing(4, "grey:4")
    tokens = tokenization.build(prepared, source, tmp_path / "tokens")
    model = transformer(6, 16, (4, 4), d_model=8, d_ff=16, n_layers=1, n_heads=2)
    plain, changed = (
        LmTask(model, tokens, None, "float32", TrainSettings(samples=0, features=0, **given))
        for given in ({}, {"mirror": True, "shift": 2})
    )
    assert (plain.batch(0).tokens != changed.batch(0).tokens).any()
    weights = plain.weights(plain.first_state())
    assert plain.evaluator(weights).value == changed.evaluator(weights).value


@pytest.mark.slow
def test_the_largest_seed_trains_and_draws(tiny, tiny_pictures, tmp_path):
    seed = {"seed": np.uint32(2**32 - 1), "root": tmp_path}
    outcome = pixace.train(tiny_pictures, gin="base", bindings=tiny, **seed)
    assert outcome.step == 6
    assert len(list((outcome.run.path / "samples").iterdir())) == 2


@pytest.mark.slow
def test_the_last_checkpoints_and_the_best_one_are_kept(tiny, tiny_pictures, tmp_path, monkeypatch):
    # Each time of held-out and of training pictures.
    losses = (each for each in (3.0, 1.0, 4.0, 5.0, 6.0, 7.0) for _ in range(2))
    monkeypatch.setattr(lm_evaluator, "validation_loss", lambda *_, **__: lambda *_: next(losses))
    bound = [*tiny, "train.evaluate_every = 1", "train.keep = 2", "train.samples = 0"]
    outcome = pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)
    kept = {path.name for path in (outcome.run.path / "checkpoints").iterdir()}
    assert kept == {name for step in (2, 5, 6) for name in (f"{step}", f"{step}.json")}
    assert outcome.loss == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(tiny, tiny_pictures, tmp_path, number):
    """A real process, a real signal."""
    sets = [f"--set={line}" for line in tiny if "steps = 6" not in line]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pixace", "train", str(tiny_pictures), "--gin", "base"),
            *(*sets, "--steps", "1000000", "--runs", str(tmp_path), "--name", "long"),
            "--set=train.evaluate_every = 1000000",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    log = tmp_path / "long" / "metrics.jsonl"
    for _ in range(1200):
        if process.poll() is not None or (log.exists() and len(read(log)) > 3):
            break
        time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "go on with: pixace train --resume" in out
    description = Run(tmp_path / "long").read()
    assert description.status == "stopped"
    assert (tmp_path / "long" / "checkpoints" / str(description.step)).is_dir()
    assert (tmp_path / "long" / "model.safetensors").exists()


def test_a_second_signal_acts_as_it_always_did():
    with stopped_by_signal() as stopped:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_put_back_and_other_threads_do_without():
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_signal():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    answers = []

    def elsewhere():
        with stopped_by_signal() as stopped:
            answers.append(stopped())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert answers == [False]


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("train.steps = 0", "train.steps is 0"),
        ("train.accumulate = 3", "batch_size 8 cannot be cut into train.accumulate 3"),
        ("train.dtype = 'float16'", "no dtype 'float16'"),
        ("train.ema = 1.0", "train.ema is 1.0"),
        ("train.schedule = 'linear'", "no schedule 'linear'"),
        ("train.optimizer = 'sgd'", "no optimizer 'sgd'"),
        ("train.steps = 'ten'", "train.steps = 'ten' is no int"),
        ("train.mirror = 1", "train.mirror = 1 is no bool"),
        ("train.shift = 4", "train.shift 4 moves pictures of 4x4 pixels out of sight"),
        ("train.hue = 90", "train.hue turns a circle of hues, and grey:4 has none"),
    ],
)
def test_numbers_that_do_not_fit_are_answered_in_a_line(
    tiny, tiny_pictures, tmp_path, binding, words
):
    with pytest.raises(ConfigError, match=words) as caught:
        pixace.train(tiny_pictures, gin="base", bindings=[*tiny, binding], root=tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [], "nothing half-made is left"


def test_a_loss_that_is_no_number_stops_with_advice(tiny, tiny_pictures, tmp_path):
    bound = [*tiny, "train.learning_rate = 1e30", "train.clip = 0", "train.optimizer = 'adam'"]
    bound += ["train.features = 0"]  # a product of two maps would make the gradient too large first
    with pytest.raises(PixaceError, match=r"loss became (nan|inf) by step .*learning_rate"):
        pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)


def test_pictures_that_changed_are_noticed_when_resuming(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    pictures = tmp_path / "pictures.npy"
    np.save(pictures, np.random.default_rng(0).integers(0, 255, (20, 4, 4), np.uint8))
    stopped_after(monkeypatch, 2)
    cut = pixace.train(pictures, gin="base", bindings=tiny, root=tmp_path / "runs")
    np.save(pictures, np.random.default_rng(1).integers(0, 255, (20, 4, 4), np.uint8))
    for path in (tmp_path / "cache" / "tokens").iterdir():
        path.rename(tmp_path / "elsewhere")
    with pytest.raises(PixaceError, match="have changed since this run began"):
        pixace.resume(cut.run.path)


def test_a_resumed_run_finds_its_pictures_again_when_the_cache_is_gone(
    tiny, tiny_pictures, tmp_path, monkeypatch
):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "one"))
    with monkeypatch.context() as patch:
        stopped_after(patch, 3)
        cut = pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path / "runs")
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "two"))
    (tmp_path / "one").rename(tmp_path / "gone")
    assert pixace.resume(cut.run.path).step == 6


def test_axial_positions_count_along_the_order(tiny, tiny_pictures, tmp_path):
    """In columns of 4 and not in rows of 6: one vector for each of 6 columns and 4 places."""
    bound = [*tiny, "train.steps = 1", "train.samples = 0", "pictures.size = '6x4'"]
    outcome = pixace.train(
        tiny_pictures, gin="base", bindings=[*bound, "pictures.order = 'column'"], root=tmp_path
    )
    weights, _ = model_file.read(outcome.run.path)
    axes = {name: leaf.shape for name, leaf in weights.items() if name.startswith("positions/")}
    assert axes == {"positions/rows": (1, 6, 1, 4), "positions/columns": (1, 1, 4, 4)}


def test_a_half_written_checkpoint_is_cleared_and_never_gone_on_from(tiny_outcome, tmp_path):
    """What a process that was killed while saving leaves behind."""
    folder = tmp_path / "checkpoints"
    rest = folder / "9.orbax-checkpoint-tmp"
    shutil.copytree(tiny_outcome.run.path / "checkpoints", folder)
    rest.mkdir()
    (rest / "half").write_text("half")
    with Checkpoints(folder, keep=3) as checkpoints:
        assert checkpoints.steps() == [3, 6]
    assert not rest.exists()
