"""Means of a model's features: those of the picture's positions, without words or neighbours."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stirred import stirred

from pixace import models
from pixace.evaluation.layer_features import last_layer, layer_features

GRID, PIXELS, WORDS, VOCAB = (2, 3), 6, 2, 7
SMALL = {"d_model": 8, "d_ff": 8, "n_layers": 2, "n_heads": 2}


@cache
def drawn(kind):
    """A model of captions, with weights."""
    model = models.build(kind, VOCAB, WORDS + PIXELS, GRID, prefix=WORDS, words=3, **SMALL)
    return model, stirred(model.init(jax.random.key(0)))


@pytest.fixture
def tokens():
    return np.random.default_rng(0).integers(1, VOCAB, (5, PIXELS)).astype(np.int32)


@pytest.mark.parametrize("kind", models.KINDS)
def test_the_last_layer_is_the_mean_of_what_the_head_reads_of_the_picture(kind, tokens):
    model, weights = drawn(kind)
    found = layer_features(model, weights, tokens, batch_size=2)
    streams = 2 if kind == "reformer" else 1
    assert (found.shape, found.dtype) == ((3, 5, streams * 8), np.float32)
    assert last_layer(model, weights) == 2
    rows = jnp.pad(tokens, ((0, 0), (WORDS, 0)))
    hidden = jax.jit(model.hidden)(weights, rows)[:, WORDS:]
    np.testing.assert_allclose(found[-1], hidden.mean(1), atol=1e-5)


def test_of_each_layer_the_mean_is_that_of_the_same_layer(tokens):
    model, weights = drawn("modern")
    found = layer_features(model, weights, tokens)
    rows = jnp.pad(tokens, ((0, 0), (WORDS, 0)))
    wanted = [each[:, WORDS:].mean(1) for each in model.by_block(weights, rows)]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_a_picture_has_the_same_features_among_others(tokens):
    """The last batch is filled up, and what it is filled with is no picture."""
    model, weights = drawn("modern")
    whole = layer_features(model, weights, tokens, batch_size=3)
    alone = layer_features(model, weights, tokens[3:4], batch_size=3)
    np.testing.assert_allclose(whole[:, 3:4], alone, atol=1e-6)
    np.testing.assert_allclose(whole, layer_features(model, weights, tokens), atol=1e-5)


def test_products_are_made_in_the_type_that_is_asked_for(tokens):
    model, weights = drawn("modern")
    exact, half = (
        layer_features(model, weights, tokens, dtype=dtype) for dtype in (jnp.float32, jnp.bfloat16)
    )
    assert half.dtype == np.float32
    assert 1e-5 < np.abs(exact - half).max() < 0.1
