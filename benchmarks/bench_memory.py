"""How much memory a training step needs, by XLA's own analysis when it compiles: no GPU, no run.

    python benchmarks/bench_memory.py [--batch 128] [--dtype bfloat16]

The shape is the original pixace's: 6 layers, 512 features, 8 heads, 8194 ids, 32x32 pixels, Adam,
weights in float32. "Peak" is arguments and temporaries together; the state is donated.
"""

import argparse
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pixace.data.batches import Batch
from pixace.layers import trax_bridge
from pixace.models import by_kind
from pixace.training import optimizers
from pixace.training.lm_step import first_state, make_step
from pixace.training.schedules import by_name

VOCAB, GRID, LENGTH = 8194, (32, 32), 1024


def ours(kind: str, batch: int, dtype: str, **settings: object) -> dict[str, float]:
    """A step of pixace."""
    model = by_kind(kind)(VOCAB, LENGTH, GRID, **settings)
    rate = by_name("constant", peak=1e-3, warmup_steps=1, steps=10)
    rule = optimizers.by_name("adam", weight_decay=0.0, clip=1.0)
    step = make_step(model, rule, rate, dtype=jnp.dtype(dtype))
    state = jax.eval_shape(lambda key: first_state(model, rule, key), jax.random.key(0))
    rows = jax.ShapeDtypeStruct((batch, LENGTH), np.int32)
    weights = jax.ShapeDtypeStruct((batch, LENGTH), np.float32)
    whole = jax.jit(step, donate_argnums=0)
    return analysis(whole.lower(state, Batch(rows, weights), jax.random.key(0)))


def plain(kind: str, batch: int) -> dict[str, float]:
    """A step of Trax's model as it is, with all logits at once and Optax's Adam."""
    sizes = dict(d_model=512, d_ff=2048, n_layers=6, n_heads=8, max_len=LENGTH, mode="train")
    if kind == "reformer":
        sizes |= dict(
            d_attention_key=64,
            d_attention_value=64,
            attention_type=trax_bridge.layers.SelfAttention,
        )
    model = {"transformer": trax_bridge.TransformerLM, "reformer": trax_bridge.ReformerLM}[kind](
        VOCAB, **sizes
    )
    signature = trax_bridge.shapes.ShapeDtype((batch, LENGTH), np.int32)
    weights, state = jax.eval_shape(
        lambda key: model.init(signature, key), jax.ShapeDtypeStruct((2,), np.uint32)
    )
    rule = optax.adam(1e-3)

    def step(weights, moments, state, tokens, key):
        def loss(weights):
            logits, _ = model.pure_fn(tokens, weights, state, key)
            return optax.softmax_cross_entropy_with_integer_labels(logits, tokens).mean()

        value, slope = jax.value_and_grad(loss)(weights)
        changes, moments = rule.update(slope, moments)
        return optax.apply_updates(weights, changes), moments, value

    moments = jax.eval_shape(rule.init, weights)
    tokens = jax.ShapeDtypeStruct((batch, LENGTH), np.int32)
    key = jax.ShapeDtypeStruct((2,), np.uint32)
    state = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), state)
    lowered = jax.jit(step, donate_argnums=(0, 1)).lower(weights, moments, state, tokens, key)
    return analysis(lowered)


def analysis(lowered: jax.stages.Lowered) -> dict[str, float]:
    """Gigabytes (10**9 bytes)."""
    found = lowered.compile().memory_analysis()
    return {
        "temporaries": round(found.temp_size_in_bytes / 1e9, 2),
        "peak": round((found.temp_size_in_bytes + found.argument_size_in_bytes) / 1e9, 2),
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--dtype", default="bfloat16", choices=["float32", "bfloat16"])
    given = parser.parse_args()
    figures: dict[str, object] = {"batch": given.batch, "dtype": given.dtype}
    for kind, settings in (("transformer", {"remat": True}), ("reformer", {})):
        figures[kind] = ours(kind, given.batch, given.dtype, **settings)
        figures[f"{kind} at 8"] = ours(kind, 8, given.dtype, **settings)
        figures[f"{kind} at 8, float32"] = ours(kind, 8, "float32", **settings)
        figures[f"{kind} at 8, Trax as it is"] = plain(kind, 8)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
