"""Features of tokens: what they say, and that maps of them make an ordinary model."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pixace.colors import grey, hsv
from pixace.data.batches import Batch
from pixace.models import KINDS
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.tokenizers.raw import RawTokenizer
from pixace.tokenizers.vq import VQTokenizer, digest
from pixace.training.lm_step import first_state, make_step
from pixace.training.token_features import BIAS, IN, OUT, features_of, fourier

GREYS = PixelTokenizer((2, 3), grey.parse("5"))
WORDS = 3


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def model(request):
    """With two words in front of each picture."""
    return request.param(
        GREYS.vocab_size,
        GREYS.length + 2,
        GREYS.grid,
        prefix=2,
        words=WORDS,
        d_model=8,
        d_ff=16,
        n_layers=1,
        n_heads=2,
        dropout=0.0,
    )


@pytest.fixture
def batch(rng):
    words = rng.integers(GREYS.vocab_size, GREYS.vocab_size + WORDS, (4, 2))
    pictures = rng.integers(FIRST_ID, GREYS.vocab_size, (4, 6))
    shares = np.ones((4, 8), np.float32)
    shares[:, :2] = 0
    return Batch(np.hstack([words, pictures]).astype(np.int32), shares)


def trained(model, batch, count=3, **settings):
    """A state after some steps, and the features that it was trained with."""
    features, rule = features_of(GREYS, 16), optax.sgd(0.1)
    begin = jnp.linspace(-1, 1, GREYS.vocab_size)
    state = first_state(model, rule, jax.random.key(0), features=features, bias=begin)
    step = make_step(model, rule, features=features, **settings)
    loss = None
    for _ in range(count):
        state, (loss, *_) = step(state, batch, jax.random.key(1))
    return state, features, loss


def test_near_colours_have_alike_features_and_far_ones_have_not():
    tokenizer = PixelTokenizer((1, 1), hsv.parse("5,4,4"))
    values = features_of(tokenizer, 192).values
    assert values.shape == (tokenizer.vocab_size, 192)
    assert values.dtype == np.float32
    assert not values[:FIRST_ID].any()
    colours = np.array([[[200, 30, 30]], [[210, 40, 35]], [[30, 60, 200]]], np.uint8)[:, None]
    red, like_it, blue = values[tokenizer.encode(colours)[:, 0]]

    def alike(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert alike(red, like_it) > 0.5
    assert abs(alike(red, blue)) < 0.3


def test_features_are_the_same_on_all_machines():
    """Checkpoints hold maps of them."""
    drawn = [[1.76405235, 0.40015721, 0.97873798], [2.2408932, 1.86755799, -0.97727788]]
    angles = np.array([0.5, -0.25]) @ (np.array(drawn) * [1, 4, 12])
    found = fourier(np.array([[0.5, -0.25]]), 6)[FIRST_ID]
    expected = np.concatenate([np.sin(angles), np.cos(angles)]) * 8 / np.sqrt(3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_who_knows_nothing_of_ids_has_no_features():
    assert features_of(RawTokenizer((2, 2)), 16) is None
    assert features_of(GREYS, 0) is None


def test_a_new_head_mirrors_the_embedding_and_knows_the_bias(model, batch):
    state, features, _ = trained(model, batch, count=0)
    own = state.weights
    assert not own["head/kernel"].any()
    halves = np.split(own[OUT], len(own[OUT]) // 8)  # the reformer has two streams of 8 features
    for half in halves:
        np.testing.assert_allclose(half * len(halves), 0.3 * own[IN].T, rtol=1e-6)
    plain = features.baked(own, features.values)
    silent = model.logits(plain, jnp.zeros(len(own[OUT])))
    np.testing.assert_array_equal(silent, jnp.linspace(-1, 1, GREYS.vocab_size))


def test_a_new_model_guesses_colours_like_the_one_before(rng):
    tokenizer = PixelTokenizer((2, 3), grey.parse("16"))
    model = KINDS["modern"](tokenizer.vocab_size, 6, (2, 3), d_model=64, n_layers=1)
    features = features_of(tokenizer, 64)
    own = first_state(model, optax.sgd(0.1), jax.random.key(0), features=features).weights
    plain = features.baked(own, features.values)
    tokens = rng.integers(FIRST_ID, tokenizer.vocab_size, (32, 6))
    logits = model.logits(plain, model.hidden(plain, jnp.asarray(tokens)))
    before, guesses = tokens[:, 0], np.asarray(logits[:, 1]).argmax(-1)
    assert np.abs(before - guesses).mean() < 2


def test_baked_weights_are_those_of_a_model_and_give_the_logits_of_the_sums(model, batch):
    state, features, _ = trained(model, batch)
    own = state.weights
    plain = features.baked(own, features.values)
    assert list(plain) == list(model.shapes)
    for name, shape in model.shapes.items():
        assert plain[name].shape == shape.shape
    assert all(np.abs(own[name]).max() > 0 for name in (IN, OUT, BIAS))

    f = np.asarray(features.values, np.float64)
    rows = np.asarray(own["embedding/table"], np.float64)
    rows[: GREYS.vocab_size] += f @ np.asarray(own[IN])
    np.testing.assert_allclose(plain["embedding/table"], rows, atol=1e-5)
    hidden = np.asarray(model.hidden(plain, batch.tokens), np.float64)
    kernel, bias = np.asarray(own["head/kernel"]), np.asarray(own["head/bias"])
    expected = hidden @ kernel + hidden @ np.asarray(own[OUT]) @ f.T + bias + f @ own[BIAS]
    np.testing.assert_allclose(model.logits(plain, jnp.float32(hidden)), expected, atol=1e-5)


def test_words_have_no_features(model, batch):
    state, features, _ = trained(model, batch)
    plain = features.baked(state.weights, features.values)["embedding/table"]
    own = state.weights["embedding/table"]
    np.testing.assert_array_equal(plain[GREYS.vocab_size :], own[GREYS.vocab_size :])
    assert (plain[FIRST_ID : GREYS.vocab_size] != own[FIRST_ID : GREYS.vocab_size]).any()


def test_parts_of_a_batch_add_up_to_the_batch(model, batch):
    (whole, _, loss), (cut, _, same) = (trained(model, batch, accumulate=parts) for parts in (1, 2))
    assert float(loss) == pytest.approx(float(same), rel=1e-5)
    for name, leaf in whole.weights.items():
        np.testing.assert_allclose(leaf, cut.weights[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("spread", [0.0, 1e-3, 1.0, 1e3])
def test_codes_have_features_whatever_their_scale(rng, spread):
    codes = (5 + spread * rng.standard_normal((16, 4))).astype(np.float32)
    arrays = {"codes": codes}
    tokenizer = VQTokenizer((8, 8), 4, 16, 3, 1, 0, 4, "raster", digest(arrays), arrays)
    values = features_of(tokenizer, 8).values
    assert values.shape == (FIRST_ID + 16, 8)
    assert np.isfinite(values).all()
    if spread:
        assert np.linalg.norm(tokenizer.points, axis=1).mean() == pytest.approx(1, rel=1e-3)
        assert len(np.unique(values[FIRST_ID:], axis=0)) == 16
