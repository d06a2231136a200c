"""Works for long and looks whether memory and files stay as they are.

    python benchmarks/faults_soak.py --steps 500000 --pictures 10000 --tokenize 1000000

Trains a tiny model for so many steps, draws so many pictures, tokenizes so many; each in a process
of its own that is looked at once a second. Prints one line of JSON for each, with the memory that
it held and how that grew, from the second quarter of its time on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

PIXACE = (sys.executable, "-m", "pixace")
SIZES = ("D_MODEL=8", "D_FF=16", "LAYERS=1", "HEADS=2")
LONG = 500_000, 10_000, 1_000_000  # steps, pictures that are drawn, and that are tokenized
Fact = dict[str, Any]


def main() -> None:
    """Does all three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=LONG[0])
    parser.add_argument("--pictures", type=int, default=LONG[1])
    parser.add_argument("--tokenize", type=int, default=LONG[2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        wanted = options.steps, options.pictures, options.tokenize
        for fact in soaked(Path(folder), *wanted):
            print(json.dumps(fact), flush=True)


def soaked(root: Path, steps: int, pictures: int, tokenize: int) -> Iterator[Fact]:
    """Memory and files of a long training, a long drawing and a long tokenizing."""
    rng = np.random.default_rng(0)
    np.save(root / "few.npy", rng.integers(0, 256, (200, 4, 4)).astype(np.uint8))
    size = ("--size", "4", "--colors", "grey:4")
    often = ("train.samples=0", "train.evaluate_every=1000", "train.log_every=1000")
    settings = [f"train.steps={steps}", "train.batch_size=1", "train.track='none'", *often, *SIZES]
    bound = [word for each in settings for word in ("--set", each)]
    run = ("train", "few.npy", *size, "--gin", "base", "--name", "run", *bound)
    yield {"what": "train", "steps": steps, **watched(run, root, steps)}
    draw = ("generate", "--run", "run", "--n", str(pictures), "--no-collage", "--each", "drawn")
    yield {"what": "generate", "pictures": pictures, **watched(draw, root, pictures)}
    many = np.lib.format.open_memmap(root / "many.npy", "w+", np.uint8, (tokenize, 4, 4))
    for start in range(0, tokenize, 100_000):
        part = many[start : start + 100_000]
        part[:] = rng.integers(0, 256, part.shape)
    del many
    rows = ("tokenize", "many.npy", "set", *size)
    yield {"what": "tokenize", "pictures": tokenize, **watched(rows, root, tokenize)}


def watched(arguments: tuple[str, ...], at: Path, units: int) -> Fact:
    """Runs a command, and says what it and its children held."""
    began, held = time.monotonic(), list[tuple[float, int]]()
    with (at / "said").open("w") as said:
        process = subprocess.Popen((*PIXACE, *arguments), cwd=at, stdout=said, stderr=said)
        while process.poll() is None:
            held.append((time.monotonic() - began, memory(process.pid)))
            time.sleep(1)
    if process.returncode:
        raise SystemExit((at / "said").read_text())
    took = time.monotonic() - began
    times, bytes_ = np.array([each for each in held if each[1]], float).T
    late = times > took / 4
    slope = np.polyfit(times[late], bytes_[late], 1)[0] * took / units if late.sum() > 2 else None
    files = sum(1 for path in at.rglob("*") if path.is_file() and path.parent.name != "drawn")
    return {
        "seconds": round(took),
        "peak_mb": round(bytes_.max() / 1e6),
        "growth_per_unit_bytes": None if slope is None else round(slope, 1),
        "files": files,
    }


def memory(process: int) -> int:
    """Bytes that a process and its children hold and share with no other."""
    try:
        parent = psutil.Process(process)
        every = [parent, *parent.children(recursive=True)]
        return sum(each.memory_full_info().uss for each in every)
    except psutil.Error:  # one has just ended
        return 0


if __name__ == "__main__":
    main()
