"""Flips single bits of what is on disk, and sees whether anyone notices.

    python benchmarks/faults_flips.py --flips 1000

A flip is found (one line says so), harmless (what is read is what was written), silent (it is
something else), or a fault (any other exception). Prints one line of JSON for each kind of file.
"""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pixace
from pixace.data.token_set import open_set
from pixace.errors import PixaceError
from pixace.evaluation import compressed_file
from pixace.runs import model_file
from pixace.runs.checkpoints import Checkpoints
from pixace.runs.run_folder import Run
from pixace.storage import pytrees

SMALL = ("D_MODEL=8", "D_FF=16", "LAYERS=1", "HEADS=2", "train.samples=0")
STEPS = ("train.steps=8", "train.evaluate_every=4", "train.batch_size=8")
CODES = ("codebook.codes=8", "codebook.downsample=4", "codebook.width=16", "codebook.blocks=1")
ALSO = ("codebook.dim=8", "codebook.steps=4", "codebook.evaluate_every=4")
Fact = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What is kept on disk.

    Attributes:
      name: of the kind.
      place: the file or folder.
      read: everything that is in it, as something that can be compared.
    """

    name: str
    place: Path
    read: Callable[[Path], Any]


def main() -> None:
    """Flips bits of each kind of file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flips-") as folder:
        for fact in flipped(Path(folder), options.flips, options.seed):
            print(json.dumps(fact), flush=True)


def flipped(root: Path, flips: int, seed: int = 0) -> Iterator[Fact]:
    """For each kind of file, how many flips were found, harmless, silent or faults.

    Args:
      root: an empty folder.
      flips: of all kinds together.
      seed: of the bits.
    """
    every = kinds(root)
    for kind in every:
        luck, wanted = random.Random(f"{seed} {kind.name}"), kind.read(kind.place)
        fates, bad = Counter[str](), list[str]()
        for _ in range(-(-flips // len(every))):
            file, bit = chosen(kind.place, luck)
            fate = fate_of(kind, file, bit, wanted, root / "flipped")
            fates[fate.partition(":")[0]] += 1
            if fate not in ("found", "harmless"):
                bad.append(f"{file.relative_to(kind.place.parent)} bit {bit}: {fate}")
        yield {"kind": kind.name, "flips": fates.total(), **fates, "faults": bad}


def kinds(root: Path) -> list[Kind]:
    """One of each, made by the commands that make them."""
    os.environ["PIXACE_CACHE"] = str(root / "cache")
    rng = np.random.default_rng(0)
    pictures = root / "pictures"
    pictures.mkdir()
    for i in range(60):
        np.save(pictures / f"{i}.npy", rng.integers(0, 256, (1, 8, 8)).astype(np.uint8))
    source, runs = str(pictures / "*.npy"), root / "runs"
    with contextlib.redirect_stderr(io.StringIO()):
        codes = pixace.codebook(source, bindings=["pictures.size=8", *CODES, *ALSO], root=runs)
        colors = f"vq:{codes.run.path}"
        pixace.tokenize(source, root / "set", size=8, colors=colors)
        small = [*SMALL, *STEPS]
        run = pixace.train(
            source, gin="base", bindings=[*small, f"pictures.colors='{colors}'"], root=runs
        ).run
        pixace.compress(source, root / "all.pxc", run=run.path)
    return [
        Kind("token set", root / "set", tokens),
        Kind("model file", run.path / "model.safetensors", weights),
        Kind("description", run.path / "run.json", lambda at: Run(at.parent).read()),
        Kind("checkpoints", run.path / "checkpoints", newest),
        Kind("compressed", root / "all.pxc", compressed_file.read),
    ]


def chosen(place: Path, luck: random.Random) -> tuple[Path, int]:
    """A file and one of its bits: each bit of all files as often as any other."""
    files = (
        [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.is_file())
    )
    sizes = [each.stat().st_size for each in files]
    file = luck.choices(files, sizes)[0]
    return file, luck.randrange(8 * file.stat().st_size)


def fate_of(kind: Kind, file: Path, bit: int, wanted: Any, at: Path) -> str:
    """What comes of a copy with one bit flipped."""
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    copy = at / kind.place.name
    (shutil.copytree if kind.place.is_dir() else shutil.copy)(kind.place, copy)
    spoilt = copy / file.relative_to(kind.place) if kind.place.is_dir() else copy
    data = bytearray(spoilt.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    spoilt.write_bytes(data)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            found = kind.read(copy)
    except PixaceError:
        return "found"
    except Exception as why:
        return f"fault: {type(why).__name__}: {why}"
    if "damaged" in said.getvalue():
        return "found"
    return "harmless" if found == wanted else "silent"


def tokens(at: Path) -> Any:
    """All rows, records and learned arrays of a token set."""
    found = open_set(at)
    parts = ("train", "validation")
    rows = [found.split(part).rows(np.arange(len(found.split(part)))).tobytes() for part in parts]
    said = [list(found.records(part)) for part in parts]
    return rows, said, pytrees.sha256(found.tokenizer.arrays), found.tokenizer.spec


def weights(at: Path) -> Any:
    """All arrays of a model file, and what it says of itself."""
    flat, described = model_file.read(at)
    return pytrees.sha256(flat), described


def newest(at: Path) -> Any:
    """All arrays of the newest checkpoint."""
    found: dict[str, str] = {}
    with Checkpoints(at, keep=99) as checkpoints:
        checkpoints.restore({}, lambda flat: found.update(all=pytrees.sha256(flat)) or {})
    return found


if __name__ == "__main__":
    main()
