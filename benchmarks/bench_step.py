"""Seconds of one training step, of pixace or of Trax's model as it is; prints one JSON line.

    python benchmarks/bench_step.py --who pixace --model transformer --dtype bfloat16

Compilation and the first steps are not counted; the figure is the median of the rest.
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
import optax
from shape import SHAPE

from pixace.data.batches import Batch
from pixace.layers import trax_bridge
from pixace.models import by_kind
from pixace.runtime import precision
from pixace.training import optimizers
from pixace.training.lm_step import first_state, make_step
from pixace.training.schedules import by_name


def ours(kind: str, rows: np.ndarray, dtype: str, shape: dict[str, int]) -> Callable[[], Any]:
    """A step of pixace with AdamW, clipping and all."""
    model = by_kind(kind)(shape["vocab"], shape["length"], (32, 32), **sizes(shape))
    rate = by_name("constant", peak=1e-4, warmup_steps=1, steps=100)
    rule = optimizers.by_name("adamw", weight_decay=0.1, clip=1.0)
    step = make_step(model, rule, rate, dtype=precision.by_name(dtype))
    held = [first_state(model, rule, jax.random.key(0))]
    batch, key = Batch(rows, np.ones(rows.shape, np.float32)), jax.random.key(1)

    def run() -> Any:
        held[0], measures = step(held[0], batch, key)
        return measures

    return run


def as_it_is(
    kind: str, rows: np.ndarray, shape: dict[str, int]
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Trax's model in a jitted Optax step, with all logits at once; and what lowers it."""
    settings: dict[str, Any] = sizes(shape) | {"max_len": shape["length"], "mode": "train"}
    if kind == "reformer":
        width = shape["d_model"] // shape["heads"]
        settings |= {"d_attention_key": width, "d_attention_value": width}
        settings |= {"attention_type": trax_bridge.layers.SelfAttention}
    make = {"transformer": trax_bridge.TransformerLM, "reformer": trax_bridge.ReformerLM}[kind]
    model = make(shape["vocab"], **settings)
    weights, state = model.init(trax_bridge.shapes.signature(rows))
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-4))

    def step(weights: Any, moments: Any, tokens: Any) -> Any:
        def loss(weights: Any) -> Any:
            logits, _ = model.pure_fn(tokens, weights, state, np.zeros(2, np.uint32))
            return optax.softmax_cross_entropy_with_integer_labels(logits, tokens).mean()

        value, slope = jax.value_and_grad(loss)(weights)
        changes, moments = rule.update(slope, moments, weights)
        return optax.apply_updates(weights, changes), moments, value

    compiled = jax.jit(step, donate_argnums=(0, 1))
    held = [weights, jax.jit(rule.init)(weights)]

    def run() -> Any:
        *held[:], value = compiled(*held, jnp.asarray(rows))
        return value

    return run, lambda: compiled.lower(*held, jnp.asarray(rows))


def sizes(shape: dict[str, int]) -> dict[str, Any]:
    """The shape in Trax's words; no dropout, as the peers have none here."""
    return {
        "d_model": shape["d_model"],
        "d_ff": shape["d_ff"],
        "n_layers": shape["layers"],
        "n_heads": shape["heads"],
        "dropout": 0.0,
    }


def main() -> None:
    """Times steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--who", default="pixace", choices=["pixace", "trax"])
    parser.add_argument("--model", default="transformer", choices=["transformer", "reformer"])
    parser.add_argument("--dtype", default="auto", choices=precision.NAMES)
    parser.add_argument("--shape", default=json.dumps(SHAPE), help="JSON with the sizes")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=7)
    given = parser.parse_args()
    shape = json.loads(given.shape)
    draw = np.random.default_rng(0)
    rows = draw.integers(2, shape["vocab"], (given.batch, shape["length"])).astype(np.int32)
    if given.who == "trax":
        run, _ = as_it_is(given.model, rows, shape)
    else:
        run = ours(given.model, rows, given.dtype, shape)
    for _ in range(2):
        jax.block_until_ready(run())
    times = []
    for _ in range(given.steps):
        began = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - began)
    print(json.dumps({"seconds": statistics.median(times)}))


if __name__ == "__main__":
    main()
