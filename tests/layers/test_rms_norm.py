"""Normalisation of a length."""

import jax.numpy as jnp
import numpy as np

from pixace.layers.rms_norm import rms_normalized


def test_the_mean_square_is_1_and_the_direction_stays():
    x = np.random.default_rng(0).standard_normal((3, 4, 8)) * np.geomspace(0.1, 1e6, 4)[:, None]
    found = np.asarray(rms_normalized(jnp.asarray(x, jnp.bfloat16)))
    assert found.dtype == np.float32
    np.testing.assert_allclose((found**2).mean(-1), 1, rtol=1e-3)
    alike = (found * x).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(x, axis=-1)
    np.testing.assert_allclose(alike, 1, rtol=1e-3)


def test_zeros_stay_zeros():
    assert not rms_normalized(jnp.zeros((2, 4))).any()
