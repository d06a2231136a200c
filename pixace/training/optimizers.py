"""Optimisers by name: Optax chains with clipping and weight decay.

All of them are at rate 1, and whoever makes a step multiplies by the rate: it is no part of what is
compiled, and trainings of any length and rate share a program.
"""

from functools import lru_cache

import jax
import optax

from pixace.errors import ConfigError, unknown
from pixace.training.muon import scale_by_muon
from pixace.training.settings import OPTIMIZERS

HIDDEN = ("blocks/", "convolution/")  # how names of what lies between embedding and head begin
BESIDE_MUON = 0.5  # AdamW's rate, as a part of Muon's


@lru_cache(maxsize=16)  # equal ones are the same, and so are the steps made of them
def by_name(
    name: str,
    *,
    weight_decay: float = 0.1,
    clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.95,
) -> optax.GradientTransformation:
    """Builds the optimiser, at rate 1.

    Args:
      name: `muon` (the matrices of the blocks by Muon, all else by AdamW at half the rate),
        `adamw`, `adam` (no weight decay) or `adafactor` (memory of the order of rows plus columns
        instead of twice the weights).
      weight_decay: of Muon and AdamW, on matrices only: biases, layer norms' scales stay free.
      clip: largest global norm of a gradient; 0 turns clipping off.
      beta1: decay of the first moment of Adam and AdamW.
      beta2: decay of the second moment of Adam and AdamW. 0.95 rather than 0.999, as is usual
        for language models: rare ids make the second moment jump.

    Raises:
      ConfigError: there is no such optimiser.

    Sources: Kingma and Ba 2015; Loshchilov and Hutter 2019; Shazeer and Stern 2018; `muon.py`.
    """

    def adamw(rate: float) -> optax.GradientTransformation:
        return optax.adamw(rate, beta1, beta2, weight_decay=weight_decay, mask=_matrices)

    if name == "muon":
        hidden = optax.chain(
            scale_by_muon(),
            optax.add_decayed_weights(weight_decay),
            optax.scale_by_learning_rate(1.0),
        )
        rule = optax.partition({"hidden": hidden, "rest": adamw(BESIDE_MUON)}, _places)
    elif name == "adamw":
        rule = adamw(1.0)
    elif name == "adam":
        rule = optax.adam(1.0, beta1, beta2)
    elif name == "adafactor":
        rule = optax.adafactor(1.0, multiply_by_parameter_scale=False)
    else:
        raise ConfigError(unknown("optimizer", name, OPTIMIZERS))
    # Always two links, so that a run's state stays the same when its clipping is turned on or off.
    return optax.chain(optax.clip_by_global_norm(clip) if clip else optax.identity(), rule)


def _matrices(weights: optax.Params) -> optax.Params:
    return jax.tree.map(lambda w: w.ndim > 1, weights)


def _places(weights: optax.Params) -> optax.Params:
    """For each weight, whether it is a matrix inside of the network, by name."""

    def place(path: jax.tree_util.KeyPath, leaf: jax.Array) -> str:
        named = jax.tree_util.keystr(path, simple=True, separator="/")
        return "hidden" if named.startswith(HIDDEN) and leaf.ndim > 1 else "rest"

    return jax.tree_util.tree_map_with_path(place, weights)
