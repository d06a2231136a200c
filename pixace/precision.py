"""The type that matrix products are computed in: asked for by name, or found by trying."""

import statistics
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from pixace.errors import ConfigError
from pixace.names import unknown

NAMES = ("auto", "float32", "bfloat16")
# Of the product that is tried, and how much faster bfloat16 must be: with matrix units for it, 4
# and more; with instructions for vectors, about 2; emulated, 1 and less. In between nothing flips
# from one day to the next.
SIZES, WORTH = (512, 1024, 1024), 1.4


def by_name(name: str) -> Any:
    """`float32`, `bfloat16`, or with `auto` the one that suits this device.

    Sums are float32 either way, and so are weights, normalisations and what is added up from layer
    to layer; bfloat16 is what the operands of products are rounded to.

    Raises:
      ConfigError: there is no such type.
    """
    if name not in NAMES:
        raise ConfigError(unknown("dtype", name, NAMES))
    return _fastest() if name == "auto" else jnp.dtype(name)


@lru_cache(maxsize=1)
def _fastest() -> Any:
    """bfloat16 where the device has units for it, float32 where it would be emulated."""
    rows, inner, columns = SIZES
    times = {}
    for dtype in (jnp.dtype("float32"), jnp.dtype("bfloat16")):
        a, b = jnp.ones((rows, inner), dtype), jnp.ones((inner, columns), dtype)
        times[dtype] = _time(jax.jit(_product), a, b)
    full, half = times
    return half if times[half] * WORTH < times[full] else full


def _product(a: Any, b: Any) -> Any:
    return jnp.dot(a, b, preferred_element_type=jnp.float32)


def _time(run: Callable[..., Any], *args: Any) -> float:
    """Median seconds of a call, compilation apart."""
    jax.block_until_ready(run(*args))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        jax.block_until_ready(run(*args))
        times.append(time.perf_counter() - began)
    return statistics.median(times)
