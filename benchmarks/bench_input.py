"""Whether training waits for its input: steps on real batches beside steps on one constant batch.

    python benchmarks/bench_input.py

A token set of made pictures on disk, read as in training (a permutation, memory-mapped shards). The
loop is training's: the next batch is made while the device is at work. Rounds of both, in turn; the
median of the ratios of neighbours. Prints one JSON line.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from pixace.data import tokenization
from pixace.data.batches import Batches
from pixace.data.preprocessing import Preprocessing
from pixace.models import by_kind
from pixace.runtime import precision
from pixace.sources import open_source
from pixace.training import optimizers
from pixace.training.lm_step import first_state, make_step
from pixace.training.schedules import by_name


def main() -> None:
    """Times both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40, help="of a round")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pictures = np.random.default_rng(0).integers(0, 256, (given.pictures, 16, 16, 3), np.uint8)
        np.save(place / "pictures.npy", pictures)
        prepared = Preprocessing(16, "hsv:5,4,4")
        tokens = tokenization.build(prepared, open_source(place / "pictures.npy"), place / "tokens")
        print(json.dumps(compare(Batches(tokens.split("train"), given.batch, 0), given)))


def compare(batches: Batches, given: argparse.Namespace) -> dict[str, float]:
    """Seconds a step of both, and what the real input costs in per cent."""
    model = by_kind("transformer")(8194, 256, (16, 16), d_model=96, d_ff=384, n_layers=2, n_heads=4)
    rate = by_name("constant", peak=1e-4, warmup_steps=1, steps=100)
    rule = optimizers.by_name("adamw", weight_decay=0.1, clip=1.0)
    take_step = make_step(model, rule, rate, dtype=precision.by_name("auto"))
    state, key = first_state(model, rule, jax.random.key(0)), jax.random.key(1)
    constant, done = batches.batch(0), 0

    def seconds(is_real: bool) -> float:
        nonlocal state, done
        began = time.perf_counter()
        for _ in range(given.steps):
            state, _ = take_step(state, batches.batch(done) if is_real else constant, key)
            done += 1
        jax.block_until_ready(state)
        return (time.perf_counter() - began) / given.steps

    seconds(is_real=True)  # compiles
    pairs = [(seconds(is_real=True), seconds(is_real=False)) for _ in range(given.rounds)]
    return {
        "real_seconds": statistics.median(real for real, _ in pairs),
        "constant_seconds": statistics.median(plain for _, plain in pairs),
        "cost_percent": 100 * (statistics.median(real / plain for real, plain in pairs) - 1),
    }


if __name__ == "__main__":
    main()
