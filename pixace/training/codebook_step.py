"""One step of a VQ-VAE's training: reconstruction, codes, and a discriminator if there is one.

Sources: van den Oord et al. 2017, eq. 3; Esser et al. 2021, eq. 4 to 6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Int32

from pixace.device_arrays import Key
from pixace.models import vector_quantizer
from pixace.models.pixel_values import Bytes, Floats, sharpness, to_floats
from pixace.models.vector_quantizer import Codes
from pixace.models.vqvae import Discriminator, Network
from pixace.training import watch
from pixace.training.schedules import AS_IT_IS, Schedule
from pixace.training.watch import Watch

# Those of `encoder` and `decoder`, as `Network` has them, and `codes`, float32 (codes, dim).
Weights = dict[str, Any]
INITIAL_COUNT = 3  # times the count below which a code is dead is what a new one begins with
MAX_ADAPTIVE_WEIGHT = 1e4


class State(NamedTuple):
    """What a step changes, and all that a checkpoint holds.

    `weights` are those of `encoder` and `decoder`, and `codes`, the vectors; `counts` and `sums`
    are the codes' moving averages. Without a discriminator the last two are empty.
    """

    step: Int32[Array, ""]
    weights: Weights
    optimizer: optax.OptState
    counts: Float[Array, " codes"]
    sums: Float[Array, "codes dim"]
    watch: Watch
    discriminator: Any = ()
    discriminator_optimizer: optax.OptState = ()


class Measures(NamedTuple):
    """What a step measured.

    Squared error and commitment as `Objective` defines them; the perplexity of the batch's codes;
    the share of codes that are alive, and how many were revived; the discriminator's loss, or 0;
    whether the step was applied.
    """

    loss: Float[Array, ""]
    squared_error: Float[Array, ""]
    commitment: Float[Array, ""]
    perplexity: Float[Array, ""]
    alive: Float[Array, ""]
    revived: Int32[Array, ""]
    discriminator_loss: Float[Array, ""]
    applied: Bool[Array, ""]


@dataclass(frozen=True)
class Objective:
    """What is to be small, and how codes learn.

    The loss is squared error / variance + beta * commitment + sharpness * differences, where the
    squared error is the mean over all pixels and channels in -1 … 1, and commitment that of encoder
    outputs from their codes. A discriminator adds `discriminator_weight` times the generator loss,
    times the adaptive weight of Esser's eq. 6: at most `MAX_ADAPTIVE_WEIGHT`, it scales the
    gradient to the length of the squared error's (at the picture; Esser takes the last layer).

    Attributes:
      network: encoder and decoder.
      variance: of the pictures, in -1 … 1.
      beta: weight of the commitment.
      by_average: codes are moving averages; else they go down their gradient.
      decay: of these averages, and of the counts.
      revive: a code is dead when used less than this share of the average; 0 revives none.
      sharpness: weight of `pictures.sharpness`.
      discriminator_weight: of the generator loss; 0 for no discriminator.
      discriminator_from: the step from which it is active.
    """

    network: Network
    variance: float
    beta: float
    by_average: bool
    decay: float
    revive: float
    sharpness: float
    discriminator_weight: float
    discriminator_from: int

    @property
    def discriminator(self) -> Discriminator:
        """For the network's pictures."""
        return Discriminator(self.network.channels)


def make_step(
    objective: Objective, optimizer: optax.GradientTransformation, rate: Schedule = AS_IT_IS
) -> Callable[[State, Bytes, Key], tuple[State, Measures]]:
    """Builds `state, measures = step(state, images, key)`: pure, jitted, its state donated.

    The optimizer's updates are multiplied by the rate of the step.
    """
    step = _compiled(objective, optimizer)
    return lambda state, images, key: step(state, rate, images, key)


@lru_cache(maxsize=8)  # as in `lm_step`
def _compiled(
    objective: Objective, optimizer: optax.GradientTransformation
) -> Callable[[State, Schedule, Bytes, Key], tuple[State, Measures]]:
    """The step that is also given the rate."""

    def discriminate(
        state: State, rate: Array, pictures: Floats, made: Floats
    ) -> tuple[tuple[Any, optax.OptState], Float[Array, ""]]:
        """The discriminator and its moments after a step, and what it lost before."""
        of = state.discriminator
        loss, gradients = jax.value_and_grad(partial(_hinge, objective))(of, pictures, made)
        updates, moments = optimizer.update(gradients, state.discriminator_optimizer, of)
        return (optax.apply_updates(of, optax.tree.scale(rate, updates)), moments), loss

    @partial(jax.jit, donate_argnums=0)
    def step(state: State, schedule: Schedule, images: Bytes, key: Key) -> tuple[State, Measures]:
        rate = schedule(state.step) * state.watch.share
        pictures = to_floats(images, objective.network.channels)
        gradient = jax.value_and_grad(partial(_loss, objective), has_aux=True)
        (loss, aux), gradients = gradient(state.weights, pictures, state)
        updates, moments = optimizer.update(gradients, state.optimizer, state.weights)
        weights = optax.apply_updates(state.weights, optax.tree.scale(rate, updates))
        codes = Codes(weights["codes"], state.counts, state.sums)
        codes = vector_quantizer.counted(codes, aux["features"], aux["ids"], objective.decay)
        if objective.by_average:
            codes = vector_quantizer.averaged(codes)
        mean_usage = len(aux["ids"]) / len(codes.vectors)
        alive = codes.counts >= max(objective.revive, 1e-3) * mean_usage
        if objective.revive:
            key = jax.random.fold_in(key, state.step)
            distance = jnp.square(aux["features"] - codes.vectors[aux["ids"]]).sum(-1)
            initial = INITIAL_COUNT * objective.revive * mean_usage
            codes = vector_quantizer.revived(codes, aux["features"], distance, ~alive, initial, key)
        discriminator = state.discriminator, state.discriminator_optimizer
        discriminator_loss = jnp.zeros(())
        if objective.discriminator_weight:
            discriminator, discriminator_loss = discriminate(state, rate, pictures, aux["made"])
        # What a discriminator adds to the loss jumps, so that spikes are looked for without it.
        error = jnp.where(jnp.isfinite(loss), aux["squared_error"] / objective.variance, loss)
        applied = watch.is_sound(state.watch, error, optax.tree.norm(gradients))
        after = State(
            step=state.step + 1,
            weights={**weights, "codes": codes.vectors},
            optimizer=moments,
            counts=codes.counts,
            sums=codes.sums,
            watch=watch.seen(state.watch, error),
            discriminator=discriminator[0],
            discriminator_optimizer=discriminator[1],
        )
        after = watch.chosen(applied, after, state._replace(step=state.step + 1))
        return after, Measures(
            loss=loss,
            squared_error=aux["squared_error"],
            commitment=aux["commitment"],
            perplexity=vector_quantizer.perplexity(
                vector_quantizer.used(aux["ids"], len(codes.vectors)).sum(0)
            ),
            alive=alive.mean(),
            revived=(~alive).sum() if objective.revive else jnp.zeros((), jnp.int32),
            discriminator_loss=discriminator_loss,
            applied=applied,
        )

    return step


def first_state(
    objective: Objective,
    optimizer: optax.GradientTransformation,
    codes: int,
    images: Bytes,
    key: Key,
) -> State:
    """The state before the first step; codes are encoder outputs of the pictures given."""
    network_key, codes_key, discriminator_key = jax.random.split(key, 3)
    has_discriminator = bool(objective.discriminator_weight)
    discriminator = objective.discriminator.init(discriminator_key) if has_discriminator else ()

    @jax.jit
    def begin(images: Bytes, weights: Weights, discriminator: Any) -> State:
        features = objective.network.encode(weights, to_floats(images, objective.network.channels))
        features = features.reshape(-1, objective.network.dim)
        mean_usage = len(features) / codes
        begun = vector_quantizer.revived(
            vector_quantizer.empty(codes, objective.network.dim),
            features,
            jnp.ones(len(features)),
            jnp.ones(codes, bool),
            INITIAL_COUNT * (objective.revive or 1) * mean_usage,
            codes_key,
        )
        weights = {**weights, "codes": begun.vectors}
        return State(
            step=jnp.zeros((), jnp.int32),
            weights=weights,
            optimizer=optimizer.init(weights),
            counts=begun.counts,
            sums=begun.sums,
            watch=watch.begun(),
            discriminator=discriminator,
            discriminator_optimizer=optimizer.init(discriminator) if has_discriminator else (),
        )

    return begin(images, objective.network.init(network_key), discriminator)


def reconstruct(
    network: Network, weights: Weights, images: Bytes
) -> tuple[Floats, Int[Array, "n rows columns"]]:
    """Pictures in -1 … 1 as they come back, and the ids (n, rows, columns) that they went by."""
    features = network.encode(weights, to_floats(images, network.channels))
    ids = vector_quantizer.nearest(weights["codes"], features)
    return network.decode(weights, weights["codes"][ids]), ids


def _loss(
    objective: Objective, weights: Weights, pictures: Floats, state: State
) -> tuple[Float[Array, ""], dict[str, Array]]:
    stop = jax.lax.stop_gradient
    features = objective.network.encode(weights, pictures)
    flat = features.reshape(-1, objective.network.dim)
    ids = vector_quantizer.nearest(stop(weights["codes"]), stop(flat))
    quantised = weights["codes"][ids]
    commitment = jnp.square(flat - stop(quantised)).mean()
    through = vector_quantizer.straight_through(features, quantised.reshape(features.shape))
    made = objective.network.decode(weights, through)
    squared_error = jnp.square(made - pictures).mean()
    loss = squared_error / objective.variance + objective.beta * commitment
    if not objective.by_average:
        loss += jnp.square(stop(flat) - quantised).mean()
    if objective.sharpness:
        loss += objective.sharpness * sharpness(made, pictures)
    if objective.discriminator_weight:
        loss += _generator_loss(objective, state, made, pictures)
    aux = {
        "features": flat,
        "ids": ids,
        "made": made,
        "squared_error": squared_error,
        "commitment": commitment,
    }
    return loss, jax.tree.map(stop, aux)


def _generator_loss(
    objective: Objective, state: State, made: Floats, pictures: Floats
) -> Float[Array, ""]:
    """The decoder's part in the game, to be taken for real, with the adaptive weight of eq. 6."""

    def generator_loss(made: Floats) -> Float[Array, ""]:
        return -objective.discriminator.logits(state.discriminator, made).mean()

    stop = jax.lax.stop_gradient
    reconstruction_gradient = 2 * (made - pictures) / (made.size * objective.variance)
    adversarial_gradient = jax.grad(generator_loss)(made)
    adaptive_weight = jnp.linalg.norm(reconstruction_gradient) / (
        jnp.linalg.norm(adversarial_gradient) + 1e-8
    )
    adaptive_weight = stop(jnp.minimum(adaptive_weight, MAX_ADAPTIVE_WEIGHT))
    active = state.step >= objective.discriminator_from
    return objective.discriminator_weight * active * adaptive_weight * generator_loss(made)


def _hinge(
    objective: Objective, discriminator: Any, real: Floats, made: Floats
) -> Float[Array, ""]:
    """The discriminator's part: real patches above 1, made ones below -1."""
    above = jax.nn.relu(1 - objective.discriminator.logits(discriminator, real)).mean()
    below = jax.nn.relu(1 + objective.discriminator.logits(discriminator, made)).mean()
    return above + below
