"""All benchmarks of training and drawing, beside the peers: a table, and one JSON line at the end.

    bin/bench [--quick] [--only training|drawing]

For a GPU there is bench_gpu.py.

Every contestant runs in a process of its own, in turn, several rounds; what counts is the median.
The environment, and with it how memory is asked for, is the same for all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from shape import SHAPE

HERE = Path(__file__).parent

Command = list[str]


def contestants(peer: str, batches: list[int]) -> dict[str, dict[str, Command]]:
    """Per discipline, who takes part."""
    shape = ["--shape", json.dumps(SHAPE)]
    mine = [sys.executable, str(HERE / "bench_step.py")]
    draws = [sys.executable, str(HERE / "bench_sampling.py")]
    torch = [peer, str(HERE / "peer_torch.py"), *shape, "--batch", "4"]
    hugging_face = [peer, str(HERE / "peer_huggingface.py"), *shape]
    found: dict[str, dict[str, Command]] = {
        "training, batch 4": {
            "pixace": [*mine, "--dtype", "auto"],
            "pixace float32": [*mine, "--dtype", "float32"],
            "pixace reformer": [*mine, "--model", "reformer"],
            "trax": [*mine, "--who", "trax"],
            "pytorch float32": [*torch, "--dtype", "float32"],
            "pytorch bfloat16": [*torch, "--dtype", "bfloat16"],
            "pytorch compiled": [*torch, "--dtype", "bfloat16", "--compile"],
        }
    }
    for batch in batches:
        size = ["--batch", str(batch)]
        found[f"drawing, batch {batch}"] = {
            "pixace": [*draws, *size],
            "pixace reformer": [*draws, *size, "--model", "reformer"],
            "trax": [*draws, *size, "--who", "trax"],
        }
        if batch <= 16:
            found[f"drawing, batch {batch}"]["hugging face"] = [*hugging_face, *size]
    return found


def figures(command: Command) -> dict[str, float] | None:
    """What a contestant measured; None where it cannot take part here."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE.parent)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word why"]
        print(f"  {' '.join(command[1:3])}: {last[0]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Runs, prints, sums up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    parser.add_argument("--only", choices=["training", "drawing"])
    given = parser.parse_args()
    peer = os.environ.get("PIXACE_PEER_PYTHON", sys.executable)
    summary: dict[str, object] = {"shape": SHAPE}
    for discipline, commands in contestants(peer, [1, 16, 64]).items():
        if given.only and not discipline.startswith(given.only):
            continue
        seen: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for _ in range(1 if given.quick else 3):
            for name, command in commands.items():
                if found := figures(command):
                    seen[name].append(found)
        print(discipline)
        medians = {
            name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
            for name, rounds in seen.items()
            if rounds
        }
        for name, found in medians.items():
            ratio = found["seconds"] / medians["pixace"]["seconds"]
            rest = " ".join(f"{key}={found[key]:.3g}" for key in found if key != "seconds")
            print(f"  {name:18} {1000 * found['seconds']:9.2f} ms  {ratio:6.2f} times ours  {rest}")
        summary[discipline] = medians
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
