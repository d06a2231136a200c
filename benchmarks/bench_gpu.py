"""What a GPU makes of pixace: training, drawing, and the largest batch in 10 GB.

    bin/bench --device gpu

Training at the original's shape and at 768 features with 12 layers, in tokens per second and as a
share of the rate that the device reaches in a bfloat16 product of 8192 x 8192; drawing in pictures
per second. Compilation is not counted, medians are. `--quick` is small enough for a processor,
to see whether it works. Ends in one JSON line.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from bench_memory import ours
from bench_sampling import ours as drawing
from bench_step import ours as training

SHAPES = {
    "original": dict(vocab=8194, length=1024, d_model=512, d_ff=2048, layers=6, heads=8),
    "large": dict(vocab=8194, length=1024, d_model=768, d_ff=3072, layers=12, heads=12),
}
SMALL = {"small": dict(vocab=8194, length=1024, d_model=64, d_ff=128, layers=1, heads=2)}
LIMIT = 10.0  # gigabytes
BATCHES = (8, 16, 32, 64, 96, 128, 160, 192, 256)


def seconds(run: Callable[[], Any], times: int) -> float:
    """Median of some calls, after two that compile and warm up."""
    for _ in range(2):
        jax.block_until_ready(run())
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        jax.block_until_ready(run())
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def product_rate(side: int) -> float:
    """Operations a second of a bfloat16 product, sums in float32."""
    a = jnp.ones((side, side), jnp.bfloat16)
    product = jax.jit(lambda a: jnp.dot(a, a, preferred_element_type=jnp.float32))
    return 2 * side**3 / seconds(lambda: product(a), 10)


def operations(shape: dict[str, int]) -> float:
    """Of a training step, per token: two for each weight of a product, and attention's half."""
    d, d_ff = shape["d_model"], shape["d_ff"]
    layer = 4 * d * d + 2 * d * d_ff + shape["length"] * d  # scores and values, half of them hidden
    return 3 * 2 * (shape["layers"] * layer + d * shape["vocab"])


def largest_batch(kind: str, **settings: object) -> int:
    """The largest of `BATCHES` whose step fits, by XLA's analysis."""
    fits = 0
    for batch in BATCHES:
        if ours(kind, batch, "bfloat16", **settings)["peak"] > LIMIT:
            break
        fits = batch
    return fits


def main() -> None:
    """Measures all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small shapes and few pictures")
    given = parser.parse_args()
    if not given.quick and jax.default_backend() == "cpu":
        parser.error("JAX finds no GPU here; --quick runs on a processor, to see whether it works")
    rate = product_rate(512 if given.quick else 8192)
    device = jax.devices()[0].device_kind
    found: dict[str, Any] = {"device": device, "product_teraflops": rate / 1e12}
    print(f"{device}: {rate / 1e12:.1f} TFLOP/s in bfloat16 products")
    for name, shape in (SMALL if given.quick else SHAPES).items():
        batch = 2 if given.quick else 32
        rows = np.random.default_rng(0).integers(2, shape["vocab"], (batch, shape["length"]))
        for kind in ("transformer", "reformer"):
            run = training(kind, rows.astype(np.int32), "bfloat16", shape)
            speed = rows.size / seconds(run, 3 if given.quick else 10)
            share = speed * operations(shape) / rate
            found[f"training {kind} {name}"] = {"tokens_per_second": speed, "share": share}
            print(f"training {kind} {name}: {speed:,.0f} tokens/s, {share:.2f} of that rate")
    for batch in (2,) if given.quick else (64, 256, 1024):
        speed = batch / (drawing("transformer", batch, 1)["seconds"] * 1024)
        found[f"drawing {batch}"] = {"pictures_per_second": speed}
        print(f"drawing {batch} at once: {speed:.2f} pictures of 32x32 a second")
    if not given.quick:
        for kind, settings in (("transformer", {"remat": True}), ("reformer", {})):
            found[f"largest batch {kind}"] = largest_batch(kind, **settings)
            print(f"{kind}: batch {found[f'largest batch {kind}']} in {LIMIT:.0f} GB")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
