"""Trax's layers as pure functions, from any number of threads.

A layer of Trax's is an object that carries its weights about while it is traced. So each trace goes
through a copy of its own: threads do not meet in a layer, what is traced later (a backward pass
by hand) finds the copy that it belongs to, and a trace that fails leaves nothing behind. A copy
costs some milliseconds a trace, and nothing when programs run.
"""

import copy
import hashlib
from typing import Any

import jax
import numpy as np

from pixace.layers import trax_bridge

NO_KEY = np.zeros(2, np.uint32)  # for layers that ask for a key and draw nothing from it

# What a layer remembers of where it was made and of how it was last used.
PASSING = {
    *("_caller", "_message", "_rng", "_rng_seed_int", "_weights", "_state", "_init_cached"),
    *("_jit_cache", "_defined_shapes", "_sublayers_to_print"),
}


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


def fingerprint(*parts: Any) -> str:
    """What layers are and what was set in them; not what their functions have closed over."""
    return hashlib.sha256(repr([_anatomy(part) for part in parts]).encode()).hexdigest()


def _anatomy(it: Any) -> Any:
    """What something is, as plain values: of layers their kinds and settings."""
    if isinstance(it, trax_bridge.layers.Layer):
        kept = {name: value for name, value in vars(it).items() if name not in PASSING}
        return type(it).__qualname__, {name: _anatomy(kept[name]) for name in sorted(kept)}
    if isinstance(it, tuple | list):
        return [_anatomy(each) for each in it]
    if callable(it):
        return getattr(it, "__qualname__", type(it).__qualname__)
    return it


def _forget_keys(layer: Any) -> None:
    """Sets the key of every layer: Trax would draw one, and mid-trace at that."""
    layer._rng = NO_KEY
    for part in layer.sublayers:
        _forget_keys(part)
