"""Models are what they are built of: equal ones share programs, and threads share models."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace import models
from pixace.models.language_model import LanguageModel
from pixace.models.trax_language_model import TraxLanguageModel
from pixace.sampling import decode_loop
from pixace.sampling.settings import SamplingSettings
from pixace.sampling.token_sampler import TokenSampler

GRID, LENGTH, VOCAB = (3, 5), 15, 9
SIZES = {"d_model": 8, "d_ff": 12, "n_layers": 2, "n_heads": 2}


def build(kind="transformer", **changes):
    return models.by_kind(kind)(VOCAB, LENGTH, GRID, **(SIZES | changes))


def sampler(model):
    weights = model.init(jax.random.key(0))
    return TokenSampler(model, weights, np.arange(VOCAB) > 1, "float32")


def drawn(sampler, n, seed=0):
    return sampler.finish(
        np.zeros((n, LENGTH), np.int32),
        cut=0,
        streams=np.arange(n),
        temperatures=np.ones(n),
        prefixes=None,
        settings=SamplingSettings(seed=seed),
    )


@pytest.fixture
def traces(monkeypatch):
    """Counts what is traced: only then the model itself is called."""
    seen = []

    def counted(plain):
        return lambda *given: seen.append(1) or plain(*given)

    for name in ("decode_step", "prefill", "loss"):
        monkeypatch.setattr(TraxLanguageModel, name, counted(getattr(TraxLanguageModel, name)))
    decode_loop._programs.cache_clear()
    yield seen
    decode_loop._programs.cache_clear()


@pytest.mark.parametrize("kind", models.KINDS)
def test_models_are_language_models(kind):
    assert isinstance(build(kind), LanguageModel)


@pytest.mark.parametrize("kind", models.KINDS)
def test_models_of_the_same_settings_are_equal(kind):
    assert build(kind) == build(kind)
    assert hash(build(kind)) == hash(build(kind))


@pytest.mark.parametrize(
    "changes", [{"d_ff": 16}, {"dropout": 0.2}, {"window": 2}, {"positions": "axial"}], ids=str
)
@pytest.mark.parametrize("kind", models.KINDS)
def test_models_of_other_settings_are_others(kind, changes):
    assert build(kind) != build(kind, **changes)


def test_kinds_and_ways_of_training_are_told_apart():
    assert len({*map(build, models.KINDS), build(remat=True), build()}) == 1 + len(models.KINDS)


def test_a_model_drawn_from_again_is_not_traced_again(traces):
    """With another seed, and by another model of the same settings, not either."""
    first = sampler(build())
    drawn(first, 4)
    count = len(traces)
    assert count
    drawn(first, 4, seed=1)
    drawn(sampler(build()), 4, seed=2)
    assert len(traces) == count
    drawn(sampler(build(n_heads=1)), 4)
    assert len(traces) > count, "the count sees what is traced"


def test_programs_of_models_that_are_closed_are_forgotten():
    decode_loop._programs.cache_clear()
    model = build()
    drawn(sampler(model), 2)
    kept = weakref.ref(decode_loop.programs(model))
    del model
    for width in range(decode_loop.MODELS):
        assert kept() is not None
        decode_loop.programs(build(d_ff=20 + width))
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("kind", models.KINDS)
def test_threads_draw_from_one_model_what_each_would_alone(kind):
    """At once, with batches of several sizes, each of which is traced."""
    one, sizes = sampler(build(kind)), (1, 2, 3, 5, 9)
    alone = [drawn(one, n) for n in sizes]
    decode_loop._programs.cache_clear()
    begin = Barrier(len(sizes))

    def draw(n):
        begin.wait()
        return drawn(one, n)

    with ThreadPoolExecutor(len(sizes)) as pool:
        together = list(pool.map(draw, sizes))
    for mine, his in zip(together, alone, strict=True):
        np.testing.assert_array_equal(mine, his)


@pytest.mark.parametrize("kind", models.KINDS)
def test_threads_take_gradients_of_one_model_at_once(kind):
    """The backward pass of reversible layers is traced when the layers have long returned."""
    model, begin = build(kind), Barrier(3)
    weights = model.init(jax.random.key(0))

    def gradient(rows):
        tokens = jnp.full((rows, LENGTH), 3)
        begin.wait()
        loss = jax.jit(
            jax.grad(
                lambda w: model.loss(
                    w, tokens, jnp.ones(tokens.shape), jax.random.key(1), jnp.float32
                )
            )
        )
        return loss(weights)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(gradient, (1, 2, 3)))
    begin = Barrier(1)
    for rows, mine in enumerate(found, 1):
        jax.tree.map(np.testing.assert_array_equal, mine, gradient(rows))


def test_two_equal_models_in_two_threads_know_nothing_of_each_other():
    begin = Barrier(2)

    def draw(_):
        begin.wait()
        return drawn(sampler(build()), 3)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(draw, range(2))
    np.testing.assert_array_equal(one, other)
