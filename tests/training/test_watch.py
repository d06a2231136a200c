"""What is usual, and what is not."""

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.training import watch


def of(losses):
    now = watch.begun()
    for loss in losses:
        now = watch.seen(now, jnp.float32(loss))
    return now


def test_mean_and_variance_are_those_of_the_first_losses():
    losses = np.random.default_rng(0).normal(3, 0.2, 100).astype(np.float32)
    now = of(losses)
    assert int(now.seen) == 100
    assert float(now.mean) == pytest.approx(losses.mean(), rel=1e-5)
    assert float(now.variance) == pytest.approx(losses.var(), rel=1e-4)


def test_then_old_losses_are_forgotten():
    now = of([*np.full(100, 9.0), *np.full(600, 3.0)])
    assert float(now.mean) == pytest.approx(3.0, abs=0.02)


@pytest.mark.parametrize(
    ("losses", "loss", "norm", "sound"),
    [
        ([3.0], 300.0, 1.0, True),  # nobody knows yet
        ([3.0] * 100, 3.4, 1.0, True),
        ([3.0] * 100, 3.6, 1.0, False),
        ([2.5, 3.5] * 50, 6.4, 1.0, True),  # it varies
        ([2.5, 3.5] * 50, 6.6, 1.0, False),
        ([3.0] * 100, 0.0, 1e9, True),  # clipped, and no harm
        ([3.0], np.nan, 1.0, False),
        ([3.0], np.inf, 1.0, False),
        ([3.0], 3.0, np.nan, False),
    ],
)
def test_spikes_and_numbers_that_are_none(losses, loss, norm, sound):
    found = watch.is_sound(of(losses), jnp.float32(loss), jnp.float32(norm))
    assert bool(found) is sound
