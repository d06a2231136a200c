"""Kills commands at random moments and lets them go on, until what they make is the same as ever.

    python benchmarks/faults_kills.py --kills 200

Each command is first run to its end, for how long it takes and what it makes. Then it is begun
again and again, killed (SIGKILL) up to three times, and ended. Weights and checkpoints are compared
array by array, all else by its bytes. Prints one line of JSON for each command.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixace.runs import model_file
from pixace.runs.checkpoints import FOLDER, Checkpoints, saved
from pixace.runs.run_folder import INFO, Run
from pixace.storage import pytrees
from pixace.training.metrics_log import METRICS, read

PIXACE = (sys.executable, "-m", "pixace")
IN_A_ROW = 3  # kills of a command, at most, before it may end
GONE = 10.0  # seconds that processes have to end after the one that began them
SMALL = ("D_MODEL=16", "D_FF=32", "LAYERS=1", "HEADS=2")
TRAINED = ("train.steps=400", "train.evaluate_every=20", "train.samples=0", "train.batch_size=8")
LEARNED = ("codebook.codes=8", "codebook.downsample=4", "codebook.width=16", "codebook.blocks=1")
ALSO = ("codebook.dim=8", "codebook.steps=200", "codebook.evaluate_every=10")
MODEL = Path("model", "runs", "it")
OF_A_MODEL = ("generate", "compress")
Digests = dict[str, str]  # by name, of all that a command makes
Fact = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A command.

    Attributes:
      name: of the command.
      begin: its arguments.
      on: those to go on with after a kill, in a folder; the same where it begins anew, None where
        nothing is left to do.
      made: what it has made in a folder.
      share: of all kills.
    """

    name: str
    begin: tuple[str, ...]
    on: Callable[[Path], tuple[str, ...] | None]
    made: Callable[[Path], Digests]
    share: float


def main() -> None:
    """Kills each command its share of times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one of the commands")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for fact in killed(Path(folder), options.kills, options.seed, options.only):
            print(json.dumps(fact), flush=True)


def killed(
    root: Path, kills: int, seed: int = 0, only: str | None = None
) -> list[dict[str, object]]:
    """For each command, how often it was killed, and what was not as it should be.

    Args:
      root: an empty folder.
      kills: of all commands together.
      seed: of the moments.
      only: the one command to kill; None for all.
    """
    os.environ["PIXACE_CACHE"] = str(root / "cache")
    pictures(root)
    train, *others = jobs(root)
    for job in (train, *others):
        if only in (None, job.name):
            if job.name in OF_A_MODEL and not (root / MODEL).exists():
                (root / MODEL.parts[0]).mkdir()
                ended(train.begin, root / MODEL.parts[0])
            luck = random.Random(f"{seed} {job.name}")
            wanted = kills if only else max(1, round(job.share * kills))
            yield tried(job, root, wanted, luck)


def pictures(root: Path) -> None:
    """Few and many small ones, and a model of them."""
    rng = np.random.default_rng(0)
    shades = np.array([30, 90, 160, 220]).repeat(2)[None, :] + rng.integers(-40, 40, (12_000, 8, 8))
    many = np.clip(shades, 0, 255).astype(np.uint8)
    np.save(root / "many.npy", many)
    np.save(root / "few.npy", many[:300])
    (root / "folder").mkdir()
    for i, each in enumerate(many[:40]):
        Image.fromarray(each).save(root / "folder" / f"{i:02}.png")


def jobs(root: Path) -> list[Job]:
    """All commands, each with what it needs."""
    few, size = str(root / "few.npy"), ("--size", "8", "--colors", "grey:8")
    model = root / MODEL
    train = ("train", few, *size, "--gin", "base", *bound(*SMALL, *TRAINED))
    codebook = ("codebook", few, "--size", "8", *bound(*LEARNED, *ALSO))
    tokenize = ("tokenize", str(root / "many.npy"), "set", *size, "--workers", "2")
    generate = ("generate", "--run", str(model), "--n", "64", "--batch-size", "8", "--each", "each")
    compress = ("compress", str(root / "folder"), "out.pxc", "--run", str(model))
    return [
        training("train", train, 0.4),
        training("codebook", codebook, 0.2),
        Job("tokenize", tokenize, lambda at: until(at / "set", tokenize), files, 0.2),
        Job("generate", generate, lambda at: without(at / "each", generate), shown, 0.1),
        Job("compress", compress, lambda at: compress, files, 0.1),
    ]


def training(name: str, begin: tuple[str, ...], share: float) -> Job:
    """A command that makes a run."""
    return Job(name, (*begin, "--name", "it"), lambda at: on(at, name, begin), run, share)


def until(made: Path, begin: tuple[str, ...]) -> tuple[str, ...] | None:
    """How it begins anew, unless all was made before the kill."""
    return None if made.exists() else begin


def without(folder: Path, begin: tuple[str, ...]) -> tuple[str, ...]:
    """How a drawing begins anew: its user is told of pictures that are there."""
    shutil.rmtree(folder, ignore_errors=True)
    return begin


def bound(*settings: str) -> tuple[str, ...]:
    """Settings as options."""
    return tuple(word for each in settings for word in ("--set", each))


def on(at: Path, command: str, begin: tuple[str, ...]) -> tuple[str, ...] | None:
    """How a training goes on; one without a checkpoint is begun anew, as its user is told."""
    place = at / "runs" / "it"
    if (place / INFO).exists() and saved(place):
        if Run(place).read().status == "finished":
            return None
        return (command, "--resume", "it")
    shutil.rmtree(place, ignore_errors=True)
    return (*begin, "--name", "it")


def tried(job: Job, root: Path, kills: int, luck: random.Random) -> Fact:
    """Kills one command so many times."""
    first = root / job.name
    first.mkdir()
    began = time.perf_counter()
    ended(job.begin, first)
    took, wanted = time.perf_counter() - began, job.made(first)
    done, rounds, faults = 0, 0, list[str]()
    while done < kills:
        at = root / f"{job.name}-{rounds}"
        at.mkdir()
        begin, rounds = job.begin, rounds + 1
        for _ in range(min(luck.randint(1, IN_A_ROW), kills - done)):
            if begin is None:
                break
            what = fate(begin, at, luck.uniform(0, took))
            done += 1
            faults += [f"{job.name} {rounds}: {what}"] if what else []
            faults += [f"{job.name} {rounds}: {it} is half" for it in half(job.made(at), wanted)]
            begin = job.on(at)
        if begin and (why := ended(begin, at, check=False)):
            faults.append(f"{job.name} {rounds}: {why}")
        elif (made := job.made(at)) != wanted:
            other = sorted(name for name in made | wanted if made.get(name) != wanted.get(name))
            faults.append(f"{job.name} {rounds}: not as without a kill: {', '.join(other)}")
        else:
            shutil.rmtree(at)
    return {"command": job.name, "kills": done, "rounds": rounds, "faults": faults}


def fate(arguments: tuple[str, ...], at: Path, after: float) -> str | None:
    """Kills a command after so many seconds, if it is still there; says which processes stayed."""
    process = subprocess.Popen(
        (*PIXACE, *arguments),
        cwd=at,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    until = time.monotonic() + GONE
    while left := of_session(process.pid):
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            return f"processes stayed: {left}"
        time.sleep(0.1)
    return None


def of_session(session: int) -> list[int]:
    """Processes of a session that are not yet gone."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # just gone
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def ended(arguments: tuple[str, ...], at: Path, *, check: bool = True) -> str | None:
    """Runs a command to its end; why it failed, or None."""
    done = subprocess.run(
        (*PIXACE, *arguments), cwd=at, capture_output=True, text=True, check=False
    )
    if done.returncode and check:
        raise SystemExit(done.stderr)
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


def half(made: Digests, wanted: Digests) -> list[str]:
    """What has the name that it should have when it is whole, and is not."""
    both = [name for name in wanted if name.startswith("whole ") and name in made]
    return [name for name in both if made[name] != wanted[name]]


def run(at: Path) -> Digests:
    """The last checkpoint, the model and the losses of a run, and the names of its files."""
    place = at / "runs" / "it"
    if not (place / INFO).exists() or not saved(place):
        return {}
    made = {"names": str(names(place))}
    with Checkpoints(place / FOLDER, keep=99) as checkpoints:
        checkpoints.restore({}, lambda flat: made.update(checkpoint=pytrees.sha256(flat)) or {})
    made["model"] = pytrees.sha256(model_file.read(place)[0])
    chosen = ("step", "loss", "validation_loss")
    lines = [[line.get(name) for name in chosen] for line in read(place / METRICS)]
    return made | {"losses": digest(json.dumps(lines).encode())}


def names(place: Path) -> list[str]:
    """Files of a run, but those that others write in ways of their own."""
    # A collage is drawn when all is done, and a lock's file says nothing without its process.
    folders = (FOLDER, "tensorboard", "collage.png", ".lock")
    every = (path.relative_to(place) for path in place.rglob("*"))
    found = {str(each) for each in every if each.parts[0] not in folders}
    return sorted(found | {f"{FOLDER}/{each.name}" for each in (place / FOLDER).iterdir()})


def files(at: Path) -> Digests:
    """All files, whatever they are called; those with a name of their own must be whole."""
    every = [path for path in at.rglob("*") if path.is_file()]
    return {f"whole {path.relative_to(at)}": digest(path.read_bytes()) for path in every}


def shown(at: Path) -> Digests:
    """Pictures by their pixels, as a PNG has a date; all else by its name."""
    made = {}
    for path in at.rglob("*"):
        if path.suffix == ".png":
            with Image.open(path) as picture:
                made[f"whole {path.relative_to(at)}"] = digest(picture.tobytes())
        elif path.is_file():
            made[str(path.relative_to(at))] = ""
    return made


def digest(data: bytes) -> str:
    """A checksum."""
    return sha256(data).hexdigest()[:16]


if __name__ == "__main__":
    main()
