"""Checks of a training: a good one is well, and each fault that is planted is found."""

import time
from dataclasses import fields, replace

import jax
import numpy as np
import optax
import pytest

from pixace import models
from pixace.data import token_set
from pixace.models.modern_language_model import ModernLanguageModel
from pixace.training import training_checks
from pixace.training.settings import TrainSettings
from pixace.training.training_checks import Trial, checks, watched


@pytest.fixture(scope="module")
def trial(tiny_outcome):
    """The smallest model at its smallest pictures."""
    data = token_set.open_set(tiny_outcome.run.read().data.tokens)
    size = data.tokenizer.vocab_size, data.tokenizer.length, data.tokenizer.axes
    shape = {"d_model": 16, "d_ff": 32, "n_layers": 1, "n_heads": 2, "dropout": 0.0}
    model = models.build("modern", *size, **shape)
    return Trial(model, data, None, "float32", TrainSettings(learning_rate=3e-3), 1000)


def found(trial, seconds=100):
    """What is found, by name."""
    return {each.name: each for each in checks(trial, time.perf_counter() + seconds)}


class Stopped(ModernLanguageModel):
    """A model whose blocks are told nothing."""

    def hidden(self, weights, tokens, key=None):
        inner = {
            name: jax.lax.stop_gradient(leaf) if name.startswith("blocks/") else leaf
            for name, leaf in weights.items()
        }
        return super().hidden(inner, tokens, key)


def with_fault(trial, kind):
    given = (each.name for each in fields(trial.model) if each.init)
    return replace(trial, model=kind(**{name: getattr(trial.model, name) for name in given}))


@pytest.fixture(scope="module")
def well(trial):
    return found(trial)


def test_a_good_training_is_well(well):
    assert {name: each.state for name, each in well.items()} == dict.fromkeys(
        ("loss at the start", "learning rate", "gradients", "speed", "by heart"), "ok"
    )
    assert well["learning rate"].facts["steps"] == training_checks.STEPS
    assert well["by heart"].facts["pictures"] == training_checks.FEW
    assert well["by heart"].facts["loss"] < 0.1 * np.log(4)
    assert set(well["gradients"].facts["norms"]) >= {
        "blocks/0/attention",
        "blocks/0/feed_forward",
        "convolution",
        "embedding",
        "features",
        "head",
    }
    assert well["speed"].facts["seconds"] == pytest.approx(
        1000 * 8 * 16 / well["speed"].facts["tokens_per_second"]
    )


@pytest.mark.parametrize(("optimizer", "rate"), [("adamw", 3e-3), ("muon", 1e-2)])
def test_a_rate_that_is_ten_times_too_high_is_found(trial, optimizer, rate, monkeypatch):
    monkeypatch.setattr(training_checks, "MOST", 0)
    settings = TrainSettings(optimizer=optimizer, learning_rate=10 * rate)
    high = found(replace(trial, settings=settings))["learning rate"]
    assert high.state == "broken"
    assert high.advice == f"it is too high; try --learning-rate {rate:.2g}"
    settings = replace(settings, learning_rate=rate)
    assert found(replace(trial, settings=settings))["learning rate"].state == "ok"


def test_blocks_that_are_told_nothing_are_found(trial, monkeypatch):
    monkeypatch.setattr(training_checks, "MOST", 0)
    gradients = found(with_fault(trial, Stopped))["gradients"]
    assert gradients.state == "broken"
    assert gradients.advice.startswith("blocks/0/attention, blocks/0/feed_forward cannot learn")


def test_what_cannot_be_learned_by_heart_is_found(trial, monkeypatch):
    monkeypatch.setattr(training_checks, "RATES", {"adamw": 1e-9})
    monkeypatch.setattr(training_checks, "MOST", 20)
    by_heart = found(trial)["by heart"]
    assert (by_heart.state, by_heart.facts["steps"]) == ("broken", 20)


def test_a_loss_that_is_no_number_is_found(trial, monkeypatch):
    monkeypatch.setattr(training_checks, "MOST", 0)
    settings = TrainSettings(learning_rate=1e30, clip=0.0)
    wild = found(replace(trial, settings=settings))
    assert wild["learning rate"].state == "broken"


def test_what_there_is_no_time_for_is_unfinished(trial):
    late = found(trial, seconds=0)
    assert [late[name].found for name in ("learning rate", "by heart")] == [
        "not finished in time"
    ] * 2
    assert late["learning rate"].facts["steps"] < training_checks.LEAST


def test_a_training_of_days_is_to_be_looked_at(trial, monkeypatch):
    monkeypatch.setattr(training_checks, "MOST", 0)
    speed = found(replace(trial, steps=10**10))["speed"]
    assert speed.state == "look"
    assert "days" in speed.found
    assert "take" not in found(replace(trial, steps=None))["speed"].found


def test_watching_tells_the_norms_and_changes_no_step():
    weights = {"a": np.array([1.0, 2.0], np.float32), "b": np.ones((2, 2), np.float32)}
    gradients = {"a": np.array([3.0, 4.0], np.float32), "b": np.zeros((2, 2), np.float32)}
    rule = watched("adamw", 0.1, 1.0, 0.95)
    updates, state = rule.update(gradients, rule.init(weights), weights)
    assert {name: float(norm) for name, norm in state[0].norms.items()} == {"a": 5, "b": 0}
    plain = training_checks.optimizers.by_name("adamw", weight_decay=0.1, clip=1.0, beta2=0.95)
    wanted, _ = plain.update(gradients, plain.init(weights), weights)
    jax.tree.map(np.testing.assert_array_equal, updates, wanted)
    assert rule is watched("adamw", 0.1, 1.0, 0.95), "and so are the programs"
    assert isinstance(rule, optax.GradientTransformation)


def test_a_batch_is_small_and_nothing_of_it_is_changed(trial):
    settings = TrainSettings(batch_size=512, accumulate=2, mirror=True, ema=0.9, shift=1)
    task = replace(trial, settings=settings).task(0.01)
    assert task.batch(0).tokens.shape == (training_checks.TOKENS // 16, 16)
    rates = [float(task.rate(step)) for step in (0, 9, 500)]
    assert rates == pytest.approx([0.001, 0.01, 0.01])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 seconds"), (100, "2 minutes"), (7000, "2 hours"), (10**6, "12 days")],
)
def test_durations_are_said_as_people_do(seconds, words):
    assert training_checks._duration(seconds) == words
