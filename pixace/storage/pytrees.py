"""Trees of arrays as flat dictionaries, the form in which they go to disk.

The name of a leaf is its path, such as `weights/blocks/3/attention/query/kernel`: the same in
every process.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np


def flatten(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by name."""
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def unflatten(
    flat: dict[str, Any], like: Any, made: Callable[[Any], Any] = jax.numpy.asarray
) -> Any:
    """A tree like `like` with leaves from `flat`, as arrays on the device or however `made`.

    Raises:
      ValueError: a leaf is missing, left over or of another shape; says which.
    """
    places, tree = jax.tree_util.tree_flatten_with_path(like)
    names = [_name(path) for path, _ in places]
    for name, (_, wanted) in zip(names, places, strict=True):
        if name not in flat:
            raise ValueError(f"{name} is missing")
        if np.shape(flat[name]) != wanted.shape:
            raise ValueError(f"{name} has shape {np.shape(flat[name])} instead of {wanted.shape}")
    if left := flat.keys() - set(names):
        raise ValueError(f"{min(left)} is left over")
    return jax.tree.unflatten(tree, [made(flat[name]) for name in names])


def infinite(flat: Mapping[str, Any]) -> str | None:
    """The name of the first leaf with a number that is infinite or none; None if all are finite."""
    for name, leaf in flat.items():
        numbers = np.asarray(leaf)
        if jax.numpy.issubdtype(numbers.dtype, np.inexact) and not np.isfinite(numbers).all():
            return name
    return None


def sha256(flat: Mapping[str, Any]) -> str:
    """A checksum of names, types, shapes and numbers, in hexadecimal."""
    digest = hashlib.sha256()
    for name, leaf in sorted(flat.items()):
        numbers = np.ascontiguousarray(leaf)
        digest.update(f"{name} {numbers.dtype} {numbers.shape} ".encode())
        digest.update(numbers.view(np.uint8).data)
    return digest.hexdigest()


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
