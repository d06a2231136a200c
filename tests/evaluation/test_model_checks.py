"""Checks of a model: well ones are well, and each fault that is planted is found."""

import time
from collections import OrderedDict
from dataclasses import fields, replace

import jax.numpy as jnp
import numpy as np
import pytest

from pixace import models
from pixace.data.batches import Batch
from pixace.evaluation import model_checks
from pixace.layers import causal_attention, trax_bridge
from pixace.models.modern_language_model import ModernLanguageModel

GRID, LENGTH, VOCAB = (3, 7), 21, 11
SMALL = {"d_model": 8, "d_ff": 12, "n_layers": 1, "n_heads": 2, "dropout": 0.0}
ALLOWED = np.arange(VOCAB) >= 2


def build(kind="modern", **changes):
    return models.build(kind, VOCAB, LENGTH, GRID, **(SMALL | changes))


def checked(model, weights=None, **settings):
    """What the leak test and the comparison with the cache say."""
    weights = weights or model_checks.random_weights(model)
    until = time.perf_counter() + 100
    return (
        model_checks.leak(model, weights, ALLOWED, **settings),
        model_checks.cache(model, weights, ALLOWED, until, **settings),
    )


class Faulty(ModernLanguageModel):
    """A model with a fault; without one, as it was built."""

    @classmethod
    def like(cls, model):
        """The same model with this fault."""
        given = (each.name for each in fields(model) if each.init)
        return cls(**{name: getattr(model, name) for name in given})


class Forgetful(Faulty):
    """What it draws by is not what it learned."""

    def decode_step(self, weights, state, token):
        logits, state = super().decode_step(weights, state, token)
        return 1.01 * logits, state


class Blind(Faulty):
    """It looks at no token at all."""

    def hidden(self, weights, tokens, key=None):
        return super().hidden(weights, jnp.zeros_like(tokens), key)


class Twice(Faulty):
    """It counts each token twice."""

    def loss(self, *given):
        return 2 * super().loss(*given)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("transformer", {}),
        ("reformer", {}),
        ("modern", {}),
        ("modern", {"window": 1}),
        ("modern", {"prefix": 3, "words": 4, "length": LENGTH + 3}),
    ],
    ids=str,
)
def test_models_are_well(kind, changes):
    length = changes.pop("length", LENGTH)
    model = models.build(kind, VOCAB, length, GRID, **(SMALL | changes))
    leak, cache = checked(model)
    assert (leak.state, cache.state) == ("ok", "ok")
    assert leak.facts["changed"][-1] == length - 1
    assert cache.facts["tokens"] == length
    assert cache.facts["apart"] < 1e-4


def test_attention_without_a_mask_is_a_leak(monkeypatch):
    """Zeros to begin with would hide it: what blocks add is multiplied by them."""
    monkeypatch.setattr(causal_attention, "MASKED", 0.0)
    model = build(d_ff=13)  # of its own, as programs are remembered
    leak, cache = checked(model)
    assert (leak.state, cache.state) == ("broken", "broken")
    assert leak.facts["leaking"] == model_checks.CHANGED - 1, "nobody reads the last token"
    assert "position 0 knows token 17, which it is to guess or comes later" in leak.found
    assert checked(model, hashed=True)[0].state == "look"


def test_a_model_that_is_not_shifted_knows_its_own_token():
    model = build("transformer")
    leaking = trax_bridge.layers.Serial(trax_bridge.layers.Serial(), *model.steady.sublayers[1:])
    leaky = replace(model, steady=leaking, settings={"leaks": True})
    leak, _ = checked(leaky)
    assert (leak.state, leak.found) == (
        "broken",
        "position 20 knows token 20, which it is to guess or comes later",
    )


def test_a_model_that_sees_nothing_is_broken():
    leak, _ = checked(Blind.like(build()))
    assert leak.state == "broken"
    assert "no position knows token 0" in leak.found


def test_a_model_that_draws_by_other_odds_is_broken():
    leak, cache = checked(Forgetful.like(build()))
    assert (leak.state, cache.state) == ("ok", "broken")
    assert cache.facts["apart"] == pytest.approx(0.01 * cache.facts["largest"], rel=0.01)


def test_what_there_is_no_time_for_is_not_compared():
    model = build(window=1)
    weights = model_checks.random_weights(model)
    found = model_checks.cache(model, weights, ALLOWED, time.perf_counter() - 1)
    assert (found.state, found.facts["tokens"]) == ("ok", LENGTH), "a chunk at least"


@pytest.fixture
def batch():
    tokens = np.random.default_rng(0).integers(2, VOCAB, (4, LENGTH)).astype(np.int32)
    return Batch(tokens, np.ones((4, LENGTH), np.float32))


def with_head(model, *, kernel=0.0, bias=0.0):
    weights = model_checks.random_weights(model)
    shapes = model.shapes
    return OrderedDict(
        {
            **weights,
            "head/kernel": kernel * weights["head/kernel"],
            "head/bias": jnp.broadcast_to(
                jnp.asarray(bias, jnp.float32), shapes["head/bias"].shape
            ),
        }
    )


def test_who_knows_nothing_begins_at_the_logarithm_of_the_ids(batch):
    model = build()
    found = model_checks.start(model, with_head(model), batch)
    assert found.state == "ok"
    for name in ("nothing", "wanted", "begins", "uniform"):
        assert found.facts[name] == pytest.approx(np.log(VOCAB), rel=1e-5)


def test_who_knows_frequencies_begins_at_their_cost(batch):
    model = build()
    share = np.bincount(batch.tokens.ravel(), minlength=VOCAB) / batch.tokens.size
    bias = np.log(np.maximum(share, 1e-9))
    found = model_checks.start(model, with_head(model, bias=bias), batch)
    entropy = -(share[2:] * np.log(share[2:])).sum()
    assert found.state == "ok"
    assert found.facts["wanted"] == pytest.approx(entropy, rel=1e-5)
    assert found.facts["nothing"] == pytest.approx(entropy, rel=1e-5)


def test_a_loss_that_is_counted_wrongly_and_a_head_that_is_too_sure_are_found(batch):
    model = build()
    wrong = model_checks.start(Twice.like(model), with_head(model), batch)
    assert (wrong.state, wrong.facts["nothing"]) == ("broken", pytest.approx(2 * np.log(VOCAB)))
    sure = model_checks.start(model, with_head(model, kernel=300.0), batch)
    assert (sure.state, sure.facts["nothing"]) == ("look", pytest.approx(np.log(VOCAB)))


def test_a_trained_model_is_measured_by_yardsticks(tmp_path):
    """All pictures are of one grey, which a head of biases alone can know or not."""
    import pixace

    pictures = np.full((40, 4, 4), 85, np.uint8)
    pictures[0, 0, 0] = 255  # or all would be equal, and none held out
    pictures[1:, 3, 3] = np.arange(39) % 3 * 85
    np.save(tmp_path / "a.npy", pictures)
    data = pixace.tokenize(tmp_path / "a.npy", tmp_path / "set", size=4, colors="grey:4")
    size = data.tokenizer.vocab_size, data.tokenizer.length, data.tokenizer.axes
    model = models.build("modern", *size, **SMALL)
    states = []
    for bias in ([0, 0, 0, 9.0, 0, 0], [0, 0, 0, 2.2, 0, 0], [0, 0, 0, 0, 0, 9.0]):
        weights = with_head(model, bias=np.array(bias))
        states.append(model_checks.learned(model, weights, data, jnp.float32).state)
    assert states[1:] == ["look", "broken"]
