"""The loss of a run's best model over all its validation pictures, where a training takes some.

    python benchmarks/held_out.py RUN

Prints one JSON line: how many pictures, nats per token, bits per pixel. A model that was trained
with captions reads those of the pictures.
"""

import argparse
import json
from dataclasses import asdict

import pixace
from pixace.api.building import captioned
from pixace.config import parts
from pixace.data import token_set
from pixace.evaluation import likelihood
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.runtime import precision


def main() -> None:
    """Measures one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--batch", type=int, default=16)
    options = parser.parse_args()
    trained = pixace.load(options.run)
    sampler, tokens = trained.sampler, token_set.open_set(trained.description.data.tokens)
    every = EvaluationSet("validation", len(tokens.split("validation")))
    captions = captioned(parts.captions(trained.description.settings), tokens)
    found = likelihood.evaluate(
        sampler.model,
        sampler.weights,
        tokens,
        every,
        prefixes=captions and captions.validation,
        batch_size=options.batch,
        dtype=precision.by_name(sampler.compute_dtype),
    )
    print(json.dumps({"pictures": every.pictures, **asdict(found)}))


if __name__ == "__main__":
    main()
