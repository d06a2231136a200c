"""Language models: no leak, cache equals no cache, pure, keyed, differentiable."""

import dataclasses
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from stirred import stirred

from pixace import models
from pixace.errors import ConfigError
from pixace.layers import trax_bridge

GRID, LENGTH, VOCAB = (3, 7), 21, 11  # 21 is a multiple of nothing that a cache would like
SMALL = {"d_model": 16, "d_ff": 24, "n_layers": 2, "n_heads": 2}

FULL = [(kind, positions) for kind in models.KINDS for positions in ("learned", "axial")]
WINDOWED = [(kind, "axial", 2) for kind in models.KINDS]
# Settings of Trax's own layers; each changes what a reformer's token sees.
BOUND = [
    {"attention_settings": {"chunk_len": 3, "n_chunks_before": 1}},
    {"attention_settings": {"chunk_len": 7, "n_chunks_before": 2}},  # sees itself twice
    {"attention_settings": {"share_qk": True}},
    {"attention_settings": {"bias": True}},
    {  # all in one chunk, so that hashing loses nothing
        "attention": "lsh",
        "attention_settings": {"chunk_len": 21, "n_chunks_before": 0},
    },
]


def build(kind="transformer", positions="learned", **changes):
    return models.by_kind(kind)(VOCAB, LENGTH, GRID, positions=positions, **(SMALL | changes))


@cache
def drawn(kind, positions, window=0):
    """A model and weights for it, made once: drawing them is what takes longest here."""
    model = build(kind, positions, window=window)
    return model, stirred(model.init(jax.random.key(0)))


@pytest.fixture(params=FULL, ids="-".join)
def case(request):
    return drawn(*request.param)


@pytest.fixture(params=[*FULL, *WINDOWED, *BOUND], ids=str)
def any_case(request):
    if isinstance(request.param, tuple):
        return drawn(*request.param)
    model = build("reformer", **request.param)
    return model, stirred(model.init(jax.random.key(0)))


@pytest.fixture
def tokens():
    return jax.random.randint(jax.random.key(1), (4, LENGTH), 1, VOCAB)


@partial(jax.jit, static_argnums=0)
def logits(model, weights, tokens, key=None):
    return model.logits(weights, model.hidden(weights, tokens, key))


@partial(jax.jit, static_argnums=0)
def features(model, weights, tokens):
    return model.hidden(weights, tokens)


@partial(jax.jit, static_argnums=0)
def logits_by_step(model, weights, tokens):
    def step(state, token):
        out, state = model.decode_step(weights, state, token)
        return state, out

    fed = jnp.pad(tokens.T, ((1, 0), (0, 0)))[:-1]
    return jax.lax.scan(step, model.start(len(tokens)), fed)[1].swapaxes(0, 1)


def loss(model, weights, tokens, key=None):
    log_probabilities = jax.nn.log_softmax(
        model.logits(weights, model.hidden(weights, tokens, key))
    )
    return -jnp.take_along_axis(log_probabilities, tokens[..., None], -1).mean()


def first_changed(model, weights, tokens, place):
    """The first position whose features differ when the token at `place` is another one."""
    other = tokens.at[:, place].set(tokens[:, place] % (VOCAB - 1) + 1)
    # Not bit by bit: hashed attention adds the same numbers in another order.
    changed = jnp.abs(features(model, weights, tokens) - features(model, weights, other)) > 1e-5
    return int(jnp.argmax(changed.any((0, 2)))) if changed.any() else None


def test_a_token_is_seen_by_the_next_position_and_by_none_before(any_case, tokens):
    for place in (0, 8, LENGTH - 2):
        assert first_changed(*any_case, tokens, place) == place + 1


@partial(jax.jit, static_argnums=0)
def by_block(model, weights, tokens):
    return jnp.stack(model.by_block(weights, tokens))


def test_the_last_block_gives_what_the_head_reads(case, tokens):
    found = by_block(*case, tokens)
    assert len(found) == 1 + SMALL["n_layers"]
    np.testing.assert_allclose(found[-1], features(*case, tokens), atol=1e-5)


def test_the_last_block_hashes_as_the_whole_model_does(tokens):
    """Trax draws the planes of its hashes from keys that hang on how layers are nested."""
    model = build("reformer", attention="lsh", attention_settings={"chunk_len": 7})
    weights = stirred(model.init(jax.random.key(0)))
    found = by_block(model, weights, tokens)
    np.testing.assert_allclose(found[-1], features(model, weights, tokens), atol=1e-5)


def test_each_block_sees_what_came_before_and_nothing_else(case, tokens):
    """What goes into the first has seen the token before, and a convolution its neighbours."""
    model, weights = case
    place = 8
    other = tokens.at[:, place].set(tokens[:, place] % (VOCAB - 1) + 1)
    found, changed = (by_block(model, weights, each) for each in (tokens, other))
    seen = jnp.abs(found - changed).max((1, 3)) > 1e-5
    np.testing.assert_array_equal(seen.argmax(1), place + 1)
    if model.kind != "modern":
        assert seen[0].sum() == 1
    assert (seen[0].sum() < seen[1:].sum(1)).all()


def test_a_block_that_adds_nothing_gives_what_it_got(case, tokens):
    model, weights = case
    still = {
        name: leaf * ("blocks/1/" not in name or "/norm/" in name) for name, leaf in weights.items()
    }
    found = by_block(model, still, tokens)
    np.testing.assert_allclose(found[2], found[1], atol=1e-5)
    np.testing.assert_array_equal(found[:2], by_block(model, weights, tokens)[:2])
    assert jnp.abs(found[1] - found[0]).max() > 0.1


def test_the_leak_test_sees_a_leak(tokens):
    """Without the shift to the right, position t knows the token that it has to guess."""
    model, weights = drawn("transformer", "learned")
    leaking = trax_bridge.layers.Serial(trax_bridge.layers.Serial(), *model.steady.sublayers[1:])
    leaky = dataclasses.replace(model, steady=leaking, settings={"leaks": True})
    assert first_changed(leaky, weights, tokens, 8) == 8


def test_cache_gives_what_no_cache_gives(any_case, tokens):
    np.testing.assert_allclose(
        logits_by_step(*any_case, tokens), logits(*any_case, tokens), atol=1e-4
    )


@pytest.mark.parametrize("count", [2, 9, LENGTH - 1])
def test_reading_at_once_remembers_what_reading_by_token_does(any_case, tokens, count):
    model, weights = any_case
    fed = jnp.pad(tokens, ((0, 0), (1, 0)))[:, : count + 1]
    state = jax.jit(model.prefill)(weights, model.start(len(tokens)), fed[:, :count])
    found, _ = jax.jit(model.decode_step)(weights, state, fed[:, count])
    np.testing.assert_allclose(found, logits(model, weights, tokens)[:, count], atol=1e-4)


def test_a_memory_that_was_widened_goes_on_as_before(case, tokens):
    model, weights = case
    fed = jnp.pad(tokens, ((0, 0), (1, 0)))
    state = jax.jit(model.prefill)(weights, model.start(len(tokens), 6), fed[:, :6])
    found, _ = jax.jit(model.decode_step)(weights, model.widened(state, 13), fed[:, 6])
    np.testing.assert_allclose(found, logits(model, weights, tokens)[:, 6], atol=1e-4)


def test_settings_of_trax_reach_its_layers(tokens):
    plain, weights = drawn("reformer", "learned")
    chunked = build("reformer", **BOUND[0])
    apart = jnp.abs(logits(plain, weights, tokens) - logits(chunked, weights, tokens)).max((0, 2))
    assert (apart[:6] < 1e-5).all()  # two chunks of 3 see all there is
    assert (apart[6:] > 1e-4).any()


@pytest.mark.parametrize(("kind", "positions"), FULL)
def test_activation_is_named_as_trax_names_it(tokens, kind, positions):
    model, weights = drawn(kind, positions)
    before = logits(model, weights, tokens)
    gelu = build(kind, positions, activation="Relu" if kind == "reformer" else "Gelu")
    assert not jnp.allclose(before, logits(gelu, weights, tokens), atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attention_settings": {"n_heads": 4}}, "no setting of SelfAttention 'n_heads'; known"),
        ({"attention_settings": {"n_hashes": 4}}, "no setting of SelfAttention 'n_hashes'"),
        ({"attention_settings": {"chunk_len": 1.5}}, "SelfAttention.chunk_len = 1.5 is no whole"),
        ({"activation": "gelu"}, "no activation 'gelu'; .*Did you mean Gelu"),
        ({"d_modle": 4}, "no setting of reformer 'd_modle'; .*Did you mean d_model"),
        ({"d_model": "4"}, "reformer.d_model = '4' is no int"),
        ({"window": True}, "reformer.window = True is no int"),
        ({"positions": 3}, "reformer.positions = 3 is no str"),
    ],
    ids=str,
)
def test_settings_that_a_model_has_not_are_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        models.build("reformer", VOCAB, LENGTH, GRID, **(SMALL | changes))


def test_rows_of_a_batch_do_not_know_each_other(case, tokens):
    model, weights = case
    np.testing.assert_allclose(
        logits(model, weights, tokens)[1:2], logits(model, weights, tokens[1:2]), atol=1e-5
    )
    np.testing.assert_allclose(
        logits_by_step(model, weights, tokens)[1:2],
        logits_by_step(model, weights, tokens[1:2]),
        atol=1e-5,
    )


def test_dropout_comes_from_the_key_alone(case, tokens):
    model, weights = case
    one, again, other = (logits(model, weights, tokens, jax.random.key(k)) for k in (5, 5, 6))
    np.testing.assert_array_equal(one, again)
    assert not jnp.allclose(one, other, atol=1e-3)
    assert not jnp.allclose(one, logits(model, weights, tokens), atol=1e-3)


def test_keys_of_the_old_kind_draw_the_same(case, tokens):
    model, weights = case
    np.testing.assert_array_equal(
        logits(model, weights, tokens, jax.random.key(5)),
        logits(model, weights, tokens, jax.random.PRNGKey(5)),
    )


def test_new_keys_and_tokens_compile_nothing(case, tokens):
    model, weights = case
    traced = []

    @jax.jit
    def hidden(weights, tokens, key):
        traced.append(key)
        return model.hidden(weights, tokens, key)

    for seed in range(3):
        hidden(weights, (tokens + seed) % VOCAB, jax.random.key(seed))
    assert len(traced) == 1


def test_weights_are_arrays_and_belong_to_no_layer(case, tokens):
    model, _ = case
    one, again, other = (model.init(jax.random.key(k)) for k in (0, 0, 1))
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(one))
    names = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(one)]
    assert len(set(names)) == len(names)
    jax.tree.map(np.testing.assert_array_equal, one, again)
    assert not jnp.array_equal(model.hidden(one, tokens), model.hidden(other, tokens))


@pytest.mark.slow
def test_products_in_bfloat16_give_features_near_those_of_float32(case, tokens):
    model, weights = case
    half = model.cast(weights, jnp.bfloat16)
    hidden = jax.jit(model.hidden)(half, tokens)
    assert hidden.dtype == jnp.float32
    assert (hidden != features(model, weights, tokens)).any()
    full = logits(model, weights, tokens)
    spread = float(jnp.std(full))
    for got in (logits(model, half, tokens), logits_by_step(model, half, tokens)):
        assert float(jnp.abs(got - full).max()) < 0.2 * spread
    gradient = jax.jit(jax.grad(loss, argnums=1), static_argnums=0)(model, half, tokens)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


@pytest.mark.slow
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("kind", models.KINDS)
def test_gradient_is_the_directional_derivative(kind, dropout, tokens):
    """Against central differences; with dropout, the reverse pass must draw the same mask."""
    model = build(kind, dropout=dropout)
    weights = model.init(jax.random.key(0))
    value = jax.jit(lambda weights: loss(model, weights, tokens, jax.random.key(5)))
    gradient = jax.jit(jax.grad(value))(weights)
    flat, unflat = jax.flatten_util.ravel_pytree(weights)
    flat_gradient, _ = jax.flatten_util.ravel_pytree(gradient)
    # Along the gradient itself, where a difference is largest beside the rounding.
    way = 0.01 * flat_gradient / jnp.linalg.norm(flat_gradient)
    rise = value(unflat(flat + way)) - value(unflat(flat - way))
    np.testing.assert_allclose(rise, 0.02 * jnp.linalg.norm(flat_gradient), rtol=0.02)


@pytest.mark.slow
def test_a_constant_picture_is_learned(case):
    model, weights = case
    tokens = jnp.full((2, LENGTH), 3)
    optimizer = optax.adam(0.01)

    @jax.jit
    def train(weights):
        def step(carry, key):
            weights, memory = carry
            value, gradient = jax.value_and_grad(loss, 1)(model, weights, tokens, key)
            change, memory = optimizer.update(gradient, memory)
            return (optax.apply_updates(weights, change), memory), value

        keys = jax.random.split(jax.random.key(1), 60)
        return jax.lax.scan(step, (weights, optimizer.init(weights)), keys)

    (weights, _), losses = train(weights)
    assert losses[0] > 1
    assert loss(model, weights, tokens) < 0.02


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d_model": 18, "n_heads": 4}, "no multiple of n_heads = 4; try d_model = 16"),
        ({"d_model": 15, "n_heads": 3}, "d_model = 15 is not even"),
        ({"dropout": 1.0}, "dropout = 1.0 is outside"),
        ({"positions": "lerned"}, "Did you mean learned"),
    ],
)
@pytest.mark.parametrize("kind", models.KINDS)
def test_numbers_that_do_not_fit_are_named(kind, changes, words):
    with pytest.raises(ConfigError, match=words):
        build(kind, **changes)


@pytest.mark.parametrize("kind", models.KINDS)
def test_axial_positions_need_one_token_per_place(kind):
    with pytest.raises(ConfigError, match=r"7x3 has 21 places and there are 22 tokens"):
        models.by_kind(kind)(VOCAB, 22, GRID, positions="axial", **SMALL)


def test_a_chunk_that_does_not_divide_the_picture_is_named():
    with pytest.raises(ConfigError, match=r"LSHSelfAttention.chunk_len = 128 .*chunk_len = 21"):
        build("reformer", attention="lsh")


def test_an_unknown_kind_is_named_with_its_neighbour():
    with pytest.raises(ConfigError, match=r"no model 'transfomer'.*Did you mean transformer"):
        models.by_kind("transfomer")
