"""Attention within a window beside full attention: a step's time and memory, and a token's.

    python benchmarks/bench_window.py --side 64 --window 4 --window 8

Beside full attention as pixace has it, by blocks, and (a step only) as Trax has it, with all scores
at once. All in the same process and in turn; compilation is not counted, medians are. What should
be cheap: a step whose cost grows with the picture, not with its square, and a memory that holds the
window only. Prints a table and one JSON line.
"""

import argparse
import json
import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from bench_step import as_it_is, sizes
from shape import SHAPE

from pixace.data.batches import Batch
from pixace.models import by_kind
from pixace.runtime import precision
from pixace.training import optimizers
from pixace.training.lm_step import first_state, make_step
from pixace.training.schedules import by_name

TOKENS = 32  # drawn in one call


def step(model: Any, rows: np.ndarray) -> tuple[Any, float]:
    """A training step to call again and again, and the gigabytes of its temporaries."""
    rate = by_name("constant", peak=1e-4, warmup_steps=1, steps=100)
    rule = optimizers.by_name("adamw", weight_decay=0.1, clip=1.0)
    run = make_step(model, rule, rate, dtype=precision.by_name("auto"))
    held = [first_state(model, rule, jax.random.key(0))]
    batch, key = Batch(rows, np.ones(rows.shape, np.float32)), jax.random.key(1)
    size = gigabytes(jax.jit(run, donate_argnums=0).lower(held[0], batch, key))

    def once() -> Any:
        held[0], measures = run(held[0], batch, key)
        return measures

    return once, size


def gigabytes(lowered: Any) -> float:
    """Of the temporaries of a program."""
    return lowered.compile().memory_analysis().temp_size_in_bytes / 1e9


def drawing(model: Any, batch: int) -> tuple[Any, float]:
    """Some tokens at the end of a picture, and the megabytes of the memory that they need."""
    weights = model.cast(jax.jit(model.init)(jax.random.key(0)), precision.by_name("auto"))
    state = model.start(batch)

    @jax.jit
    def once(state: Any) -> Any:
        def go_on(carry: Any, _: None) -> Any:
            state, token = carry
            logits, state = model.decode_step(weights, state, token)
            return (state, jnp.argmax(logits, -1).astype(jnp.int32)), None

        return jax.lax.scan(go_on, (state, jnp.zeros(batch, jnp.int32)), length=TOKENS)[0][1]

    return (lambda: once(state)), sum(leaf.nbytes for leaf in jax.tree.leaves(state)) / 1e6


def main() -> None:
    """Times all, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--window", type=int, action="append")
    parser.add_argument("--model", default="transformer", choices=["transformer", "reformer"])
    parser.add_argument("--vocab", type=int, default=514, help="as of a codebook of 512")
    parser.add_argument("--batch", type=int, default=1, help="of a training step")
    parser.add_argument("--rows", type=int, default=16, help="pictures drawn at once")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    length = given.side**2
    rows = np.random.default_rng(0).integers(2, given.vocab, (given.batch, length)).astype(np.int32)
    shape = {**SHAPE, "vocab": given.vocab, "length": length}
    plain, lowered = as_it_is(given.model, rows, shape)
    contestants: dict[Any, list[Any]] = {"Trax's": [plain]}
    found = {"Trax's": {"step_gigabytes": gigabytes(lowered())}}
    for window in [0, *(given.window or [4, 8])]:
        model = by_kind(given.model)(
            given.vocab, length, (given.side, given.side), **sizes(SHAPE), window=window
        )
        training, size = step(model, rows)
        drawn, megabytes = drawing(model, given.rows)
        contestants[window] = [training, drawn]
        found[window] = {"step_gigabytes": size, "memory_megabytes": megabytes}
    times: dict[tuple[Any, int], list[float]] = {}
    for _ in range(1 + given.rounds):
        for window, both in contestants.items():
            for which, run in enumerate(both):
                began = time.perf_counter()
                jax.block_until_ready(run())
                times.setdefault((window, which), []).append(time.perf_counter() - began)
    for window, facts in found.items():
        facts["step_seconds"] = statistics.median(times[window, 0][1:])
        said = f"window {window or 'none':>6}: step {1000 * facts['step_seconds']:6.0f} ms"
        said += f", {facts['step_gigabytes']:5.2f} GB"
        if (window, 1) in times:
            facts["token_seconds"] = statistics.median(times[window, 1][1:]) / TOKENS
            said += f"; token {1000 * facts['token_seconds']:6.2f} ms"
            said += f", {facts['memory_megabytes']:.0f} MB"
        print(said)
    print(json.dumps({"side": given.side, "batch": given.batch, "windows": found}))


if __name__ == "__main__":
    main()
