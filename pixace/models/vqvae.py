"""Encoder and decoder of a VQ-VAE, and a discriminator of patches: Trax layers as pure functions.

Pixels are gathered into the depth of the coarse grid at once, and most work is done there: on a CPU
a 3x3 convolution from 128 to 128 channels at 16x16 runs at five times the speed (in operations a
second) of one with 16 channels at 64x64. The way back goes by doubling, with fewer channels each
time.

Sources: van den Oord et al. 2017, "Neural Discrete Representation Learning" (encoder, codes and
decoder, of residual blocks); Esser et al. 2021, "Taming Transformers" (discriminator of patches);
Shi et al. 2016 (depth to space).
"""

import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from pixace.device_arrays import Key
from pixace.layers import trax_bridge

Weights = Any  # nested tuples of arrays, as Trax nests them
Pictures = Float[Array, "n height width channels"]
Grid = Float[Array, "n rows columns d"]

NO_KEY = np.zeros(2, np.uint32)
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
        drawn: dict[str, Weights] = _drawn(self.shapes, key)
        return drawn

    @property
    def shapes(self) -> dict[str, Weights]:
        """What weights look like: the same tree, with shapes and types for arrays."""
        return {
            "encoder": _settled(_encoder, self, self._pictures).weights,
            "decoder": _settled(_decoder, self, self._grid).weights,
        }

    def encode(self, weights: dict[str, Weights], pictures: Pictures) -> Grid:
        """Features of each cell from pictures in -1 … 1; any size that the cells divide."""
        return _run(_settled(_encoder, self, self._pictures), weights["encoder"], pictures)

    def decode(self, weights: dict[str, Weights], grid: Grid) -> Pictures:
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
        return _drawn(_settled(_discriminator, self, self._patch).weights, key)

    def logits(self, weights: Weights, pictures: Pictures) -> Float[Array, "n rows columns 1"]:
        """Logits for patches that lie 4 pixels apart, and see 20 by 20."""
        return _run(_settled(_discriminator, self, self._patch), weights, pictures)

    @property
    def _patch(self) -> tuple[int, ...]:
        return (1, 4, 4, self.channels)


def _encoder(net: Network) -> Any:
    tl = trax_bridge.layers
    side = min(GATHERED, net.downsample)
    parts = [_gathered(side), _conv(net.width)]
    while side < net.downsample:
        parts += [tl.Relu(), _gathered(2), _conv(net.width)]
        side *= 2
    parts += [_block(net.width) for _ in range(net.blocks)]
    return tl.Serial(*parts, tl.Relu(), _conv(net.dim, 1))


def _decoder(net: Network) -> Any:
    tl = trax_bridge.layers
    width, side = net.width, net.downsample
    parts = [_conv(width), *(_block(width) for _ in range(net.blocks)), tl.Relu()]
    while side > 2:
        width, side = max(NARROWEST, width // 2), side // 2
        parts += [_conv(4 * width), _spread(2), _block(width), tl.Relu()]
    return tl.Serial(*parts, _conv(4 * net.channels), _spread(2))


def _discriminator(net: Discriminator) -> Any:
    tl = trax_bridge.layers
    leaky = tl.Fn(
        "Leaky", lambda x: jax.nn.leaky_relu(x, 0.2)
    )  # Trax's keeps its slope as a weight
    return tl.Serial(_gathered(4), _conv(net.width), leaky, _conv(net.width), leaky, _conv(1, 1))


def _conv(filters: int, side: int = 3) -> Any:
    return trax_bridge.layers.Conv(filters, (side, side), padding="SAME")


def _block(width: int) -> Any:
    tl = trax_bridge.layers
    return tl.Residual(tl.Relu(), _conv(width), tl.Relu(), _conv(width, 1))


def _gathered(side: int) -> Any:
    """Space to depth: squares of pixels become the channels of one cell."""

    def gather(x: Array) -> Array:
        n, height, width, depth = x.shape
        x = x.reshape(n, height // side, side, width // side, side, depth)
        return x.swapaxes(2, 3).reshape(n, height // side, width // side, side * side * depth)

    return trax_bridge.layers.Fn(f"Gather{side}", gather)


def _spread(side: int) -> Any:
    """Depth to space: the way back."""

    def spread(x: Array) -> Array:
        n, height, width, depth = x.shape
        x = x.reshape(n, height, width, side, side, depth // (side * side))
        return x.swapaxes(2, 3).reshape(n, height * side, width * side, -1)

    return trax_bridge.layers.Fn(f"Spread{side}", spread)


def _drawn(shapes: Any, key: Key) -> Any:
    """Kernels as Glorot and Bengio 2010 draw them, biases 0.

    By NumPy: to compile Trax's initializers takes longer than a small training.
    """
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))

    def draw(leaf: Any) -> Array:
        if len(leaf.shape) < 2:
            return jnp.zeros(leaf.shape)
        *window, inputs, outputs = leaf.shape
        limit = np.sqrt(6 / (np.prod(window) * (inputs + outputs)))
        return jnp.asarray(generator.uniform(-limit, limit, leaf.shape), jnp.float32)

    return jax.tree.map(draw, shapes)


@lru_cache(maxsize=32)
def _settled(build: Any, net: Any, shape: tuple[int, ...]) -> Any:
    """A layer that knows the shapes of its weights: Trax's `pure_fn` puts back what it found."""
    layer = build(net)
    example = trax_bridge.shapes.ShapeDtype(shape, np.float32)
    layer.weights, layer.state = jax.eval_shape(
        lambda key: copy.deepcopy(layer).init(example, key), NO_KEY
    )
    _forget_keys(layer)
    return layer


def _forget_keys(layer: Any) -> None:
    """Sets the key of every layer: Trax would draw one, and mid-trace at that."""
    layer._rng = NO_KEY
    for part in layer.sublayers:
        _forget_keys(part)


def _run(layer: Any, weights: Weights, x: Array) -> Array:
    out: Array = layer.pure_fn(x.astype(jnp.float32), weights, layer.state, NO_KEY)[0]
    return out
