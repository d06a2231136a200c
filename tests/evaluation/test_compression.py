"""Rows of tokens as bytes: exactly back, for as many bits as the model says that they cost."""

import jax.numpy as jnp
import numpy as np
import pytest

import pixace
from pixace import models
from pixace.evaluation import compression
from pixace.evaluation.compression import STRETCH, parts
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.likelihood import costs
from pixace.evaluation.range_coder import TOTAL

SHAPE = {"d_model": 8, "d_ff": 16, "n_layers": 1, "n_heads": 2, "dropout": 0.0}
LENGTH, GRID, VOCAB, WORDS = 12, (3, 4), 9, 2
ALLOWED = np.array([False, False, True, True, False, True, True, True, True])
CASES = [
    *[(kind, {}) for kind in models.KINDS],
    ("modern", {"prefix": 2, "words": 5, "positions": "axial"}),
    ("transformer", {"prefix": 1, "words": 3}),
    ("modern", {"window": 1}),
]


def drawn(model):
    """Weights of a model that believes in something; no initializer need be compiled."""
    random = np.random.default_rng(0)
    return {
        name: jnp.asarray(random.normal(0, 0.6, it.shape).astype(np.float32))
        for name, it in model.shapes.items()
    }


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    kind, more = request.param
    length = LENGTH + more.get("prefix", 0)
    model = models.by_kind(kind)(VOCAB, length, GRID, **SHAPE, **more)
    return model, drawn(model)


def rows(count):
    ids = np.flatnonzero(ALLOWED).astype(np.int32)
    return np.random.default_rng(count).choice(ids, (count, LENGTH))


@pytest.mark.parametrize("count", [1, STRETCH - 1, STRETCH + 1])
def test_what_is_compressed_comes_back(case, count):
    model, weights = case
    data = compression.compress(model, weights, ALLOWED, rows(count), dtype=jnp.float32)
    again = compression.decompress(model, weights, ALLOWED, data, count, dtype=jnp.float32)
    np.testing.assert_array_equal(again, rows(count))
    assert again.dtype == np.int32


def test_a_row_knows_nothing_of_others(case):
    """What is fed to the others changes no frequency of the first; a stretch may be cut short."""
    model, weights = case
    ids = np.flatnonzero(ALLOWED)
    own = model.narrowed(weights, ids)

    def frequencies(others):
        state, found = model.start(STRETCH), []
        for token in rows(1)[0]:
            fed = np.full(STRETCH, others, np.int32)
            fed[0] = token
            said, state = compression._step(model, own, state, fed)
            found.append(np.asarray(said)[0])
        return np.array(found)

    np.testing.assert_array_equal(frequencies(2), frequencies(7))


def test_bytes_of_another_model_are_other_rows(case):
    model, weights = case
    data = compression.compress(model, weights, ALLOWED, rows(9), dtype=jnp.float32)
    other = {**weights, "head/bias": -weights["head/bias"]}
    again = compression.decompress(model, other, ALLOWED, data, 9, dtype=jnp.float32)
    assert (again != rows(9)).any()
    assert ALLOWED[again].all()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A token set of 150 pictures of 4x4 pixels, all for training."""
    folder = tmp_path_factory.mktemp("pictures")
    images = np.random.default_rng(0).integers(0, 255, (150, 4, 4), np.uint8)
    np.save(folder / "some.npy", images)
    return pixace.tokenize(
        folder / "some.npy", folder / "set", size=4, colors="grey:4", validation_fraction=0
    )


@pytest.mark.parametrize(("prefix", "dtype"), [(0, jnp.bfloat16), (2, jnp.float32)])
def test_it_costs_what_the_evaluation_says(data, prefix, dtype):
    words = {"prefix": prefix, "words": 3} if prefix else {}
    model = models.modern(data.tokenizer.vocab_size, 16 + prefix, (4, 4), **SHAPE, **words)
    weights = drawn(model)
    chosen = EvaluationSet("train", 150)
    bits = costs(model, weights, data, chosen, dtype=dtype).sum() / np.log(2)
    rows = data.split("train").rows(chosen.rows(data))
    payload = compression.compress(model, weights, data.tokenizer.allowed, rows, dtype=dtype)
    assert 8 * len(payload) == pytest.approx(bits, rel=0.01)
    assert abs(bits / rows.size - 2) > 0.1  # no mere 2 bits for each of 4 greys


def test_parts_share_out_all_there_is():
    """What is left over, or is too much, the likeliest bears, the first of equally likely ones."""
    found = parts(np.array([[1, TOTAL - 9, 2], [TOTAL // 2, TOTAL // 2, 5]], np.int32))
    half = TOTAL // 2
    assert found.tolist() == [[0, 1, TOTAL - 2, TOTAL], [0, half - 5, TOTAL - 5, TOTAL]]


def test_what_is_next_to_impossible_can_be_compressed():
    model = models.transformer(VOCAB, LENGTH, GRID, **SHAPE)
    weights = drawn(model)
    weights["head/bias"] = jnp.zeros(VOCAB).at[3].set(1e4)
    data = compression.compress(model, weights, ALLOWED, rows(2), dtype=jnp.float32)
    again = compression.decompress(model, weights, ALLOWED, data, 2, dtype=jnp.float32)
    np.testing.assert_array_equal(again, rows(2))
    rare = (rows(2) != 3).sum()
    assert len(data) == pytest.approx(rare * 24 / 8, abs=2)
    sure = np.full((40, LENGTH), 3, np.int32)
    assert len(compression.compress(model, weights, ALLOWED, sure, dtype=jnp.float32)) <= 1
