"""One optimiser step, and the loss that it lowers: pure functions."""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int32

from pixace.data.batches import Batch
from pixace.device_arrays import Key
from pixace.models.language_model import LanguageModel, Weights
from pixace.training import watch
from pixace.training.schedules import AS_IT_IS, Schedule
from pixace.training.token_features import TokenFeatures
from pixace.training.watch import Watch


class State(NamedTuple):
    """What a step changes, and all that a checkpoint holds.

    `average` is the exponential moving average of the weights, or an empty tuple without one.
    A step that is skipped changes its number only.
    """

    step: Int32[Array, ""]
    weights: Weights
    optimizer: optax.OptState
    average: Weights | tuple[()]
    watch: Watch


class Measures(NamedTuple):
    """What a step measured.

    Nats per token, the gradient's norm before clipping, and whether the step was applied.
    """

    loss: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    applied: Bool[Array, ""]


Step = Callable[[State, Batch, Key], tuple[State, Measures]]


def make_step(
    model: LanguageModel,
    optimizer: optax.GradientTransformation,
    rate: Schedule = AS_IT_IS,
    *,
    dtype: Any = jnp.float32,
    accumulate: int = 1,
    ema: float = 0.0,
    features: TokenFeatures | None = None,
) -> Step:
    """Builds `state, measures = step(state, batch, key)`: pure, jitted, its state donated.

    Args:
      model: what is trained.
      optimizer: an Optax transformation.
      rate: what its updates are multiplied by, by step.
      dtype: of the operands of products; all else is float32.
      accumulate: parts that a batch is cut into, one after the other on the device; the result is
        that of the whole batch, the memory that of a part.
      ema: decay of the moving average of the weights, in [0, 1); 0 keeps none.
      features: of the tokens, if the weights have maps of them.
    """
    step = _compiled(model, optimizer, dtype, accumulate, ema, features)
    # What is handed in is no constant, which would be written into the program and its cache.
    values = jnp.asarray(features.values) if features else None
    return lambda state, batch, key: step(state, values, rate, batch, key)


@lru_cache(maxsize=8)  # trained once more in one process, a model finds its program
def _compiled(
    model: LanguageModel,
    optimizer: optax.GradientTransformation,
    dtype: Any,
    accumulate: int,
    ema: float,
    features: TokenFeatures | None,
) -> Callable[..., tuple[State, Measures]]:
    """The step that is also given the features' values and the rate."""

    def gradient(weights: Weights, batch: Batch, key: Key) -> tuple[Float[Array, ""], Weights]:
        return jax.value_and_grad(lambda w: model.loss(w, *batch, key, dtype))(weights)

    @partial(jax.jit, donate_argnums=0)
    def step(
        state: State, values: Any, rate: Schedule, batch: Batch, key: Key
    ) -> tuple[State, Measures]:
        key = jax.random.fold_in(key, state.step)
        weights = state.weights
        if features:
            weights, back = jax.vjp(lambda w: features.baked(w, values), weights)
        if accumulate == 1:
            loss, gradients = gradient(weights, batch, key)
        else:
            parts = jax.tree.map(lambda x: x.reshape(accumulate, -1, *x.shape[1:]), batch)

            def add(total: Any, part: Any) -> Any:
                return jax.tree.map(jnp.add, total, gradient(weights, *part)), None

            zero = jnp.zeros(()), jax.tree.map(jnp.zeros_like, weights)
            keys = jax.random.split(key, accumulate)
            (loss, gradients), _ = jax.lax.scan(add, zero, (parts, keys))
        if features:
            (gradients,) = back(gradients)
        total = jnp.maximum(batch.weights.sum(), 1.0)
        gradients = jax.tree.map(lambda g: g / total, gradients)
        updates, moments = optimizer.update(gradients, state.optimizer, state.weights)
        updates = optax.tree.scale(rate(state.step) * state.watch.share, updates)
        weights = optax.apply_updates(state.weights, updates)
        average = state.average
        if ema:
            # Early on the average forgets faster, or it would stay near the first, random weights.
            decay = jnp.minimum(ema, (1.0 + state.step) / (10.0 + state.step))
            average = optax.incremental_update(weights, average, 1 - decay)
        loss, norm = loss / total, optax.tree.norm(gradients)
        applied = watch.is_sound(state.watch, loss, norm)
        step = state.step + 1
        after = State(step, weights, moments, average, watch.seen(state.watch, loss))
        after = watch.chosen(applied, after, state._replace(step=step))
        return after, Measures(loss, norm, applied)

    return step


def first_state(
    model: LanguageModel,
    optimizer: optax.GradientTransformation,
    key: Key,
    *,
    ema: float = 0.0,
    features: TokenFeatures | None = None,
    bias: Float[Array | np.ndarray, " vocab"] | None = None,
) -> State:
    """The state before the first step; a `bias` is what the head begins with."""
    return _first_state(model, optimizer, ema > 0, features, bias, key)


def warm_state(
    weights: Weights,
    optimizer: optax.GradientTransformation,
    *,
    ema: float = 0.0,
    features: TokenFeatures | None = None,
) -> State:
    """The state before the first step, with weights that were learned before."""
    if features:
        weights = features.silent(weights)
    average: Any = jax.tree.map(jnp.copy, weights) if ema else ()
    return State(jnp.zeros((), jnp.int32), weights, optimizer.init(weights), average, watch.begun())


def first_shapes(
    model: LanguageModel,
    optimizer: optax.GradientTransformation,
    key: Key,
    *,
    ema: float = 0.0,
    features: TokenFeatures | None = None,
) -> State:
    """What the state looks like: shapes and types for arrays; of new weights or others."""
    parts = partial(_state, model, optimizer, ema > 0, features, None)
    shapes: State = jax.eval_shape(parts, key)
    return shapes


def _state(
    model: LanguageModel,
    optimizer: optax.GradientTransformation,
    averaged: bool,
    features: TokenFeatures | None,
    bias: Array | None,
    key: Key,
) -> State:
    weights = model.init(key)
    if features:
        weights = features.added(weights, jax.random.fold_in(key, 1))
    if bias is not None:
        weights = OrderedDict({**weights, "head/bias": bias})
    average: Any = jax.tree.map(jnp.copy, weights) if averaged else ()
    return State(jnp.zeros((), jnp.int32), weights, optimizer.init(weights), average, watch.begun())


# It runs once: to optimise how it draws numbers takes longer than to draw them, and changes none.
_first_state = jax.jit(
    _state,
    static_argnums=(0, 1, 2, 3),
    compiler_options={"xla_backend_optimization_level": 1},
)
