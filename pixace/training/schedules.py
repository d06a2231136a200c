"""Learning rate as a pure function of the step.

Every schedule grows linearly to `peak` over `warmup_steps` and then goes its own way. Steps are
counted from 0, the first step's rate is `peak / warmup_steps`, and all functions can be traced, as
can their numbers.
"""

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from pixace.errors import ConfigError, unknown

Number = float | jax.Array
Schedule = Callable[[Number], jax.Array]
FALL = 0.4  # of a flat schedule's steps


def constant(step: Number, *, peak: Number, warmup_steps: Number, steps: Number) -> jax.Array:
    """Stays at `peak` after the warm-up; `steps` plays no part."""
    return peak * _warmup(step, warmup_steps)


def rsqrt(step: Number, *, peak: Number, warmup_steps: Number, steps: Number) -> jax.Array:
    """Decays with one over the square root of the step; `steps` plays no part.

    Source: Vaswani et al. 2017, eq. 3, with `peak` in place of the power of the model's width.
    """
    done = jnp.asarray(step, jnp.float32) + 1
    return peak * jnp.minimum(
        _warmup(step, warmup_steps), jnp.sqrt(jnp.maximum(warmup_steps, 1) / done)
    )


def cosine(step: Number, *, peak: Number, warmup_steps: Number, steps: Number) -> jax.Array:
    """Falls along half a cosine from `peak` to a hundredth of it at the last of `steps`.

    Source: Loshchilov and Hutter 2017, SGDR, eq. 5, without restarts.
    """
    floor = 0.01
    span = jnp.maximum(steps - warmup_steps, 1)
    part = jnp.clip((jnp.asarray(step, jnp.float32) - warmup_steps) / span, 0, 1)
    fall = floor + (1 - floor) * 0.5 * (1 + jnp.cos(jnp.pi * part))
    return peak * _warmup(step, warmup_steps) * fall


def flat(step: Number, *, peak: Number, warmup_steps: Number, steps: Number) -> jax.Array:
    """Stays at `peak`, and falls linearly towards 0 over the last `FALL` of `steps`.

    Also known as trapezoidal, or warm-up, stable, decay: what comes before the fall does not hang
    on how many steps there are, so that a run can be made longer without a change of its past.

    Source: Hägele et al. 2024, "Scaling laws and compute-optimal training beyond fixed training
    durations".
    """
    left = (steps - jnp.asarray(step, jnp.float32)) / jnp.maximum(FALL * steps, 1)
    return peak * jnp.minimum(_warmup(step, warmup_steps), jnp.clip(left, 0, 1))


def _one(step: Number) -> jax.Array:
    return jnp.ones(())


AS_IT_IS = Partial(_one)  # for an optimiser that has a rate of its own
SCHEDULES = {"cosine": cosine, "flat": flat, "rsqrt": rsqrt, "constant": constant}


def by_name(name: str, *, peak: float, warmup_steps: int, steps: int) -> Schedule:
    """The schedule of that name with its numbers filled in; takes a step, gives a rate.

    It is a tree of its numbers, too: a program that is given one serves all others of its name.

    Raises:
      ConfigError: there is no such schedule.
    """
    if name not in SCHEDULES:
        raise ConfigError(unknown("schedule", name, SCHEDULES))
    return Partial(SCHEDULES[name], peak=peak, warmup_steps=warmup_steps, steps=steps)


def jump(
    lines: Iterable[dict[str, float]], rate: Schedule, done: int, setting: str, share: float = 1.0
) -> str | None:
    """One line on a rate that goes on otherwise than it was, and on how to keep it; else None.

    Args:
      lines: of the metrics so far.
      rate: the schedule from now on.
      done: steps done.
      setting: `train` or `codebook`, whose schedule it is.
      share: of the rate, that is left to a training that went back.
    """
    logged = [(line["step"], line["learning_rate"]) for line in lines if "learning_rate" in line]
    if not logged:
        return None
    step, last = logged[-1]
    before, now = f"{last:.2g}", f"{share * float(rate(done)):.2g}"
    if now == before or f"{share * float(rate(step - 1)):.2g}" == before:  # as was planned
        return None
    goes = f"the learning rate goes from {before} to {now} at step {done:,}"
    if getattr(rate, "func", None) is flat:
        return f"{goes}, and down again by the end"
    return (
        f"{goes}, as the schedule has changed; to stay where it was: --learning-rate {before} "
        f"""--set "{setting}.schedule='constant'\""""
    )


def _warmup(step: Number, warmup_steps: Number) -> jax.Array:
    return jnp.minimum(1.0, (jnp.asarray(step, jnp.float32) + 1) / jnp.maximum(warmup_steps, 1))
