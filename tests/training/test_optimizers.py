"""Optimisers: what a step of each changes."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pixace.errors import ConfigError
from pixace.training import optimizers

WEIGHTS = {"matrix": jnp.ones((2, 3)), "bias": jnp.ones(3)}


def after_one_step(name, gradient, **settings):
    rule = optimizers.by_name(name, **settings)
    updates, _ = rule.update(gradient, rule.init(WEIGHTS), WEIGHTS)
    return optax.apply_updates(WEIGHTS, optax.tree.scale(0.1, updates))


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_weights_go_against_the_gradient(name):
    gradient = {"matrix": jnp.full((2, 3), 0.5), "bias": jnp.full(3, -0.5)}
    after = after_one_step(name, gradient)
    assert (after["matrix"] < 1).all()
    assert (after["bias"] > 1).all()


def test_decay_shrinks_matrices_and_leaves_biases_alone():
    still = {"matrix": jnp.zeros((2, 3)), "bias": jnp.zeros(3)}
    after = after_one_step("adamw", still, weight_decay=0.5)
    np.testing.assert_allclose(after["matrix"], 1 - 0.1 * 0.5, rtol=1e-6)
    np.testing.assert_array_equal(after["bias"], 1)


def test_adam_has_no_decay():
    still = {"matrix": jnp.zeros((2, 3)), "bias": jnp.zeros(3)}
    np.testing.assert_array_equal(after_one_step("adam", still)["matrix"], 1)


def test_a_long_gradient_is_cut_to_the_norm_and_a_short_one_is_not():
    rule = optimizers.by_name("adam", clip=1.0)
    for size, norm in ((100.0, 1.0), (0.01, 0.03)):
        gradient = {"matrix": jnp.full((2, 3), size), "bias": jnp.full(3, size)}
        _, state = rule.update(gradient, rule.init(WEIGHTS), WEIGHTS)
        first_moment = optax.tree.get(state, "mu")
        assert optax.tree.norm(first_moment) == pytest.approx(0.1 * norm, rel=1e-4)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'adamv'.* Did you mean adam"):
        after_one_step("adamv", WEIGHTS)
