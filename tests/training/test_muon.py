"""Muon: steps that are orthogonal, for the matrices of the blocks alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from pixace import models
from pixace.training import muon, optimizers


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def directions(matrix):
    """The orthogonal matrix that is nearest, by its singular vectors."""
    u, _, v = np.linalg.svd(np.asarray(matrix), full_matrices=False)
    return u @ v


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("size", [1e-20, 1, 1e15])
def test_singular_values_come_near_1_and_directions_stay(rng, dtype, size):
    x = rng.standard_normal((3, 24, 40)).astype(np.float32)
    found = np.asarray(muon.orthogonal(jnp.asarray(x * size), dtype))
    for before, after in zip(x, found, strict=True):
        values = np.linalg.svd(after, compute_uv=False)
        assert values.min() > 0.6
        assert values.max() < 1.3
        alike = (after * directions(before)).sum() / np.linalg.norm(after) / np.sqrt(24)
        assert alike > 0.98


def test_directions_that_hardly_occur_are_raised_a_thousandfold(rng):
    u, v = np.linalg.qr(rng.standard_normal((8, 8)))[0], np.linalg.qr(rng.random((16, 8)))[0].T
    x = (u * np.geomspace(1, 1e-3, 8)) @ v
    values = np.linalg.svd(muon.orthogonal(jnp.asarray(x[None], jnp.float32))[0], compute_uv=False)
    assert values.min() > 0.05


def test_zeros_stay_zeros():
    assert not muon.orthogonal(jnp.zeros((1, 3, 4))).any()


def test_matrices_go_alone_whatever_others_have_their_shape(rng):
    """High ones and wide ones, and a stack of them, share products."""
    tree = {
        name: jnp.asarray(rng.standard_normal(shape), jnp.float32)
        for name, shape in (("a", (6, 10)), ("b", (10, 6)), ("c", (2, 6, 10)), ("d", (6, 6)))
    }
    rule = muon.scale_by_muon()
    together, _ = rule.update(tree, rule.init(tree))
    for name, leaf in tree.items():
        (alone,) = rule.update([leaf], rule.init([leaf]))[0]
        assert together[name].shape == leaf.shape
        np.testing.assert_allclose(together[name], alone, atol=1e-5)


def test_a_step_has_the_size_of_one_of_adamw(rng):
    for shape in ((32, 32), (32, 128), (256, 16)):
        gradient = [jnp.asarray(rng.standard_normal(shape), jnp.float32)]
        rule = muon.scale_by_muon()
        (step,) = rule.update(gradient, rule.init(gradient))[0]
        assert float(jnp.sqrt(jnp.mean(step**2))) == pytest.approx(muon.RMS, rel=0.25)


def test_a_step_goes_along_the_momentum_as_nesterov_looks_ahead(rng):
    gradients = [{"w": jnp.asarray(rng.standard_normal((5, 7)), jnp.float32)} for _ in range(3)]
    rule = muon.scale_by_muon()
    state = rule.init(gradients[0])._replace(step=jnp.asarray(muon.WARMUP))
    trace = np.zeros((5, 7))
    for gradient in gradients:
        step, state = rule.update(gradient, state)
        trace = muon.MOMENTUM * trace + (1 - muon.MOMENTUM) * np.asarray(gradient["w"])
    ahead = muon.MOMENTUM * trace + (1 - muon.MOMENTUM) * np.asarray(gradients[-1]["w"])
    np.testing.assert_allclose(state.momentum["w"], trace, rtol=1e-5)
    alike = (np.asarray(step["w"]) * directions(ahead)).sum()
    assert alike / np.linalg.norm(step["w"]) / np.sqrt(5) > 0.98


@pytest.mark.parametrize("kind", models.KINDS)
def test_only_hidden_matrices_are_orthogonal(kind):
    """Reformer's are three-dimensional: one for each head; modern has one for each neighbour."""
    model = models.by_kind(kind)(7, 6, (2, 3), d_model=8, d_ff=16, n_layers=1, n_heads=2)
    weights = model.init(jax.random.key(0))
    state = optimizers.by_name("muon").init(weights)
    momentum = optax.tree.get(state, "momentum")
    held = {name for name, leaf in momentum.items() if isinstance(leaf, jax.Array)}
    matrices = {name for name, leaf in weights.items() if leaf.ndim > 1}
    assert held == {name for name in matrices if name.startswith(("blocks/", "convolution/"))}
    assert {"embedding/table", "positions/table", "head/kernel"} <= matrices - held
    assert held
