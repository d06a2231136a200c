"""One step of a VQ-VAE's training: reconstruction, codes, and a discriminator if there is one.

Sources: van den Oord et al. 2017, eq. 3; Esser et al. 2021, eq. 4 to 6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, UInt8

from pixace.device_arrays import Key
from pixace.models import vector_quantizer
from pixace.models.pixel_values import sharpness, to_floats
from pixace.models.vector_quantizer import Codes
from pixace.models.vqvae import Discriminator, Network

Bytes = UInt8[Array | np.ndarray, "n height width 3"]
GRACE = 3  # times the count of a dead code is what a new one begins with
MOST = 1e4  # the discriminator's share of the gradient is never raised by more


class State(NamedTuple):
    """What a step changes, and all that a checkpoint holds.

    `weights` are those of `encoder` and `decoder`, and `codes`, the vectors; `counts` and `sums`
    are the codes' moving averages. Without a discriminator the last two are empty.
    """

    step: Any
    weights: Any
    optimizer: Any
    counts: Any
    sums: Any
    critic: Any = ()
    critic_optimizer: Any = ()


class Measures(NamedTuple):
    """What a step measured.

    Squared error and commitment as `Objective` defines them; the perplexity of the batch's codes;
    the share of codes that are alive, and how many were revived; what the discriminator lost, or 0.
    """

    loss: Any
    squared_error: Any
    commitment: Any
    perplexity: Any
    alive: Any
    revived: Any
    critic_loss: Any


@dataclass(frozen=True)
class Objective:
    """What is to be small, and how codes learn.

    The loss is squared error / variance + beta * commitment + sharpness * differences, where the
    squared error is the mean over all pixels and channels in -1 … 1, and commitment that of encoder
    outputs from their codes. A discriminator adds `discriminator` times its own gradient, scaled to
    the length of the squared error's (both at the picture; Esser takes the last layer).

    Attributes:
      network: encoder and decoder.
      variance: of the pictures, in -1 … 1.
      beta: weight of the commitment.
      by_average: codes are moving averages; else they go down their gradient.
      decay: of these averages, and of the counts.
      revive: a code is dead when used less than this share of the average; 0 revives none.
      sharpness: weight of `pictures.sharpness`.
      discriminator: weight of the discriminator; 0 for none.
      discriminator_from: the step from which it is heard.
    """

    network: Network
    variance: float
    beta: float
    by_average: bool
    decay: float
    revive: float
    sharpness: float
    discriminator: float
    discriminator_from: int

    @property
    def critic(self) -> Discriminator:
        """The discriminator."""
        return Discriminator(self.network.channels)


def make_step(
    aim: Objective, optimizer: optax.GradientTransformation
) -> Callable[[State, Bytes, Key], tuple[State, Measures]]:
    """Builds `state, measures = step(state, images, key)`: pure, jitted, its state donated."""

    @partial(jax.jit, donate_argnums=0)
    def step(state: State, images: Bytes, key: Key) -> tuple[State, Measures]:
        pictures = to_floats(images, aim.network.channels)
        gradient = jax.value_and_grad(partial(_loss, aim), has_aux=True)
        (loss, seen), gradients = gradient(state.weights, pictures, state)
        updates, moments = optimizer.update(gradients, state.optimizer, state.weights)
        weights = optax.apply_updates(state.weights, updates)
        codes = Codes(weights["codes"], state.counts, state.sums)
        codes = vector_quantizer.counted(codes, seen["features"], seen["ids"], aim.decay)
        if aim.by_average:
            codes = vector_quantizer.averaged(codes)
        fair = len(seen["ids"]) / len(codes.vectors)  # the count of a code if all were used alike
        alive = codes.counts >= max(aim.revive, 1e-3) * fair
        if aim.revive:
            key = jax.random.fold_in(key, state.step)
            far = jnp.square(seen["features"] - codes.vectors[seen["ids"]]).sum(-1)
            fresh = GRACE * aim.revive * fair
            codes = vector_quantizer.revived(codes, seen["features"], far, ~alive, fresh, key)
        critic, critic_moments, critic_loss = state.critic, state.critic_optimizer, jnp.zeros(())
        if aim.discriminator:
            critic_loss, slope = jax.value_and_grad(partial(_hinge, aim))(
                critic, pictures, seen["made"]
            )
            updates, critic_moments = optimizer.update(slope, critic_moments, critic)
            critic = optax.apply_updates(critic, updates)
        after = State(
            step=state.step + 1,
            weights={**weights, "codes": codes.vectors},
            optimizer=moments,
            counts=codes.counts,
            sums=codes.sums,
            critic=critic,
            critic_optimizer=critic_moments,
        )
        return after, Measures(
            loss=loss,
            squared_error=seen["squared_error"],
            commitment=seen["commitment"],
            perplexity=vector_quantizer.perplexity(
                vector_quantizer.used(seen["ids"], len(codes.vectors)).sum(0)
            ),
            alive=alive.mean(),
            revived=(~alive).sum() if aim.revive else jnp.zeros((), jnp.int32),
            critic_loss=critic_loss,
        )

    return step


def first_state(
    aim: Objective, optimizer: optax.GradientTransformation, codes: int, images: Bytes, key: Key
) -> State:
    """The state before the first step; codes are encoder outputs of the pictures given."""
    one, two, three = jax.random.split(key, 3)
    critic = aim.critic.init(three) if aim.discriminator else ()

    @jax.jit
    def begin(images: Bytes, weights: Any, critic: Any) -> State:
        features = aim.network.encode(weights, to_floats(images, aim.network.channels))
        features = features.reshape(-1, aim.network.dim)
        fair = len(features) / codes
        begun = vector_quantizer.revived(
            vector_quantizer.empty(codes, aim.network.dim),
            features,
            jnp.ones(len(features)),
            jnp.ones(codes, bool),
            GRACE * (aim.revive or 1) * fair,
            two,
        )
        weights = {**weights, "codes": begun.vectors}
        return State(
            step=jnp.zeros((), jnp.int32),
            weights=weights,
            optimizer=optimizer.init(weights),
            counts=begun.counts,
            sums=begun.sums,
            critic=critic,
            critic_optimizer=optimizer.init(critic) if aim.discriminator else (),
        )

    return begin(images, aim.network.init(one), critic)


def reconstruct(network: Network, weights: Any, images: Bytes) -> tuple[Array, Array]:
    """Pictures in -1 … 1 as they come back, and the ids (n, rows, columns) that they went by."""
    features = network.encode(weights, to_floats(images, network.channels))
    ids = vector_quantizer.nearest(weights["codes"], features)
    return network.decode(weights, weights["codes"][ids]), ids


def _loss(
    aim: Objective, weights: Any, pictures: Array, state: State
) -> tuple[Float[Array, ""], dict[str, Array]]:
    stop = jax.lax.stop_gradient
    features = aim.network.encode(weights, pictures)
    flat = features.reshape(-1, aim.network.dim)
    ids = vector_quantizer.nearest(stop(weights["codes"]), stop(flat))
    quantised = weights["codes"][ids]
    commitment = jnp.square(flat - stop(quantised)).mean()
    through = vector_quantizer.straight_through(features, quantised.reshape(features.shape))
    made = aim.network.decode(weights, through)
    squared_error = jnp.square(made - pictures).mean()
    loss = squared_error / aim.variance + aim.beta * commitment
    if not aim.by_average:
        loss += jnp.square(stop(flat) - quantised).mean()
    if aim.sharpness:
        loss += aim.sharpness * sharpness(made, pictures)
    if aim.discriminator:
        loss += _praise(aim, state, made, pictures)
    seen = {
        "features": flat,
        "ids": ids,
        "made": made,
        "squared_error": squared_error,
        "commitment": commitment,
    }
    return loss, jax.tree.map(stop, seen)


def _praise(aim: Objective, state: State, made: Array, pictures: Array) -> Float[Array, ""]:
    """The decoder's part in the game: to be taken for real, as far as the squared error matters."""

    def fooled(made: Array) -> Float[Array, ""]:
        return -aim.critic.logits(state.critic, made).mean()

    stop = jax.lax.stop_gradient
    pull = 2 * (made - pictures) / (made.size * aim.variance)
    push = jax.grad(fooled)(made)
    scale = jnp.linalg.norm(pull) / (jnp.linalg.norm(push) + 1e-8)
    heard = state.step >= aim.discriminator_from
    return aim.discriminator * heard * stop(jnp.minimum(scale, MOST)) * fooled(made)


def _hinge(aim: Objective, critic: Any, real: Array, made: Array) -> Float[Array, ""]:
    """The discriminator's part: real patches above 1, made ones below -1."""
    above = jax.nn.relu(1 - aim.critic.logits(critic, real)).mean()
    below = jax.nn.relu(1 + aim.critic.logits(critic, made)).mean()
    return above + below
