"""Whether a model draws what it is asked for, in the eyes of a classifier that knows the real ones.

    python benchmarks/obey.py RUN --n 50 --guidance 2

The classifier is fitted to the pictures that the run was trained on, and judged by those that were
held out. It then says which class each drawn picture is of; the share of right ones must be at
least 95 %, and it ends in one JSON line.
"""

import argparse
import json
import time

import numpy as np

import pixace
from pixace.data import token_set
from pixace.evaluation.class_agreement import Classifier

ENOUGH = 0.95


def main() -> None:
    """Measures one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--runs", default=None)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0, 3.0])
    parser.add_argument("--temperature", type=float, default=1.0)
    options = parser.parse_args()
    model = pixace.load(options.run, root=options.runs)
    classifier = Classifier.fitted(token_set.open_set(model.description.data.tokens))
    facts = {"run": options.run, "held_out": classifier.accuracy, "agreement": {}}
    classes = list(model.vocabulary.classes)
    for guidance in options.guidance:
        began = time.perf_counter()
        drawn = model.generate(
            options.n, classes=classes, guidance=guidance, temperature=options.temperature
        )
        shares = classifier.agreement(drawn, np.repeat(classes, options.n).tolist())
        seconds = time.perf_counter() - began
        print(f"guidance {guidance:g}: {np.mean(list(shares.values())):.4f} in {seconds:.0f} s")
        print("  " + ", ".join(f"{name} {share:.2f}" for name, share in shares.items()))
        facts["agreement"][f"{guidance:g}"] = float(np.mean(list(shares.values())))
    print(json.dumps(facts))
    assert facts["held_out"] >= ENOUGH, f"the classifier is right in {facts['held_out']:.1%} only"
    assert max(facts["agreement"].values()) >= ENOUGH, (
        "the model does not draw what it is asked for"
    )


if __name__ == "__main__":
    main()
