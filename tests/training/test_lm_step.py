"""The step: the loss it lowers, and that parts of a batch add up to the batch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pixace.data.batches import Batch
from pixace.evaluation.likelihood import validation_loss
from pixace.models import transformer
from pixace.storage import pytrees
from pixace.training import optimizers, schedules
from pixace.training.lm_step import first_state, make_step

VOCAB, LENGTH = 5, 6


@pytest.fixture(scope="module")
def model():
    return transformer(
        VOCAB, LENGTH, (2, 3), d_model=8, d_ff=16, n_layers=1, n_heads=2, dropout=0.0
    )


@pytest.fixture
def batch(rng):
    return Batch(
        rng.integers(2, VOCAB, (4, LENGTH)).astype(np.int32), np.ones((4, LENGTH), np.float32)
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def run(model, batch, count=1, **settings):
    """The state after some steps of gradient descent, and the last measures."""
    rule = optax.sgd(0.1)
    state = first_state(model, rule, jax.random.key(0), ema=settings.get("ema", 0.0))
    step = make_step(model, rule, **settings)
    for _ in range(count):
        state, measures = step(state, batch, jax.random.key(1))
    return state, measures


def test_loss_is_the_mean_of_minus_log_of_the_tokens_own_probabilities(model, batch):
    weights = model.init(jax.random.key(0))
    probabilities = jax.nn.softmax(model.logits(weights, model.hidden(weights, batch.tokens)))
    own = np.take_along_axis(np.asarray(probabilities), batch.tokens[..., None], -1)
    found = model.loss(weights, *jax.tree.map(jnp.asarray, batch), None, jnp.float32)
    assert float(found) == pytest.approx(-np.log(own).sum(), rel=1e-5)


def test_tokens_without_weight_change_nothing(model, batch, rng):
    batch.weights[:, 4:] = 0
    other = Batch(batch.tokens.copy(), batch.weights)
    other.tokens[:, 4:] = rng.integers(2, VOCAB, (4, 2))
    assert (other.tokens != batch.tokens).any()
    (one, loss), (two, same) = run(model, batch), run(model, other)
    assert loss == same
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_of_a_batch_add_up_to_the_batch(model, batch, parts):
    """Weights differ between rows, so that a mean of means would be wrong."""
    batch.weights[0, 1:] = 0
    (whole, loss), (cut, same) = run(model, batch), run(model, batch, accumulate=parts)
    assert float(loss.loss) == pytest.approx(float(same.loss), rel=1e-6)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(cut), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_average_forgets_at_its_decay_and_faster_at_first(model, batch):
    rule = optax.sgd(0.1)
    state = first_state(model, rule, jax.random.key(0), ema=0.3)
    step = make_step(model, rule, ema=0.3)
    expected = jax.tree.map(np.asarray, state.weights)
    for decay in (1 / 10, 2 / 11, 3 / 12, 0.3, 0.3):
        state, _ = step(state, batch, jax.random.key(1))
        expected = jax.tree.map(
            lambda old, new, d=decay: d * old + (1 - d) * new, expected, state.weights
        )
    for found, wanted in zip(*map(jax.tree.leaves, (state.average, expected)), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_bfloat16_is_near_and_keeps_float32_weights(model, batch):
    (_state, loss), (half, near) = run(model, batch), run(model, batch, dtype=jnp.bfloat16)
    assert float(near.loss) == pytest.approx(float(loss.loss), rel=0.02)
    assert float(near.loss) != float(loss.loss)
    assert {leaf.dtype for leaf in jax.tree.leaves(half.weights)} == {jnp.dtype("float32")}


def test_descent_descends(model, batch):
    (_, before), (_, after) = run(model, batch), run(model, batch, count=30)
    assert float(after.loss) < float(before.loss) - 0.1


def test_validation_is_the_mean_over_all_tokens_of_all_batches(model, batch):
    weights = model.init(jax.random.key(0))
    light = Batch(batch.tokens[::-1], batch.weights * np.array([[1], [0], [0], [0]], np.float32))
    parts = jax.tree.map(jnp.asarray, [batch, light])
    total = sum(model.loss(weights, *part, None, jnp.float32) for part in parts)
    found = validation_loss(model)(weights, iter([batch, light]))
    assert found == pytest.approx(float(total) / (5 * LENGTH), rel=1e-5)


def test_a_step_is_traced_once(model, batch, monkeypatch):
    """Not again for other batches, keys and weights, nor after a state that came from elsewhere."""
    traced, plain = [], type(model).loss

    def counted(*given):
        traced.append(1)
        return plain(*given)

    monkeypatch.setattr(type(model), "loss", counted)
    jax.clear_caches()  # whatever other tests have measured before
    rule = optax.adam(0.1)
    step, measure = make_step(model, rule), validation_loss(model)
    state = first_state(model, rule, jax.random.key(0))
    for seed in range(3):
        state, _ = step(state, batch._replace(tokens=batch.tokens[::-1]), jax.random.key(seed))
        measure(state.weights, [batch])
    like = jax.eval_shape(lambda: state)
    again = pytrees.unflatten(jax.tree.map(np.asarray, pytrees.flatten(state)), like)
    step(again, batch, jax.random.key(9))
    assert len(traced) == 2  # one is the step's, one the evaluation's


def test_trainings_of_any_length_and_rate_share_a_program(model, batch, monkeypatch):
    traced, plain = [], type(model).loss

    def counted(*given):
        traced.append(1)
        return plain(*given)

    monkeypatch.setattr(type(model), "loss", counted)
    jax.clear_caches()
    for peak, steps in ((0.1, 10), (0.2, 500)):
        rule = optimizers.by_name("muon", weight_decay=0.0)
        rate = schedules.by_name("flat", peak=peak, warmup_steps=1, steps=steps)
        state = first_state(model, rule, jax.random.key(0))
        before = np.asarray(state.weights["head/kernel"])
        state, _ = make_step(model, rule, rate)(state, batch, jax.random.key(1))
        moved = np.abs(np.asarray(state.weights["head/kernel"]) - before).max()
        assert moved == pytest.approx(optimizers.BESIDE_MUON * peak, rel=1e-3)
    assert len(traced) == 1
