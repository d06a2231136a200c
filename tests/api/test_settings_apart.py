"""Each training and each model has its own settings, whatever else the process does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import gin
import numpy as np
import pytest

import pixace
from pixace.api import train
from pixace.training import train_lm

# What drawing with a model has no use for.
HEAVY = ("optax", "orbax", "gin", "tensorboardX", "mlflow")
UNUSED = ("pixace.training", "pixace.config", "pixace.trackers", "pixace.data")


@pytest.fixture
def begun(monkeypatch):
    """What trainings are begun with, by the names of their runs; none of them is done."""
    found = {}

    def spy(model, data, run, settings, captions, start=None):
        found[run.name] = (settings, model, run.read(), (run.path / "config.gin").read_text())
        raise KeyboardInterrupt

    monkeypatch.setattr(train_lm, "train", spy)
    return found


def begin(pictures, root, bindings, **settings):
    with pytest.raises(KeyboardInterrupt):
        pixace.train(pictures, gin="base", bindings=bindings, root=root, **settings)


def test_trainings_in_threads_keep_to_their_own_settings(
    begun, tiny, tiny_pictures, tmp_path, monkeypatch
):
    """All of them have read their gin files before the first one builds its model."""
    barrier, usual = Barrier(4), train.captioned

    def together(*args):
        barrier.wait(60)
        return usual(*args)

    monkeypatch.setattr(train, "captioned", together)

    def one(number):
        lines = [*tiny, f"train.steps = {number}0", f"D_FF = {number}"]
        begin(tiny_pictures, tmp_path, lines, learning_rate=number / 10, name=f"run{number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(1, 5)))
    for number in range(1, 5):
        settings, _, described, text = begun[f"run{number}"]
        assert (settings.steps, settings.learning_rate) == (10 * number, number / 10)
        assert described.model.settings["d_ff"] == number
        assert described.training["steps"] == 10 * number
        assert f"D_FF = {number}\n" in text


def test_a_model_loaded_beside_a_training_changes_nothing(
    begun, tiny, tiny_pictures, worded_outcome, tmp_path, monkeypatch
):
    usual = train.captioned

    def beside(*args):
        pixace.load(worded_outcome.run.path)
        return usual(*args)

    monkeypatch.setattr(train, "captioned", beside)
    begin(tiny_pictures, tmp_path, [*tiny, "D_FF = 24", "train.clip = 0.5"], name="mine")
    settings, _, described, _ = begun["mine"]
    assert settings.clip == 0.5
    assert described.model.settings["d_ff"] == 24
    assert described.captions is None


def test_models_loaded_in_threads_know_nothing_of_each_other(tiny_outcome, worded_outcome):
    paths = [tiny_outcome.run.path, worded_outcome.run.path] * 2
    expected = [pixace.load(path).generate(2) for path in paths[:2]] * 2
    with ThreadPoolExecutor(4) as threads:
        models = list(threads.map(pixace.load, paths))
    for model, pictures in zip(models, expected, strict=True):
        np.testing.assert_array_equal(model.generate(2), pictures)


@gin.configurable
def of_the_program(width=3):
    """Something of a program that uses gin for its own ends."""
    return width


def test_what_a_program_has_bound_by_gin_is_left_alone(
    begun, tiny, tiny_pictures, tiny_outcome, tmp_path
):
    gin.parse_config("of_the_program.width = 7\nD_MODEL = 5\nof_the_program.width = %D_MODEL")
    before = gin.config_str()
    try:
        begin(tiny_pictures, tmp_path, tiny)
        pixace.load(tiny_outcome.run.path).generate(1)
        assert gin.config_str() == before
        assert of_the_program() == 5
    finally:
        gin.clear_config()


def test_drawing_imports_no_training(tiny_outcome):
    code = (
        "import sys, pixace; pixace.load(sys.argv[1]).generate(1); "
        f"heavy = {HEAVY!r}; unused = {UNUSED!r}; "
        "print([name for name in sys.modules "
        "if name.partition('.')[0] in heavy or name.startswith(unused)])"
    )
    words = [sys.executable, "-c", code, str(tiny_outcome.run.path)]
    done = subprocess.run(words, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
