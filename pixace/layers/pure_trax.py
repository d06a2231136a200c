"""Trax's layers as pure functions, from any number of threads.

A layer of Trax's is an object that carries its weights about while it is traced. So each trace goes
through a copy of its own: threads do not meet in a layer, what is traced later (a backward pass
by hand) finds the copy that it belongs to, and a trace that fails leaves nothing behind. A copy
costs some milliseconds a trace, and nothing when programs run.
"""

import copy
from typing import Any

import jax
import numpy as np

from pixace.layers import trax_bridge

NO_KEY = np.zeros(2, np.uint32)  # for layers that ask for a key and draw nothing from it


def settled(layer: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """A copy of a layer that knows the shapes of its weights, for inputs of a shape and type.

    Trax's `pure_fn` puts back what it found in a layer, and cannot put back nothing.
    """
    example = trax_bridge.shapes.ShapeDtype(shape, dtype)
    layer = copy.deepcopy(layer)
    layer.weights, layer.state = jax.eval_shape(
        lambda key: copy.deepcopy(layer).init(example, key), NO_KEY
    )
    _forget_keys(layer)
    return layer


def apply(layer: Any, x: Any, weights: Any, state: Any, key: Any = NO_KEY) -> tuple[Any, Any]:
    """What a settled layer gives, and its new state."""
    return copy.deepcopy(layer).pure_fn(x, weights, state, key)


def _forget_keys(layer: Any) -> None:
    """Sets the key of every layer: Trax would draw one, and mid-trace at that."""
    layer._rng = NO_KEY
    for part in layer.sublayers:
        _forget_keys(part)
