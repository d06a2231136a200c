"""Weights that are no longer as they were drawn, so that zeros to begin with hide nothing."""

import jax

SIZE = 0.1  # standard deviation of what is added


def stirred(weights):
    """The same weights with noise on each, always the same."""
    leaves, tree = jax.tree.flatten(weights)
    keys = jax.random.split(jax.random.key(4321), len(leaves))
    pairs = zip(leaves, keys, strict=True)
    noisy = [leaf + SIZE * jax.random.normal(key, leaf.shape) for leaf, key in pairs]
    return jax.tree.unflatten(tree, noisy)
