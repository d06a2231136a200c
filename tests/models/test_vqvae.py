"""Encoder, decoder and discriminator: shapes, bytes and floats, sharpness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.evaluation import distortion
from pixace.models import pixel_values
from pixace.models.vqvae import Discriminator, Network


@pytest.mark.parametrize("downsample", [2, 4, 8])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_becomes_a_grid_and_a_picture_again(downsample, channels):
    network = Network(downsample, channels, width=8, blocks=1, dim=5)
    weights = network.init(jax.random.key(0))
    shapes = network.shapes
    assert jax.tree.map(lambda each: each.shape, weights) == jax.tree.map(
        lambda each: each.shape, shapes
    )
    images = jnp.zeros((2, 8, 16, channels))
    grid = network.encode(weights, images)
    assert grid.shape == (2, 8 // downsample, 16 // downsample, 5)
    assert network.decode(weights, grid).shape == images.shape


def test_pixels_are_gathered_and_spread_without_loss():
    """An encoder sees each square of pixels as one cell: moving a square moves the cell."""
    network = Network(4, 3, width=8, blocks=0, dim=4)
    weights = network.init(jax.random.key(0))
    images = np.zeros((1, 24, 24, 3), np.float32)
    images[0, 8:12, 8:12] = np.random.default_rng(0).normal(size=(4, 4, 3))
    here = network.encode(weights, jnp.asarray(images))
    there = network.encode(weights, jnp.roll(images, (4, 8), (1, 2)))
    np.testing.assert_allclose(np.roll(here, (1, 2), (1, 2)), there, atol=1e-6)


def test_bytes_survive_the_way_to_floats_and_back():
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    floats = pixel_values.to_floats(every, 3)
    assert (float(floats.min()), float(floats.max())) == (-1, 1)
    np.testing.assert_array_equal(pixel_values.to_bytes(floats), every)
    np.testing.assert_array_equal(pixel_values.to_bytes(pixel_values.to_floats(every, 1)), every)


def test_what_lies_beyond_white_is_white():
    assert pixel_values.to_bytes(jnp.array([[[[-7.0], [9.0]]]])).tolist() == [
        [[[0] * 3, [255] * 3]]
    ]


def test_psnr_is_that_of_bytes():
    one, two = (np.random.default_rng(i).integers(0, 256, (1, 4, 4, 3), np.uint8) for i in (0, 1))
    error = jnp.square(pixel_values.to_floats(one, 3) - pixel_values.to_floats(two, 3)).mean()
    mean = np.square(one.astype(float) - two).mean()
    found = distortion.psnr(float(error), pixel_values.PEAK)
    assert found == pytest.approx(10 * np.log10(255**2 / mean), rel=1e-5)


def test_sharpness_counts_blur_but_not_brightness():
    real = np.zeros((1, 8, 8, 1), np.float32)
    real[:, :, 4:] = 1
    blurred = real.copy()
    blurred[:, :, 3:5] = 0.5
    real, blurred = jnp.asarray(real), jnp.asarray(blurred)
    assert float(pixel_values.sharpness(real, real)) == 0
    assert float(pixel_values.sharpness(real + 0.5, real)) == pytest.approx(0, abs=1e-6)
    assert float(pixel_values.sharpness(blurred, real)) > 0.05


def test_a_discriminator_has_a_logit_for_each_patch():
    discriminator = Discriminator(3, 8)
    weights = discriminator.init(jax.random.key(0))
    assert discriminator.logits(weights, jnp.zeros((2, 16, 8, 3))).shape == (2, 4, 2, 1)
