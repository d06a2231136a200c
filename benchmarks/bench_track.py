"""What trackers cost a training: milliseconds a step with none, TensorBoard, MLflow, and both.

    python benchmarks/bench_track.py --rounds 3

The same small training of the built-in digits each time, in turn; compilation, evaluations and the
first round are not counted. Prints a line for each and one JSON line of medians.
"""

import argparse
import json
import statistics
import tempfile

import pixace

WAYS = {"none": ["none"], "tensorboard": ["tensorboard"], "mlflow": ["mlflow"]}
WAYS["both"] = ["tensorboard", "mlflow"]
SMALL = ["D_MODEL = 32", "D_FF = 64", "LAYERS = 1", "train.batch_size = 16", "train.samples = 0"]
TOKENS = 16 * 64  # of a step


def milliseconds(way: str, steps: int) -> float:
    """Of a step; the log has a line for each ten of them."""
    with tempfile.TemporaryDirectory() as root:
        bindings = [*SMALL, f"train.evaluate_every = {steps}", "train.log_every = 10"]
        outcome = pixace.train(bindings=bindings, steps=steps, track=WAYS[way], root=root)
    return 1000 * TOKENS / outcome.tokens_per_second


def main() -> None:
    """Times all ways, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    asked = parser.parse_args()
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(1 + asked.rounds):
        for way, times in found.items():
            times.append(milliseconds(way, asked.steps))
    medians = {way: statistics.median(times[1:]) for way, times in found.items()}
    for way, times in found.items():
        print(
            f"{way:12s} {medians[way]:.2f} ms a step ({min(times[1:]):.2f} … {max(times[1:]):.2f})"
        )
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
