"""Seconds per token when drawing, of pixace or in Trax's way; prints one JSON line.

    python benchmarks/bench_sampling.py --who pixace --model transformer --batch 16

pixace draws whole pictures of 1024 tokens, after one that compiles. Trax's way is its predict mode,
one jitted call a token, and the draw on the host; it costs the same for every token (its cache is
always full), so that some tokens are enough.
"""

import argparse
import json
import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from bench_step import sizes
from shape import SHAPE

from pixace import colors
from pixace.layers import trax_bridge
from pixace.models import by_kind
from pixace.runtime import precision
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.tokenizers.pixel import PixelTokenizer

BODY = ("blocks/", "final_norm/")


def ours(kind: str, batch: int, pictures: int) -> dict[str, float]:
    """A whole picture after the other; also what a token must move, and how fast memory is."""
    tokenizer = PixelTokenizer((32, 32), colors.by_spec("hsv:5,4,4"), "raster")
    model = by_kind(kind)(tokenizer.vocab_size, tokenizer.length, (32, 32), **sizes(SHAPE))
    weights = jax.jit(model.init)(jax.random.key(0))
    sampler = Sampler(model, weights, tokenizer, precision.chosen("auto"))
    times = []
    for seed in range(1 + pictures):
        began = time.perf_counter()
        sampler.generate_tokens(batch, SamplingSettings(seed=seed, batch_size=batch))
        times.append(time.perf_counter() - began)
    seconds = statistics.median(times[1:]) / tokenizer.length
    moved = bytes_a_token(sampler, batch)
    return {
        "seconds": seconds,
        "megabytes": moved / 1e6,
        "share_of_bandwidth": moved / seconds / bandwidth(),
    }


def bytes_a_token(sampler: Sampler, batch: int) -> float:
    """Weights once (of the head, the colours that can be drawn) and the tokens so far, on average.

    What is counted is what must be read, not what our cache reads besides: it has room to spare.
    Weights count in the type that they are drawn with.
    """
    dtype = precision.by_name("auto")
    weights = sampler.model.cast(sampler.weights, dtype)
    body = sum(leaf.nbytes for name, leaf in weights.items() if name.startswith(BODY))
    head = SHAPE["d_model"] * dtype.itemsize * int(sampler.tokenizer.allowed.sum())
    cache = 2 * SHAPE["layers"] * SHAPE["d_model"] * 4 * batch * SHAPE["length"] / 2
    return body + head + cache


def bandwidth() -> float:
    """Bytes a second of a sum over 256 MB."""
    many, total = jnp.ones(1 << 26), jax.jit(jnp.sum)
    times = []
    for _ in range(8):
        began = time.perf_counter()
        total(many).block_until_ready()
        times.append(time.perf_counter() - began)
    return many.nbytes / statistics.median(times[1:])


def as_trax_does(batch: int, tokens: int) -> dict[str, float]:
    """TransformerLM in predict mode, token by token."""
    settings = sizes(SHAPE) | {"max_len": SHAPE["length"], "mode": "predict"}
    model = trax_bridge.TransformerLM(SHAPE["vocab"], **settings)
    weights, state = model.init(trax_bridge.shapes.ShapeDtype((batch, 1), np.int32))
    key = np.zeros(2, np.uint32)
    step = jax.jit(lambda weights, state, token: model.pure_fn(token, weights, state, key))
    token, times = np.zeros((batch, 1), np.int32), []
    draw = np.random.default_rng(0)
    for _ in range(2 + tokens):
        began = time.perf_counter()
        logits, state = step(weights, state, token)
        noise: Any = draw.gumbel(size=(batch, SHAPE["vocab"]))
        token = np.argmax(np.asarray(logits)[:, -1] + noise, -1, keepdims=True).astype(np.int32)
        times.append(time.perf_counter() - began)
    return {"seconds": statistics.median(times[2:])}


def main() -> None:
    """Times one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--who", default="pixace", choices=["pixace", "trax"])
    parser.add_argument("--model", default="transformer", choices=["transformer", "reformer"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=2, help="one after the other")
    parser.add_argument("--tokens", type=int, default=12, help="of Trax's")
    given = parser.parse_args()
    if given.who == "trax":
        found = as_trax_does(given.batch, given.tokens)
    else:
        found = ours(given.model, given.batch, given.pictures)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
