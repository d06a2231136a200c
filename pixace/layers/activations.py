"""What stands between the two maps of a feed-forward layer, by name: Trax's, and one more."""

from typing import Any

import jax.numpy as jnp

from pixace.layers import trax_bridge

# Trax's are those that have neither settings nor weights.
ACTIVATIONS = (
    *("Elu", "FastGelu", "Gelu", "HardSigmoid", "HardTanh", "LeakyRelu", "LogSoftmax"),
    *("ParametricRelu", "Relu", "Selu", "Sigmoid", "Softplus", "SquaredRelu", "Swish", "Tanh"),
)


def by_name(name: str) -> Any:
    """What makes a layer of Trax's; its `forward` is the function.

    Source: So et al. 2021, "Primer", https://arxiv.org/abs/2109.08668, for the squared ReLU.
    """
    return _squared_relu if name == "SquaredRelu" else getattr(trax_bridge.layers, name)


def _squared_relu() -> Any:
    return trax_bridge.layers.Fn("SquaredRelu", lambda x: jnp.square(jnp.maximum(x, 0)))
