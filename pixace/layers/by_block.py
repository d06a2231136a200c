"""A Trax language model that also gives what its blocks hand on to each other."""

from collections.abc import Iterator
from typing import Any

import jax
from jaxtyping import Array

from pixace.layers import trax_bridge
from pixace.layers.scan_layers import BLOCK, REVERSIBLE_BLOCK, is_residual

Part = tuple[Any, Any, Any, Any]  # a layer, its weights, its state and its key


class ByBlock(trax_bridge.layers.Serial):
    """The layers of a language model up to its head, run in the order and with the keys of Trax's.

    The blocks of a reformer hand on two streams, which the last layers join.
    """

    weights: Any

    def forward(self, x: Array) -> tuple[Array, ...]:
        """What the last layers make of what goes into the first block, and of what each gives."""
        parts = [*_parts(self.sublayers, self.weights, self.state, self.rng)]
        places = [place for place, (layer, *_) in enumerate(parts) if _is_of_block(layer)]
        first, last = places[0], places[-1] + 1
        size = BLOCK if is_residual(parts[first][0]) else REVERSIBLE_BLOCK
        handed = [_run(parts[:first], x)]
        for place in range(first, last, size):
            handed.append(_run(parts[place : place + size], handed[-1]))
        return tuple(_run(parts[last:], each) for each in handed)


def _is_of_block(layer: Any) -> bool:
    return is_residual(layer) or isinstance(layer, trax_bridge.ReversibleLayer)


def _parts(layers: Any, weights: Any, state: Any, key: Any) -> Iterator[Part]:
    """The layers one by one, those that are reversible together, too."""
    keys = jax.random.split(key, len(layers))
    for part in zip(layers, weights, state, keys, strict=True):
        if isinstance(part[0], trax_bridge.ReversibleSerial):
            yield from _parts(part[0].sublayers, *part[1:])
        else:
            yield part


def _run(parts: list[Part], x: Any) -> Any:
    for layer, weights, state, key in parts:
        x, _ = layer.pure_fn(x, weights, state, key)
    return x
