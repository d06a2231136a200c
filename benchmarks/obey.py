"""Whether a model draws what it is asked for, in the eyes of a classifier that knows the real ones.

    python benchmarks/obey.py RUN --n 50 --guidance 2

The classifier is scikit-learn's, fitted to the pictures that the run was trained on, as its
tokenizer shows them, and judged by those that were held out. It then says which class each drawn
picture is of; the share of right ones must be at least 95 %, and it ends in one JSON line.
"""

import argparse
import json
import time

import numpy as np
from sklearn.svm import SVC

import pixace
from pixace.data import token_set

ENOUGH = 0.95
MOST = 12_000  # pictures to fit to; more take minutes


def pictures(tokens, split, most=MOST):
    """The first pictures of a split, one row of numbers in 0..1 each, and their labels."""
    count = min(most, len(tokens.split(split)))
    shown = tokens.tokenizer.decode(tokens.split(split).rows(np.arange(count)))
    labels = [record["label"] for record in tokens.records(split)][:count]
    return flat(shown), np.array(labels)


def flat(images):
    """Grey pictures as rows of numbers in 0..1."""
    return images[..., 0].reshape(len(images), -1) / 255


def classifier(tokens):
    """A classifier of a token set's pictures, and its share of right answers on held-out ones."""
    fitted = SVC(C=10).fit(*pictures(tokens, "train"))
    return fitted, fitted.score(*pictures(tokens, "validation"))


def agreement(model, judge, n, **settings):
    """For each class, the share of `n` pictures drawn for it that the classifier takes for it."""
    classes = list(model.vocabulary.classes)
    seen = judge.predict(flat(model.generate(n, classes=classes, **settings))).reshape(-1, n)
    return {name: float(np.mean(row == name)) for name, row in zip(classes, seen, strict=True)}


def main():
    """Measures one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--runs", default=None)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0, 3.0])
    parser.add_argument("--temperature", type=float, default=1.0)
    asked = parser.parse_args()
    model = pixace.load(asked.run, root=asked.runs)
    judge, held_out = classifier(token_set.open_set(model.description.data.tokens))
    facts = {"run": asked.run, "held_out": held_out, "agreement": {}}
    for guidance in asked.guidance:
        began = time.perf_counter()
        shares = agreement(model, judge, asked.n, guidance=guidance, temperature=asked.temperature)
        seconds = time.perf_counter() - began
        print(f"guidance {guidance:g}: {np.mean(list(shares.values())):.4f} in {seconds:.0f} s")
        print("  " + ", ".join(f"{name} {share:.2f}" for name, share in shares.items()))
        facts["agreement"][f"{guidance:g}"] = float(np.mean(list(shares.values())))
    print(json.dumps(facts))
    assert held_out >= ENOUGH, f"the classifier is right in {held_out:.1%} only"
    assert max(facts["agreement"].values()) >= ENOUGH, (
        "the model does not draw what it is asked for"
    )


if __name__ == "__main__":
    main()
