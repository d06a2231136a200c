"""Trees of arrays: flat and back."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.storage.pytrees import flatten, unflatten


class Pair(NamedTuple):
    left: object
    right: object


TREE = {"a": (jnp.ones(2), (), [jnp.zeros((1, 3))]), "b": Pair(jnp.asarray(4), None)}


def test_names_are_paths():
    assert list(flatten(TREE)) == ["a/0", "a/2/0", "b/left"]


def test_a_tree_comes_back_with_its_own_containers():
    assert str(unflatten(flatten(TREE), TREE)) == str(TREE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a/0": None}, "a/0 has shape"),
        ({"a/0": np.zeros(3)}, r"a/0 has shape \(3,\) instead of \(2,\)"),
        ({"z": np.zeros(1)}, "z is left over"),
    ],
)
def test_leaves_that_do_not_fit_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        unflatten(flatten(TREE) | change, TREE)


def test_a_missing_leaf_is_named():
    with pytest.raises(ValueError, match=r"a/0 is missing"):
        unflatten({}, TREE)
