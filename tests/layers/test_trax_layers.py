"""Our layers against Trax's: the same weights give the same numbers, and the same gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace import models
from pixace.layers import trax_bridge
from pixace.layers.dropout import dropped
from pixace.layers.layer_norm import normalized
from pixace.layers.matmul import affine, transposed
from pixace.models import hyperparameters

GRID, LENGTH, VOCAB = (4, 8), 32, 19
OF_TRAX = ("transformer", "reformer")
SIZES = {"d_model": 32, "d_ff": 48, "n_layers": 2, "n_heads": 2}
KEY = np.array([1, 2], np.uint32)


def as_trax_has_it(kind, positions):
    """Trax's own model of the same shape, with nothing of ours in it."""
    sizes = SIZES | {"max_len": LENGTH, "dropout": 0.0, "mode": "eval"}
    axial = hyperparameters.axial(GRID, 32) if positions == "axial" else {}
    if kind == "reformer":
        sizes |= {"d_attention_key": 16, "d_attention_value": 16}
        attention = trax_bridge.layers.SelfAttention
        return trax_bridge.ReformerLM(VOCAB, **sizes, **axial, attention_type=attention)
    make = trax_bridge.ConfigurableTransformerLM if axial else trax_bridge.TransformerLM
    return make(VOCAB, **sizes, **axial)


@pytest.fixture(
    params=[(kind, where) for kind in OF_TRAX for where in ("learned", "axial")], ids="-".join
)
def pair(request):
    kind, positions = request.param
    theirs = as_trax_has_it(kind, positions)
    ours = models.by_kind(kind)(VOCAB, LENGTH, GRID, positions=positions, dropout=0.0, **SIZES)
    weights = ours.init(jax.random.key(0))
    theirs.init(trax_bridge.shapes.ShapeDtype((1, LENGTH), np.int32))
    return ours, weights, theirs


def in_tuples(theirs, weights):
    """Named weights where Trax wants them."""
    return jax.tree.unflatten(jax.tree.structure(theirs.weights), weights.values())


def their_logits(theirs, weights, tokens):
    return theirs.pure_fn(tokens, in_tuples(theirs, weights), theirs.state, KEY)[0]


@pytest.fixture
def tokens():
    return jax.random.randint(jax.random.key(1), (3, LENGTH), 1, VOCAB)


def test_logits_are_those_of_trax(pair, tokens):
    ours, weights, theirs = pair
    mine = ours.logits(weights, ours.hidden(weights, tokens))
    np.testing.assert_allclose(mine, their_logits(theirs, weights, tokens), atol=1e-4)


def test_gradients_are_those_of_trax(pair, tokens):
    ours, weights, theirs = pair

    def loss(logits):
        log_probabilities = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(log_probabilities, tokens[..., None], -1).mean()

    mine = jax.jit(jax.grad(lambda w: loss(ours.logits(w, ours.hidden(w, tokens)))))(weights)
    his = jax.jit(jax.grad(lambda w: loss(their_logits(theirs, w, tokens))))(weights)
    for one, other in zip(jax.tree.leaves(mine), jax.tree.leaves(his), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3 * max(1e-2, float(jnp.abs(other).max())))


def test_weights_of_trax_have_the_places_and_shapes_of_ours(pair):
    _, weights, theirs = pair
    mine = [np.shape(each) for each in weights.values()]
    assert mine == [np.shape(each) for each in jax.tree.leaves(theirs.weights)]


def test_cast_takes_the_matrices_of_products_and_nothing_else(pair):
    ours, weights, _ = pair
    light = ours.cast(weights, jnp.bfloat16)
    leaves = zip(jax.tree.leaves(weights), jax.tree.leaves(light), strict=True)
    cast = [old.ndim for old, new in leaves if new.dtype == jnp.bfloat16]
    # Per block four of attention and two of feed-forward, and the head.
    assert len(cast) == 6 * SIZES["n_layers"] + 1
    assert all(ndim > 1 for ndim in cast)
    assert light["embedding/table"].dtype == jnp.float32


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_remat_changes_memory_and_nothing_else(dropout, tokens):
    make = partial(models.transformer, VOCAB, LENGTH, GRID, dropout=dropout, **SIZES)
    plain, lean = make(), make(remat=True)
    weights = plain.init(jax.random.key(0))

    def gradients(model):
        def loss(weights):
            return jnp.sum(model.hidden(weights, tokens, jax.random.key(2)) ** 2)

        return jax.jit(jax.value_and_grad(loss))(weights)

    (loss, mine), (his_loss, his) = gradients(lean), gradients(plain)
    np.testing.assert_allclose(loss, his_loss, rtol=1e-5)
    for one, other in zip(jax.tree.leaves(mine), jax.tree.leaves(his), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3 * max(1.0, float(jnp.abs(other).max())))


@pytest.mark.parametrize("kind", OF_TRAX)
def test_lean_models_train_in_much_less_memory(kind):
    lean = {"remat": True} if kind == "transformer" else {}
    sizes = SIZES | {"n_layers": 5, "dropout": 0.1}
    args = jax.ShapeDtypeStruct((16, LENGTH), np.int32)

    def temporaries(model):
        weights = jax.eval_shape(model.init, jax.random.key(0))
        gradient = jax.grad(lambda w, x: jnp.sum(model.hidden(w, x, jax.random.key(0)) ** 2))
        lowered = jax.jit(gradient).lower(weights, args)
        return lowered.compile().memory_analysis().temp_size_in_bytes

    whole = temporaries(models.transformer(VOCAB, LENGTH, GRID, **sizes))
    assert temporaries(models.by_kind(kind)(VOCAB, LENGTH, GRID, **lean, **sizes)) < whole / 2


@pytest.mark.parametrize("rows", [16, 40, 48])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_affine_and_its_gradients(rows, dtype):
    x = jax.random.normal(jax.random.key(0), (2, rows, 16))
    w, b = jax.random.normal(jax.random.key(1), (16, 24)).astype(dtype), jnp.arange(24.0)
    weigh = jax.random.normal(jax.random.key(2), (2, rows, 24))

    def loss(of, x, w, b):
        return jnp.sum(of(x, w, b).astype(jnp.float32) * weigh)

    plain = partial(loss, lambda x, w, b: x @ w.astype(jnp.float32) + b)
    near = {"rtol": 1e-4, "atol": 1e-4} if dtype == jnp.float32 else {"rtol": 0.05, "atol": 0.3}
    assert affine(x, w).dtype == dtype
    np.testing.assert_allclose(
        affine(x, w, b).astype(jnp.float32), x @ w.astype(jnp.float32) + b, **near
    )
    ours = jax.grad(partial(loss, affine), (0, 1, 2))(x, w, b)
    for one, other in zip(ours, jax.grad(plain, (0, 1, 2))(x, w, b), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one.astype(jnp.float32), other.astype(jnp.float32), **near)


@pytest.mark.parametrize("shape", [(32, 48), (33, 48), (16, 16)], ids=str)
def test_transposed_is_the_transpose(shape):
    x = jax.random.normal(jax.random.key(0), shape)
    np.testing.assert_array_equal(jax.jit(transposed)(x), x.T)


def test_normalization_and_its_gradients():
    x = 3 + 2 * jax.random.normal(jax.random.key(0), (2, 5, 12))
    scale, bias = jnp.linspace(0.5, 2, 12), jnp.linspace(-1, 1, 12)
    weigh = jax.random.normal(jax.random.key(1), x.shape)

    def plain(x, scale, bias):
        return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(
            x.var(-1, keepdims=True) + 1e-6
        ) * scale + bias

    def ours(x, scale, bias):
        return normalized(x, scale, bias, 1e-6)

    np.testing.assert_allclose(ours(x, scale, bias), plain(x, scale, bias), atol=1e-5)
    gradients = [
        jax.grad(lambda *a, of=of: jnp.sum(of(*a) * weigh), (0, 1, 2))(x, scale, bias)
        for of in (ours, plain)
    ]
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_dropout_keeps_the_mean_and_the_share():
    x = jnp.ones((200, 300))
    out = dropped(x, 0.25, KEY)
    assert set(np.unique(out)) == {0, np.float32(1 / 0.75)}
    assert float((out == 0).mean()) == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(out, dropped(x, 0.25, KEY))
    assert (out != dropped(x, 0.25, KEY + 1)).any()
    np.testing.assert_array_equal(dropped(x, 0.0, KEY), x)
    rows = dropped(x, 0.5, KEY, shared=[1])
    assert (rows == rows[:, :1]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_masks_are_like_independent_draws(rate):
    """Of near and far places, and of keys that differ in a bit: within six standard errors."""
    x = jnp.ones((512, 1024))
    bits = np.array([[0, 0], [0, 1], [1, 0], [1 << 31, 0], [0, 1 << 31], [7, 7]], np.uint32)
    keys = KEY ^ bits
    masks = np.array([dropped(x, rate, key) == 0 for key in keys]) - rate
    error = 6 * rate * (1 - rate) / np.sqrt(x.size)
    assert (abs(masks.mean((1, 2))) < 6 * np.sqrt(rate * (1 - rate) / x.size)).all()
    for one in range(len(masks)):
        for other in range(one):
            assert abs((masks[one] * masks[other]).mean()) < error
        for shift in (1, 2, 3, 16, 64, 256, 512, 1024, 1025, 65536):
            assert abs((masks[one].ravel() * np.roll(masks[one].ravel(), shift)).mean()) < error
    by_row, by_column = masks[0].mean(1), masks[0].mean(0)
    assert by_row.std() == pytest.approx(np.sqrt(rate * (1 - rate) / 1024), rel=0.2)
    assert by_column.std() == pytest.approx(np.sqrt(rate * (1 - rate) / 512), rel=0.2)
