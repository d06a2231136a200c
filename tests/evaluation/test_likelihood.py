"""The likelihood of pictures: what it is, and that words in front of them cost nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pixace
from pixace import models
from pixace.evaluation import likelihood
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.evaluator import Evaluation
from pixace.models import transformer
from pixace.text.prefixes import Prefixes

SHAPE = {"d_model": 8, "d_ff": 16, "n_layers": 1, "n_heads": 2, "dropout": 0.0}
CHOSEN = EvaluationSet("validation", 5)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A token set of 4x4 pictures, 10 of them held out."""
    folder = tmp_path_factory.mktemp("pictures")
    images = np.random.default_rng(0).integers(0, 255, (20, 4, 4), np.uint8)
    np.save(folder / "some.npy", images)
    return pixace.tokenize(
        folder / "some.npy", folder / "set", size=4, colors="grey:4", validation_fraction=0.5
    )


def own_nats(model, weights, data, prefix):
    """The mean of minus log of the probability of each token, one row after the other."""
    split, total = data.split("validation"), []
    for row in split.rows(CHOSEN.rows(data)):
        tokens = np.concatenate([prefix, row])[None].astype(np.int32)
        # Each position's features are made from the tokens before it.
        logits = model.logits(weights, model.hidden(weights, tokens))[0, len(prefix) :]
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), row[:, None], -1)
        total += np.asarray(chosen).ravel().tolist()
    return -np.mean(total)


def test_it_is_the_mean_over_the_pictures_chosen(data):
    model = transformer(data.tokenizer.vocab_size, 16, (4, 4), **SHAPE)
    weights = model.init(jax.random.key(0))
    found = likelihood.evaluate(model, weights, data, CHOSEN, batch_size=2)
    assert found.nats_per_token == pytest.approx(own_nats(model, weights, data, []), rel=1e-5)
    assert found.bits_per_pixel == pytest.approx(found.nats_per_token / np.log(2))


def test_a_model_of_captions_is_evaluated_with_them_or_without(data):
    vocab = data.tokenizer.vocab_size
    model = transformer(vocab, 18, (4, 4), prefix=2, words=3, **SHAPE)
    weights = model.init(jax.random.key(0))
    none = likelihood.evaluate(model, weights, data, CHOSEN, batch_size=2)
    assert none.nats_per_token == pytest.approx(own_nats(model, weights, data, [0, 0]), rel=1e-5)
    count = len(data.split("validation"))
    words = np.array([[vocab, vocab + 2]], np.int32)
    prefixes = Prefixes(words, np.zeros((count, 1), np.int32))
    some = likelihood.evaluate(model, weights, data, CHOSEN, prefixes=prefixes, batch_size=2)
    said = own_nats(model, weights, data, [vocab, vocab + 2])
    assert some.nats_per_token == pytest.approx(said, rel=1e-5)
    assert some != none


@pytest.mark.parametrize(
    ("metric", "better", "worse"), [("nats_per_token", 1.0, 3.0), ("psnr", 30.0, 20.0)]
)
def test_what_is_better_depends_on_what_is_measured(metric, better, worse):
    found = Evaluation(metric, 2.0 if metric != "psnr" else 25.0, {}, "")
    assert found.is_better_than(worse)
    assert not found.is_better_than(better)
    assert not found.is_better_than(found.value)


@pytest.mark.parametrize("kind", models.KINDS)
def test_pictures_one_by_one_are_the_mean_of_all(data, kind):
    model = models.by_kind(kind)(data.tokenizer.vocab_size, 16, (4, 4), **SHAPE)
    weights = dict(model.init(jax.random.key(0)))
    # As good as never, as it is there: then they are the same.
    weights["head/bias"] = jnp.where(data.tokenizer.allowed, weights["head/bias"], -50.0)
    each = likelihood.costs(model, weights, data, CHOSEN, batch_size=2)
    assert each.shape == (CHOSEN.pictures,)
    for number, nats in enumerate(each):
        row = data.split("validation").rows(CHOSEN.rows(data)[number : number + 1])
        ones = jnp.ones(row.shape)
        alone = model.loss(weights, jnp.asarray(row), ones, None, jnp.float32)
        assert nats == pytest.approx(float(alone), rel=1e-5)
    found = likelihood.evaluate(model, weights, data, CHOSEN, batch_size=2)
    assert each.mean() / 16 == pytest.approx(found.nats_per_token, rel=1e-5)
