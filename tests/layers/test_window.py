"""Attention within a window: what it sees, against the obvious way, there and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixace.errors import ConfigError
from pixace.layers.window import Window
from pixace.layers.window_attention import window_attention
from pixace.models import by_kind


def seen_by(window):
    """Bool (length, length): whom each token sees, by the definition."""
    height, width = window.grid
    token = np.arange(window.words + height * width)
    is_word = token < window.words
    row, column = np.divmod(token - window.words, width)
    near = (row[:, None] - row <= window.reach) & (abs(column[:, None] - column) <= window.reach)
    before = token[:, None] >= token
    return before & (is_word | (~is_word[:, None] & near))


def obvious(q, k, v, window):
    scores = jnp.einsum("hqd,hkd->hqk", q, k) / np.sqrt(q.shape[-1])
    return jax.nn.softmax(jnp.where(seen_by(window), scores, -jnp.inf)) @ v


attention = jax.jit(window_attention, static_argnums=3)


def drawn(window, heads=2, d=4):
    shape = (heads, window.words + window.grid[0] * window.grid[1], d)
    return [jax.random.normal(jax.random.key(i), shape) for i in range(3)]


@st.composite
def windows(draw):
    grid = draw(st.tuples(st.integers(1, 20), st.integers(2, 20)))
    return Window(draw(st.integers(1, max(grid) - 1)), grid, draw(st.sampled_from([0, 3])))


@settings(max_examples=8)
@given(windows())
def test_it_is_attention_to_what_the_window_shows(window):
    q, k, v = drawn(window)
    np.testing.assert_allclose(attention(q, k, v, window), obvious(q, k, v, window), atol=1e-5)


@pytest.mark.parametrize(
    "window", [Window(2, (5, 7)), Window(3, (20, 13), 4), Window(9, (3, 40), 2)], ids=str
)
def test_gradients_are_those_of_the_obvious_way(window):
    def gradients(attention):
        return jax.jit(jax.grad(lambda x: jnp.sum(jnp.sin(attention(*x, window)))))(drawn(window))

    for found, wanted in zip(gradients(window_attention), gradients(obvious), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_a_picture_that_is_not_whole_yet_is_seen_as_far_as_it_goes():
    window = Window(2, (6, 5), 3)
    whole = drawn(window)
    part = [each[:, :17] for each in whole]
    np.testing.assert_allclose(
        attention(*part, window), attention(*whole, window)[:, :17], atol=1e-6
    )


@settings(max_examples=8)
@given(windows())
def test_memory_holds_what_the_window_shows(window):
    shown = seen_by(window)
    look = jax.jit(
        jax.vmap(lambda token: (window.place(token), window.tokens(token), window.mask_bias(token)))
    )
    for token, (place, tokens, bias) in enumerate(
        zip(*map(np.asarray, look(np.arange(len(shown)))), strict=True)
    ):
        assert tokens[place] == token
        assert sorted(tokens[bias == 0]) == list(np.flatnonzero(shown[token]))


def test_memory_does_not_grow_with_the_picture():
    assert Window(4, (64, 64)).capacity == Window(4, (512, 64)).capacity == 4 * 64 + 5
    model = by_kind("transformer")(20, 4096, (64, 64), d_model=8, d_ff=8, n_layers=1, n_heads=1)
    near = by_kind("transformer")(
        20, 4096, (64, 64), d_model=8, d_ff=8, n_layers=1, n_heads=1, window=4
    )
    full, small = (
        sum(leaf.size for leaf in jax.tree.leaves(each.start(64))) for each in (model, near)
    )
    assert small < full / 14


@pytest.mark.parametrize("reach", [-1, 7, 40])
def test_a_window_wider_than_the_picture_is_named(reach):
    with pytest.raises(ConfigError, match=rf"a window of {reach} does not fit into 7x5 tokens"):
        Window(reach, (5, 7))
