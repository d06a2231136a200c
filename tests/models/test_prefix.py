"""Words in front of a picture: seen by all of it, leaking nothing, and never an answer."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stirred import stirred

from pixace import models
from pixace.errors import ConfigError

GRID, PREFIX, VOCAB, WORDS = (3, 5), 4, 11, 6
LENGTH = PREFIX + 15
SMALL = {"d_model": 16, "d_ff": 24, "n_layers": 2, "n_heads": 2, "prefix": PREFIX, "words": WORDS}
CASES = [(kind, positions) for kind in models.KINDS for positions in ("learned", "axial")]


@cache
def drawn(kind, positions, **changes):
    sizes = SMALL | changes
    length = LENGTH - PREFIX + sizes["prefix"]
    model = models.by_kind(kind)(VOCAB, length, GRID, positions=positions, **sizes)
    return model, stirred(model.init(jax.random.key(0)))


@pytest.fixture(params=CASES, ids="-".join)
def case(request):
    return drawn(*request.param)


@pytest.fixture
def rows():
    words, picture = jax.random.split(jax.random.key(1))
    return jnp.hstack(
        [
            jax.random.randint(words, (3, PREFIX), VOCAB, VOCAB + WORDS),
            jax.random.randint(picture, (3, LENGTH - PREFIX), 1, VOCAB),
        ]
    )


@partial(jax.jit, static_argnums=0)
def features(model, weights, rows):
    return model.hidden(weights, rows)


def changed(model, weights, rows, place):
    """Which positions' features differ when the token at `place` is another one."""
    first, size = (VOCAB, WORDS) if place < PREFIX else (1, VOCAB - 1)
    other = rows.at[:, place].set((rows[:, place] - first + 1) % size + first)
    apart = jnp.abs(features(model, weights, rows) - features(model, weights, other))
    return np.flatnonzero((apart > 1e-5).any((0, 2)))


@pytest.mark.parametrize("place", [0, PREFIX - 1, PREFIX, PREFIX + 7])
def test_a_token_is_seen_by_all_that_follow_and_by_none_before(case, rows, place):
    """Of words, too: so all of the picture sees all of them."""
    assert changed(*case, rows, place).tolist() == list(range(place + 1, LENGTH))


def test_the_head_gives_logits_for_pictures_only(case, rows):
    model, weights = case
    assert model.logits(weights, features(model, weights, rows)).shape == (3, LENGTH, VOCAB)


def test_the_cache_gives_what_no_cache_gives(case, rows):
    """Words read at once, then the picture token by token."""
    model, weights = case
    fed = jnp.pad(rows, ((0, 0), (1, 0)))[:, :-1]
    state = jax.jit(model.prefill)(weights, model.start(3, PREFIX + 3), fed[:, :PREFIX])
    state = model.widened(state, LENGTH)
    step, found = jax.jit(model.decode_step), []
    for token in fed[:, PREFIX:].T:
        logits, state = step(weights, state, token)
        found.append(logits)
    whole = model.logits(weights, features(model, weights, rows))[:, PREFIX:]
    np.testing.assert_allclose(np.stack(found, 1), whole, atol=1e-4)


@pytest.mark.parametrize("kind", models.KINDS)
def test_pictures_keep_their_rows_and_columns_and_words_have_places_of_their_own(kind):
    own = {name: leaf.squeeze().shape for name, leaf in drawn(kind, "axial")[1].items()}
    assert own["positions/rows"] == (3, 8)
    assert own["positions/columns"] == (5, 8)
    assert own["positions/words"] == (PREFIX, 16)


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("positions", ["learned", "axial"])
def test_without_words_a_model_has_the_weights_it_always_had(kind, positions):
    plain, weights = drawn(kind, positions, prefix=0, words=0)
    shapes = sorted(leaf.shape for leaf in weights.values() if leaf.ndim > 1)
    expected = [(VOCAB, 16), (16 * (1 + (kind == "reformer")), VOCAB)]
    assert plain.prefix == 0
    assert set(expected) <= set(shapes)
    assert (PREFIX, 16) not in shapes


def test_axial_positions_count_the_words_apart():
    with pytest.raises(ConfigError, match="5x3 has 15 places and there are 16 tokens"):
        models.transformer(VOCAB, LENGTH + 1, GRID, positions="axial", **SMALL)
