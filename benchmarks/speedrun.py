"""How many bits per pixel some minutes of training give, beside a peer on the very same tokens.

    bin/speedrun                                    all sets and budgets whose pictures are at hand
    bin/speedrun photos-32 --minutes 10 --seeds 0,1 --data photos=PATH
    bin/speedrun --quick                            one set, a minute: whether everything runs

Pictures become tokens first, which counts for nobody. Then pixace trains by its command line and is
judged by `pixace evaluate`; after it the peer, peer_nanogpt.py, once for each of its learning
rates, of which the best counts. Both judge all held-out pictures. Each result is a JSON line, here
and in `results.jsonl`; the last ones of a set and a budget are a row of docs/speedrun.md.

All runs on the processor. Pictures are found by `--data NAME=PATH`: anything that pixace reads, or
a token set.
"""

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import speedrun_page
from speedrun_page import RATES, WHO, Result

ROOT = Path(__file__).parents[1]
HERE = ROOT / "benchmarks"
PAGE = ROOT / "docs" / "speedrun.md"


@dataclass(frozen=True)
class Task:
    """Pictures as tokens, and what is trained on them.

    Attributes:
      data: what `--data` calls the pictures.
      size: of a picture, in pixels.
      colors: as `pixace tokenize` takes them.
      gin: the file that pixace is trained with; the peer has a model of the same size.
      batch: the peer's.
    """

    data: str
    size: int
    colors: str
    gin: str
    batch: int


SETS = {
    "digits-8": Task("digits", 8, "grey:17", "digits", 32),
    "emoji-16": Task("emoji", 16, "hsv:4,3,3", "emoji-16", 16),
    "mnist-28": Task("mnist", 28, "kmeans:16", "mnist-28", 8),
    "fashion-28": Task("fashion", 28, "kmeans:16", "mnist-28", 8),
    "tiles-32": Task("tiles", 32, "kmeans:256", "photos-32", 2),
    "photos-32": Task("photos", 32, "hsv:5,4,4", "photos-32", 2),
}
MINUTES = (2.0, 10.0, 30.0)
SEEDS = (0,)
CALIBRATION = 20.0  # seconds, in which the peer finds out what is fastest
BUILT_IN = ("digits", "emoji")
QUICK = (["digits-8"], [0.05], [0])  # sets, minutes, seeds
RESULTS = "results.jsonl"


def tokens_of(name: str, given: argparse.Namespace) -> Path | None:
    """The token set of a set, made if need be; None, and a line, where it cannot be had."""
    task = SETS[name]
    source = given.data.get(task.data, task.data if task.data in BUILT_IN else None)
    if source is None:
        say(f"{name} is left out; --data {task.data}=PATH says where its pictures are")
        return None
    if (Path(source).expanduser() / "header.json").is_file():
        return Path(source).expanduser()
    place = given.out / "tokens" / name
    if place.exists():
        say(f"{name}: tokens of an earlier time, {place}")
        return place
    try:
        pixace("tokenize", source, place, "--size", task.size, "--colors", task.colors)
    except subprocess.CalledProcessError:  # which has said why
        say(f"{name} is left out, for want of tokens")
        return None
    return place


def ours(name: str, tokens: Path, minutes: float, seed: int, given: argparse.Namespace) -> Result:
    """Trains pixace and measures its best model."""
    began = time.perf_counter()
    outcome = json.loads(
        pixace(
            *("train", tokens, "--gin", SETS[name].gin, *budget(minutes), "--seed", seed),
            *("--set", "train.samples = 0", "--track", "none"),
            *("--runs", given.out / "runs", "--json"),
        )
    )
    whole = time.perf_counter() - began
    run = Path(outcome["run"])
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    log = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    units = told["training"]["batch_size"] * row_length(tokens)
    seconds = seconds_of_steps(map(json.loads, log), units)
    return {
        **judged(run),
        "run": str(run),
        "versions": told["versions"],
        "way": told["compute_dtype"],
        "batch": told["training"]["batch_size"],
        "steps": outcome["step"],
        "train_seconds": seconds,
        "other_seconds": whole - seconds,
    }


def judged(run: Path) -> Result:
    """How good the run's best model is, on all held-out pictures."""
    found = json.loads(pixace("evaluate", "--run", run, "--json"))
    means = {name: found[name]["mean"] for name in ("nats_per_token", "bits_per_pixel")}
    return {"pictures": found["bits_per_pixel"]["pictures"], **means}


def budget(minutes: float) -> list[str]:
    """How the command line is told how long to train."""
    return ["--minutes", f"{minutes:g}"]


def peer(name: str, tokens: Path, minutes: float, seed: int, given: argparse.Namespace) -> Result:
    """Trains the peer at each of the rates."""
    command: list[Any] = [
        *(os.environ.get("PIXACE_PEER_PYTHON", sys.executable), HERE / "peer_nanogpt.py", tokens),
        *("--shape", json.dumps(shape(SETS[name].gin)), "--batch", SETS[name].batch),
        *("--minutes", minutes, "--seed", seed, "--rates", ",".join(map(str, given.rates))),
        *(["--calibration", 1, "--plain"] if given.quick else ["--calibration", CALIBRATION]),
    ]
    return json.loads(output(command).splitlines()[-1])


def shape(gin: str) -> dict[str, int]:
    """The sizes of the model that a shipped gin file makes."""
    from pixace.config import gin_files, parts

    settings = parts.model(gin_files.load(gin, []).values).settings
    names = {"d_model": "d_model", "layers": "n_layers", "heads": "n_heads"}
    return {word: settings[theirs] for word, theirs in names.items()}


def row_length(tokens: Path) -> int:
    """How many tokens a picture has, by the header of a file of rows."""
    import numpy as np

    return np.load(tokens / "train-00000.npy", mmap_mode="r").shape[1]


def seconds_of_steps(log: Iterable[dict[str, float]], tokens: int) -> float:
    """The time that training took, without its first step, which compiles, and evaluations.

    Args:
      log: lines of metrics; those with `tokens_per_second` tell of all steps since the last one.
      tokens: of one step.
    """
    seconds, before = 0.0, 1.0
    for line in log:
        if "tokens_per_second" in line:
            seconds += (line["step"] - before) * tokens / line["tokens_per_second"]
            before = line["step"]
    return seconds


def measured(name: str, tokens: Path, minutes: float, seed: int, given: argparse.Namespace) -> None:
    """Lets both train, tells and keeps what came of it."""
    about = {"set": name, "minutes": minutes, "seed": seed, "tokens": checksum(tokens), **machine()}
    for who in [given.only] if given.only else WHO:
        train = ours if who == "pixace" else peer
        line = json.dumps({"who": who, **about, **train(name, tokens, minutes, seed, given)})
        print(line, flush=True)
        with (given.out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def shown(name: str, tokens: Path, minutes: float, out: Path, page: Path) -> None:
    """Writes the row of a set and a budget, once both have trained with a seed."""
    results = map(json.loads, (out / RESULTS).read_text(encoding="utf-8").splitlines())
    cores = machine()["cores"]
    same = {"set": name, "minutes": minutes, "tokens": checksum(tokens), "cores": cores}
    found = speedrun_page.latest(results, same)
    if not found["pixace"]:
        say(f"{name}, {minutes:g} minutes: no row yet, as one of {' and '.join(WHO)} is missing")
        return
    row = speedrun_page.row_of(name, minutes, *found.values())
    say(row)
    text = page.read_text(encoding="utf-8")
    page.write_text(speedrun_page.with_row(text, row, list(SETS)), encoding="utf-8")


def checksum(tokens: Path) -> str:
    """Tells token sets apart: the first digits of what the header says of the held-out rows."""
    files = json.loads((tokens / "header.json").read_text(encoding="utf-8"))["files"]
    return next(each["sha256"] for each in files if each["name"].startswith("validation-"))[:12]


def machine() -> Result:
    """What a result depends on besides."""
    try:
        known = re.search(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        known = None
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": known[1] if known else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def pixace(*arguments: Any) -> str:
    """What a command of pixace prints; -P, so that nothing in the working folder gets between."""
    return output([sys.executable, "-P", "-m", "pixace", *arguments])


def output(command: list[Any]) -> str:
    """What a process prints; its errors and bars go where ours do."""
    here = {**os.environ, "JAX_PLATFORMS": "cpu"}
    words = list(map(str, command))
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=here).stdout


def say(line: str) -> None:
    """Tells people, while stdout is for programs."""
    print(f"speedrun: {line}", file=sys.stderr, flush=True)


def listed(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """How to read an argument such as `2,10`."""

    def numbers(text: str) -> list[Any]:
        return [kind(each) for each in text.split(",")]

    return numbers


def pictures(text: str) -> tuple[str, str]:
    """Reads an argument such as `photos=PATH`.

    Raises:
      argparse.ArgumentTypeError: no set has such pictures, or no path follows.
    """
    name, _, path = text.partition("=")
    known = sorted({task.data for task in SETS.values()})
    if not path or name not in known:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH with one of {known}")
    return name, path


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}")
    parser.add_argument("--minutes", type=listed(float), default=MINUTES, help="commas between")
    parser.add_argument("--seeds", type=listed(int), default=SEEDS, help="commas between")
    parser.add_argument("--data", type=pictures, action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--only", choices=WHO, help="the other's results are those of before")
    parser.add_argument(
        "--rates", type=listed(float), default=RATES, help=f"the peer's, of {RATES}; commas between"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/speedrun"), help="for what is made")
    parser.add_argument("--quick", action="store_true", help="whether everything runs")
    given = parser.parse_args()
    if unknown := [name for name in given.sets if name not in SETS]:
        parser.error(f"no set {unknown[0]!r}; there are {', '.join(SETS)}")
    if unknown := set(given.rates) - set(RATES):
        parser.error(f"the table has no column for the rate {min(unknown):g}; there are {RATES}")
    given.data, page = dict(given.data), PAGE
    if given.quick:
        given.sets, given.minutes, given.seeds = QUICK
        given.out, page = given.out / "quick", given.out / "quick" / PAGE.name
    given.out.mkdir(parents=True, exist_ok=True)
    if given.quick:
        page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name in given.sets or SETS:
        if tokens := tokens_of(name, given):
            for minutes in given.minutes:
                for seed in given.seeds:
                    measured(name, tokens, minutes, seed, given)
                shown(name, tokens, minutes, given.out, page)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as why:  # its own words stand above
        sys.exit(f"speedrun: failed with {why.returncode}: {shlex.join(why.cmd)}")
