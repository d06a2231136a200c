"""Names for what Trax keeps in tuples: which array of a layer plays which part.

Nobody else knows Trax's places: weights of pixace go by names such as
`blocks/3/attention/query/kernel`, in the order that Trax has them in.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import jax

from pixace.layers import trax_bridge
from pixace.layers.attention import projections

AFFINE = ("kernel", "bias")
SCALED = ("scale", "bias")
AXES = ("rows", "columns")
DENSE_ATTENTION = ("query", "key", "value", "output")
FEED_FORWARD = ("up", "down")


def names(layer: Any, weights: Any) -> list[str]:
    """The name of each array of a language model, in Trax's order.

    Args:
      layer: a Trax model: embedding, positions, half blocks (attention, feed-forward, in turn), the
        last normalisation, and the head.
      weights: its weights, or their shapes.
    """
    found: list[str] = []
    halves = 0
    for part, own in zip(layer.sublayers, weights, strict=True):
        several = _halves(part, own)
        for half, arrays in several:
            kind = "attention" if _attends(half) else "feed_forward"
            found += _of_half(f"blocks/{halves // 2}/{kind}", half, arrays)
            halves += 1
        if not several:
            found += [name for each, count in leaves(part, own) for name in _of_end(each, count)]
    return found


def leaves(layer: Any, weights: Any) -> Iterator[tuple[Any, int]]:
    """The layers without parts, in Trax's order, each with how many arrays it has."""
    if not layer.sublayers:
        yield layer, len(jax.tree.leaves(weights))
        return
    for part, own in zip(layer.sublayers, weights, strict=True):
        yield from leaves(part, own)


def _halves(part: Any, weights: Any) -> list[tuple[Any, Any]]:
    """Half blocks, with their weights: one of a transformer, or all of a reformer."""
    if isinstance(part, trax_bridge.ReversibleSerial):
        pairs = zip(part.sublayers, weights, strict=True)
        return [pair for pair in pairs if isinstance(pair[0], trax_bridge.ReversibleHalfResidual)]
    is_residual = bool(part.sublayers) and part.sublayers[-1]._name == "Add"
    return [(part, weights)] if is_residual else []


def _attends(half: Any) -> bool:
    is_attention = isinstance(half, trax_bridge.DotProductCausalAttention) or projections(half)
    return bool(is_attention) or any(_attends(part) for part in half.sublayers)


def _of_half(place: str, half: Any, weights: Any) -> Iterator[str]:
    """Half a block: a normalisation, and then attention or the two maps of a feed-forward layer."""
    affine = iter(DENSE_ATTENTION if place.endswith("attention") else FEED_FORWARD)
    others: Counter[str] = Counter()
    for layer, count in leaves(half, weights):
        if isinstance(layer, trax_bridge.LayerNorm):
            yield from (f"{place}/norm/{name}" for name in SCALED[:count])
        elif isinstance(layer, trax_bridge.Dense):
            role = next(affine)
            yield from (f"{place}/{role}/{name}" for name in AFFINE[:count])
        elif own := projections(layer):
            yield from (f"{place}/{name}" for name in own)
        elif count:
            kind = type(layer).__name__.lower()
            yield from (f"{place}/{kind}_{others[kind]}/{index}" for index in range(count))
            others[kind] += 1


def _of_end(layer: Any, count: int) -> list[str]:
    """What stands before or behind the blocks."""
    if isinstance(layer, trax_bridge.layers.Embedding):
        return ["embedding/table"]
    if isinstance(layer, trax_bridge.AxialPositionalEncoding):
        return [f"positions/{name}" for name in (*AXES, "words")[:count]]
    if isinstance(layer, trax_bridge.LayerNorm):
        return [f"final_norm/{name}" for name in SCALED[:count]]
    if isinstance(layer, trax_bridge.Dense):
        return [f"head/{name}" for name in AFFINE[:count]]
    return ["positions/table"] if count else []
