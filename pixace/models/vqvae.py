"""Encoder and decoder of a VQ-VAE, and a discriminator of patches: Trax layers as pure functions.

Pixels are gathered into the depth of the coarse grid at once, and most work is done there: on a CPU
a 3x3 convolution from 128 to 128 channels at 16x16 runs at five times the speed (in operations a
second) of one with 16 channels at 64x64. The way back goes by doubling, with fewer channels each
time.

Sources: van den Oord et al. 2017, "Neural Discrete Representation Learning" (encoder, codes and
decoder, of residual blocks); Esser et al. 2021, "Taming Transformers" (discriminator of patches);
Shi et al. 2016 (depth to space).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pixace.device_arrays import Key
from pixace.layers import pure_trax, trax_bridge, trax_names

Weights = Mapping[str, Array | np.ndarray]  # arrays by role, such as `blocks/1/spatial/kernel`
Pictures = Float[Array, "n height width channels"]
Grid = Float[Array, "n rows columns d"]

GATHERED = 4  # pixels a side that the first layer takes together, at most
NARROWEST = 16  # channels


@dataclass(frozen=True)
class Network:
    """The shapes of encoder and decoder; all functions are pure.

    Attributes:
      downsample: pixels to a side of a grid cell, a power of two, 2 or more.
      channels: of the pictures: 3, or 1 for grey.
      width: channels on the grid.
      blocks: residual blocks of the encoder, and of the decoder.
      dim: features of a cell that are compared with the codes.
    """

    downsample: int
    channels: int
    width: int
    blocks: int
    dim: int

    def init(self, key: Key) -> dict[str, Weights]:
        """New weights of `encoder` and `decoder`, float32."""
        return _init(self.shapes, key)

    @property
    def shapes(self) -> dict[str, Any]:
        """What weights look like: the same tree, with shapes and types for arrays."""
        return {
            "encoder": _shapes(_settled(_encoder, self, self._pictures)),
            "decoder": _shapes(_settled(_decoder, self, self._grid)),
        }

    def encode(self, weights: Mapping[str, Any], pictures: Pictures) -> Grid:
        """Features of each cell from pictures in -1 … 1; any size that the cells divide."""
        return _run(_settled(_encoder, self, self._pictures), weights["encoder"], pictures)

    def decode(self, weights: Mapping[str, Any], grid: Grid) -> Pictures:
        """Pictures from features, about -1 … 1 but not clipped to it."""
        return _run(_settled(_decoder, self, self._grid), weights["decoder"], grid)

    @property
    def _pictures(self) -> tuple[int, ...]:
        return (1, self.downsample, self.downsample, self.channels)

    @property
    def _grid(self) -> tuple[int, ...]:
        return (1, 1, 1, self.dim)


@dataclass(frozen=True)
class Discriminator:
    """Tells real patches from made ones: a logit for each, positive for real.

    Attributes:
      channels: of the pictures: 3, or 1 for grey.
      width: channels of its layers.
    """

    channels: int
    width: int = 64

    def init(self, key: Key) -> Weights:
        """New weights, float32."""
        return _init(_shapes(_settled(_discriminator, self, self._patch)), key)

    def logits(self, weights: Weights, pictures: Pictures) -> Float[Array, "n rows columns 1"]:
        """Logits for patches that lie 4 pixels apart, and see 20 by 20."""
        return _run(_settled(_discriminator, self, self._patch), weights, pictures)

    @property
    def _patch(self) -> tuple[int, ...]:
        return (1, 4, 4, self.channels)


def _encoder(net: Network) -> Any:
    tl = trax_bridge.layers
    side = min(GATHERED, net.downsample)
    parts = [_gathered(side), _conv("down/0", net.width)]
    while side < net.downsample:
        parts += [tl.Relu(), _gathered(2), _conv(f"down/{len(parts) // 3 + 1}", net.width)]
        side *= 2
    parts += [_block(f"blocks/{i}", net.width) for i in range(net.blocks)]
    return tl.Serial(*parts, tl.Relu(), _conv("features", net.dim, 1))


def _decoder(net: Network) -> Any:
    tl = trax_bridge.layers
    width, side = net.width, net.downsample
    blocks = [_block(f"blocks/{i}", width) for i in range(net.blocks)]
    parts, level = [_conv("features", width), *blocks, tl.Relu()], 0
    while side > 2:
        width, side = max(NARROWEST, width // 2), side // 2
        parts += [_conv(f"up/{level}", 4 * width), _spread(2)]
        parts += [_block(f"up/{level}/block", width), tl.Relu()]
        level += 1
    return tl.Serial(*parts, _conv("pixels", 4 * net.channels), _spread(2))


def _discriminator(net: Discriminator) -> Any:
    tl = trax_bridge.layers
    leaky = tl.Fn(
        "Leaky", lambda x: jax.nn.leaky_relu(x, 0.2)
    )  # Trax's keeps its slope as a weight
    return tl.Serial(
        *(_gathered(4), _conv("patches", net.width), leaky),
        *(_conv("middle", net.width), leaky),
        _conv("logits", 1, 1),
    )


def _conv(role: str, filters: int, side: int = 3) -> Any:
    layer = trax_bridge.layers.Conv(filters, (side, side), padding="SAME")
    layer._name = role
    return layer


def _block(role: str, width: int) -> Any:
    tl = trax_bridge.layers
    inner = _conv(f"{role}/spatial", width), tl.Relu(), _conv(f"{role}/pointwise", width, 1)
    return tl.Residual(tl.Relu(), *inner)


def _gathered(side: int) -> Any:
    return trax_bridge.layers.Fn(f"Gather{side}", lambda x: _space_to_depth(x, side))


def _spread(side: int) -> Any:
    return trax_bridge.layers.Fn(f"Spread{side}", lambda x: _depth_to_space(x, side))


def _space_to_depth(x: Pictures, side: int) -> Array:
    """Squares of so many pixels a side become the channels of one cell."""
    n, height, width, depth = x.shape
    x = x.reshape(n, height // side, side, width // side, side, depth)
    return x.swapaxes(2, 3).reshape(n, height // side, width // side, side * side * depth)


def _depth_to_space(x: Grid, side: int) -> Array:
    """The way back."""
    n, height, width, depth = x.shape
    x = x.reshape(n, height, width, side, side, depth // (side * side))
    return x.swapaxes(2, 3).reshape(n, height * side, width * side, -1)


def _init(shapes: Any, key: Key) -> Any:
    """Kernels as Glorot and Bengio 2010 draw them, biases 0.

    By NumPy: to compile Trax's initializers takes longer than a small training.
    """
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))

    def init(leaf: jax.ShapeDtypeStruct) -> Array:
        if len(leaf.shape) < 2:
            return jnp.zeros(leaf.shape)
        *window, inputs, outputs = leaf.shape
        limit = np.sqrt(6 / (np.prod(window) * (inputs + outputs)))
        return jnp.asarray(generator.uniform(-limit, limit, leaf.shape), jnp.float32)

    return jax.tree.map(init, shapes)


@lru_cache(maxsize=32)
def _settled(build: Callable[[Any], Any], net: Any, shape: tuple[int, ...]) -> Any:
    """A layer that knows the shapes of its weights."""
    return pure_trax.settled(build(net), shape, np.float32)


def _names(layer: Any) -> list[str]:
    """The name of each array of a settled layer: its convolution's, and what it is of that."""
    found = trax_names.leaves(layer, layer.weights)
    return [f"{part._name}/{kind}" for part, n in found for kind in trax_names.AFFINE[:n]]


def _shapes(layer: Any) -> OrderedDict[str, jax.ShapeDtypeStruct]:
    """In Trax's order, which an `OrderedDict` keeps where JAX would sort the names of a `dict`."""
    return OrderedDict(zip(_names(layer), jax.tree.leaves(layer.weights), strict=True))


def _run(layer: Any, weights: Weights, x: Array) -> Array:
    tuples = jax.tree.unflatten(
        jax.tree.structure(layer.weights), [weights[name] for name in _names(layer)]
    )
    out: Array = pure_trax.apply(layer, x.astype(jnp.float32), tuples, layer.state)[0]
    return out
