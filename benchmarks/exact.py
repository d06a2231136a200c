"""What a dozen tiny trainings end in, and what their models draw, as checksums.

    python benchmarks/exact.py > before.json
    … after a change that must not change any result …
    python benchmarks/exact.py --compare before.json

Each kind of model, tokenizer, caption, window and codebook is trained for a few steps. Weights are
summed up whatever their names are, so that they may be named anew. The sums depend on the
processor and on JAX: compare them on one machine, and don't keep them.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pixace

TINY = (
    *("D_MODEL = 16", "D_FF = 32", "LAYERS = 2", "HEADS = 2"),
    *("train.steps = 6", "train.batch_size = 8", "train.learning_rate = 0.01"),
    *("train.warmup_steps = 1", "train.log_every = 1", "train.evaluate_every = 3"),
    *("train.samples = 4", "train.track = 'none'"),
)
CODEBOOK = (
    *("codebook.steps = 6", "codebook.batch_size = 8", "codebook.log_every = 2"),
    *("codebook.evaluate_every = 3", "codebook.warmup_steps = 1", "codebook.track = 'none'"),
    *("codebook.codes = 16", "codebook.dim = 8", "codebook.width = 16", "codebook.blocks = 1"),
    *("codebook.discriminator = 0.5", "codebook.discriminator_from = 3"),
)
SMALL = ("pictures.size = 8", "pictures.colors = 'hsv:3,2,2'")
RUNS: dict[str, dict[str, Any]] = {
    "transformer": {"bindings": SMALL},
    "reformer": {"model": "reformer", "bindings": SMALL},
    "learned positions": {"bindings": [*SMALL, "POSITIONS = 'learned'"]},
    "remat": {"bindings": [*SMALL, "transformer.remat = True"]},
    "window": {"bindings": [*SMALL, "WINDOW = 2"]},
    "window, reversible": {"model": "reformer", "bindings": [*SMALL, "WINDOW = 2"]},
    "hashed attention": {
        "model": "reformer",
        "bindings": [
            *SMALL,
            "reformer.attention = 'lsh'",
            *("LSHSelfAttention.chunk_len = 16", "LSHSelfAttention.n_hashes = 2"),
        ],
    },
    "averaged": {
        "order": "column",
        "bindings": [*SMALL, "train.ema = 0.5", "train.optimizer = 'adafactor'"],
    },
    "accumulated": {
        "colors": "kmeans:8",
        "bindings": [
            *("pictures.size = 8", "train.accumulate = 2", "train.dtype = 'bfloat16'"),
            "train.schedule = 'rsqrt'",
        ],
    },
    "captions": {"template": ["a picture of {label}", "{label}"], "bindings": SMALL},
    "labels": {"model": "reformer", "captions": True, "bindings": SMALL},
}


def main() -> None:
    """Trains, draws, and prints or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", type=Path, help="sums that were printed before")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = sums(Path(folder))
    print(json.dumps(found, indent=1))
    if asked.compare:
        before = json.loads(asked.compare.read_text())
        others = [
            name for name in before.keys() | found.keys() if before.get(name) != found.get(name)
        ]
        print(
            f"{len(found)} kinds; others than before: {sorted(others) or 'none'}", file=sys.stderr
        )
        sys.exit(bool(others))


def sums(folder: Path) -> dict[str, dict[str, str]]:
    """The checksums of everything, by the name of its training."""
    data, found = pictures(folder / "pictures.npz"), {}
    for name, given in RUNS.items():
        found[name] = of_run(
            lambda root, given=given: pixace.train(data, root=root, **_all(given)), folder / name
        )
    made = pixace.codebook(data, size=8, bindings=CODEBOOK, root=folder / "codebook")
    found["codebook"] = {"weights": of_weights(made.run.path / "model.safetensors")}
    coded = {"colors": f"vq:{made.run.path}", "bindings": ["pictures.size = 8"]}
    found["codes"] = of_run(
        lambda root: pixace.train(data, root=root, **_all(coded)), folder / "codes"
    )
    stopped = folder / "stopped"
    pixace.train(data, root=stopped, **_all({"bindings": [*SMALL, "train.schedule = 'constant'"]}))
    found["gone on with"] = of_run(lambda root: pixace.resume(steps=9, root=root), stopped)
    return found


def of_run(train: Callable[[Path], Any], root: Path) -> dict[str, str]:
    """The sums of a run's weights, and of what it draws and finishes."""
    run = train(root).run
    trained = pixace.load(run.path)
    classes = list(trained.vocabulary.classes)[:2] if trained.vocabulary else None
    drawn = trained.generate(3, seed=1, classes=classes, guidance=2.0 if classes else 1.0)
    some = trained.generate(2, seed=2, top_k=5, top_p=0.9, temperature=0.8)
    photo = np.linspace(0, 255, 8 * 8 * 3).reshape(8, 8, 3).astype(np.uint8)
    finished = trained.complete(photo, samples=2, temperature=[0, 1.0]).finished
    return {
        "weights": of_weights(run.path / "model.safetensors"),
        "drawn": _sum(drawn.tobytes(), some.tobytes()),
        "finished": _sum(finished.tobytes()),
    }


def of_weights(path: Path) -> str:
    """The sum of all arrays of a model file, whatever they are called."""
    from safetensors.numpy import load_file

    arrays = load_file(path).values()
    return _sum(*sorted(f"{each.dtype}{each.shape}".encode() + each.tobytes() for each in arrays))


def pictures(path: Path) -> Path:
    """48 pictures of 8x8 in colours: gradients with noise, of four labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(48) % 4
    ramp = np.linspace(0, 200, 8)[None, None, :, None] * np.array([[[[1.0, 0.5, 0.2]]]])
    noise = rng.integers(0, 50, (48, 8, 8, 3))
    made = np.clip(ramp + noise + labels[:, None, None, None] * 20, 0, 255).astype(np.uint8)
    np.savez(path, images=made, labels=labels)
    return path


def _all(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "gin": "base", "bindings": [*TINY, *given["bindings"]]}


def _sum(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


if __name__ == "__main__":
    main()
