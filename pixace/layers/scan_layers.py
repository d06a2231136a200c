"""Blocks that are all alike, run in a loop: leaner in memory, and compiled once.

Unrolled, XLA sees that the backward pass computes again what the forward pass had (that is the
point of it), and keeps the first copy instead. Two loops it leaves alone.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from pixace.layers import trax_bridge

BLOCK = 2  # layers of a transformer: attention and feed-forward, each with its shortcut
REVERSIBLE_BLOCK = 4  # of a reformer: the same two, and after each a swap of the two streams


class Repeated(trax_bridge.layers.Serial):
    """A transformer whose blocks run in a loop and keep only what goes into each.

    In the backward pass a block is run again for its activations. The loop makes sure of it:
    without one, XLA would see what is the same in both passes and keep it.
    """

    weights: Any

    def forward(self, x: Array) -> Array:
        """What the last layer gives."""
        keys = jax.random.split(self.rng, len(self.sublayers))
        parts = list(zip(self.sublayers, self.weights, self.state, keys, strict=True))
        places = [place for place, part in enumerate(parts) if is_residual(part[0])]
        first, last = places[0], places[-1] + 1
        for part, weights, state, key in parts[:first]:
            x, _ = part.pure_fn(x, weights, state, key)
        blocks = [parts[place : place + BLOCK] for place in range(first, last, BLOCK)]

        @jax.checkpoint
        def run(x: Array, varying: Any) -> tuple[Array, None]:
            for (part, _, state, _), (weights, key) in zip(blocks[0], varying, strict=True):
                x, _ = part.pure_fn(x, weights, state, key)
            return x, None

        varying = [[(weights, key) for _, weights, _, key in block] for block in blocks]
        x, _ = jax.lax.scan(run, x, jax.tree.map(lambda *each: jnp.stack(each), *varying))
        for part, weights, state, key in parts[last:]:
            x, _ = part.pure_fn(x, weights, state, key)
        return x


def is_residual(part: Any) -> bool:
    """Whether a layer ends in adding what went in: half a block of a transformer."""
    return bool(part.sublayers) and part.sublayers[-1]._name == "Add"


class ReversibleLoop(trax_bridge.ReversibleSerial):
    """Reversible layers, of which each block is like the others, run in a loop.

    Unrolled, XLA would notice that going back computes again what the way there had (masks of
    dropout, broadcast biases), and keep it. A loop also compiles in the time of one block.
    """

    weights: Any

    @property
    def has_backward(self) -> bool:
        """No: the way back is JAX's business here, not Trax's."""
        return False

    def forward(self, x: Any) -> Any:
        """Both streams behind the last layer."""
        keys = jax.random.split(self.rng, len(self.sublayers))
        return _there_and_back(
            self.sublayers[:REVERSIBLE_BLOCK],
            x,
            _by_block(REVERSIBLE_BLOCK, self.weights, self.state, keys),
        )


def _by_block(size: int, weights: Any, state: Any, keys: Any) -> Any:
    """What varies from block to block, stacked."""
    parts = list(zip(weights, state, keys, strict=True))
    blocks = [parts[place : place + size] for place in range(0, len(parts), size)]
    return jax.tree.map(lambda *each: jnp.stack(each), *blocks)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _there_and_back(block: Any, x: Any, varying: Any) -> Any:
    def there(x: Any, varying: Any) -> tuple[Any, None]:
        for part, (weights, state, key) in zip(block, varying, strict=True):
            x, _ = part.pure_fn(x, weights, state, key)
        return x, None

    return jax.lax.scan(there, x, varying)[0]


def _there(block: Any, x: Any, varying: Any) -> tuple[Any, Any]:
    out = _there_and_back(block, x, varying)
    return out, (out, varying)


def _back(block: Any, kept: Any, d_out: Any) -> tuple[Any, Any]:
    def back(carry: Any, varying: Any) -> tuple[Any, Any]:
        out, d_out = carry
        gradients: list[Any] = []
        for part, (weights, state, key) in reversed(list(zip(block, varying, strict=True))):
            out, (d_out, of_weights) = part.reverse_and_grad(
                out, d_out, weights, state, state, rng=key
            )
            gradients.insert(0, of_weights)
        return (out, d_out), gradients

    out, varying = kept
    (_, dx), gradients = jax.lax.scan(back, (out, d_out), varying, reverse=True)
    return dx, [(of_weights, None, None) for of_weights in gradients]  # not of state and keys


_there_and_back.defvjp(_there, _back)
