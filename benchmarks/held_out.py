"""The loss of a run's best model over all its validation pictures, where a training takes some.

    python benchmarks/held_out.py RUN

Prints one JSON line: how many pictures, nats per token, bits per pixel.
"""

import argparse
import json
from pathlib import Path

import pixace
from pixace.data import token_set
from pixace.data.batches import in_order
from pixace.evaluation.likelihood import bits_per_pixel, validation_loss
from pixace.runtime import precision


def main() -> None:
    """Measures one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--batch", type=int, default=16)
    asked = parser.parse_args()
    trained = pixace.load(asked.run)
    tokens = token_set.open_set(Path(trained.description.data.tokens))
    split, tokenizer = tokens.split("validation"), tokens.tokenizer
    sampler = trained.sampler
    loss = validation_loss(sampler.model, dtype=precision.by_name(sampler.compute_dtype))
    nats = loss(sampler.weights, in_order(split, asked.batch, len(split), None))
    height, width = tokenizer.size
    bits = bits_per_pixel(nats, length=tokenizer.length, pixels=height * width)
    print(json.dumps({"pictures": len(split), "nats_per_token": nats, "bits_per_pixel": bits}))


if __name__ == "__main__":
    main()
