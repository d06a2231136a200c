"""Watches the numbers of each step, and skips those that are out of all bounds.

It is part of a training's state, and of the compiled step: nobody waits for the numbers, and a
training that is resumed knows as much as one that never stopped.
"""

from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32

KNOWN = 100  # steps after which it is known what is usual
MEMORY = 0.01  # the least share that a step has of what is usual
DEVIATIONS, MARGIN = 6.0, 0.5  # a loss so far above the usual one, and so much more, is a spike

T = TypeVar("T")


class Watch(NamedTuple):
    """What is usual.

    `mean` and `variance` are moving ones of the loss, of the `seen` steps applied; `share`
    is the part of the learning rate that is left, which is less after a training went back.
    """

    seen: Int32[Array, ""]
    mean: Float[Array, ""]
    variance: Float[Array, ""]
    share: Float[Array, ""]


def begun() -> Watch:
    """Before the first step."""
    return Watch(jnp.zeros((), jnp.int32), jnp.zeros(()), jnp.zeros(()), jnp.ones(()))


def limit(watch: Watch) -> Float[Array, ""]:
    """A loss above it is a spike; infinite as long as nobody knows what is usual."""
    above = watch.mean + DEVIATIONS * jnp.sqrt(watch.variance) + MARGIN
    return jnp.where(watch.seen < KNOWN, jnp.inf, above)


def is_sound(
    watch: Watch, loss: Float[Array, ""], gradient_norm: Float[Array, ""]
) -> Bool[Array, ""]:
    """Whether a step may be applied: its numbers are finite, and its loss is no spike."""
    return jnp.isfinite(gradient_norm) & jnp.isfinite(loss) & (loss <= limit(watch))


def seen(watch: Watch, loss: Float[Array, ""]) -> Watch:
    """What is usual after a step that was applied."""
    share = jnp.maximum(1 / (watch.seen + 1.0), MEMORY)
    off = loss - watch.mean
    return watch._replace(
        seen=watch.seen + 1,
        mean=watch.mean + share * off,
        variance=(1 - share) * (watch.variance + share * off**2),
    )


def slowed(state: Any, share: float | None) -> Any:
    """A state whose rate is lowered to that share of it; None leaves it as it is."""
    if share is None:
        return state
    watch = state.watch._replace(share=jnp.float32(share))
    return state._replace(watch=watch)


def chosen(sound: Bool[Array, ""], after: T, before: T) -> T:
    """The state after a step if it is sound, else the one before."""
    return jax.tree.map(lambda new, old: jnp.where(sound, new, old), after, before)
