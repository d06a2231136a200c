"""Damaged files by the thousand, given to whatever in pixace reads files of strangers.

    python benchmarks/faults_fuzz.py --n 100000 --seed 0 --workers 1
    python benchmarks/faults_fuzz.py --one 4711

Each input is made of its seed alone. A fault is an exception that is no `PixaceError`, a hang of
more than 5 s of work or a minute without any, more than 1 GB of memory, or the end of the
interpreter. Inputs are worked through in forked processes, some hundred in each, so that the last
one, too, is seen and named. Prints one line of JSON: how many were read, how many were refused, and
each kind of fault with how often it came and the first seed. `--one` makes one input again, keeps
it in the folder where it is called, and shows what happens.
"""

import argparse
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

from fuzz_corpus import corpus
from fuzz_mutations import damaged

from pixace.colors import palette
from pixace.config import gin_files, parts
from pixace.errors import PixaceError
from pixace.images import loader
from pixace.images.png import read_description
from pixace.runs import model_file
from pixace.sources import open_source
from pixace.storage import strangers

SECONDS = 5  # of work, whatever else the machine does
SILENCE = 60  # seconds
MEMORY = 1 << 30  # bytes more than at the beginning
ROOM = 2 * MEMORY  # bytes that may be asked for, used or not
BLOCK = 300  # inputs of one process
READ, REFUSED = "read", "refused"
RECORDS = 3  # of a source that are read


class Hang(BaseException):
    """It took too long."""


class Outcome(NamedTuple):
    """What came of one input."""

    seed: int
    kind: str  # READ, REFUSED, or a fault
    seconds: float


def read_source(path: Path) -> bool:
    """Opens a source and reads some of its pictures; whether all could be read."""
    source = open_source(path)
    source.fingerprint()
    whole = True
    for i in sorted({0, len(source) // 2, len(source) - 1})[:RECORDS]:
        record = source.record(i)
        try:
            loader.load(source.read(i), (8, 8), name=record.name)
        except (PixaceError, OSError):  # costs this picture
            whole = False
    return whole


def read_picture(path: Path) -> bool:
    """Reads a picture in its own size and as tokens have it."""
    loader.load(path, (8, 8))
    loader.load(path, None, background=None)
    loader.measured(path)
    return True


def read_gin(path: Path) -> bool:
    """Reads settings, and makes of them what a training asks for."""
    values = gin_files.load(path).values
    for part in (parts.model, parts.pictures, parts.train, parts.captions):
        part(values)
    return True


READERS: dict[str, Callable[[Path], object]] = {
    "source": read_source,
    "picture": read_picture,
    "gin": read_gin,
    "palette": palette.read,
    "text": read_description,
    "model": model_file.read,
}


def made(seed: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """The name and the bytes of an input."""
    name = sorted(files)[seed % len(files)]
    return name, damaged(name, files, Random(seed))


def read(folder: Path, seed: int, files: dict[str, bytes]) -> str:
    """Hands one input to what reads it, and says what came of it."""
    name, raw = made(seed, files)
    kind, _, file = name.partition("/")
    (folder / file).write_bytes(raw)
    (folder / "ok.png").write_bytes(files["picture/plain.png"])
    if not (pipe := folder / "pipe.png").exists():
        os.mkfifo(pipe)
    try:
        with alarm(SECONDS):
            found = READ if READERS[kind](folder / file) else REFUSED
    except PixaceError as why:
        found = "asks for more memory" if strangers.said(MemoryError()) in str(why) else REFUSED
    except Hang as why:
        found = f"hang in {_place(why)}"
    except Exception as why:
        found = f"{type(why).__name__} in {_place(why)}"
    (folder / file).unlink()
    return found


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises `Hang` where the body works longer."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _place(why: BaseException) -> str:
    """The innermost line of pixace that an exception came through."""
    frames = traceback.extract_tb(why.__traceback__)
    ours = [each for each in frames if "/pixace/" in each.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


def work(seeds: Sequence[int], files: dict[str, bytes]) -> list[Outcome]:
    """Works inputs through, in one process after the other."""
    outcomes, left = [], list(seeds)
    while left:
        found, died = _in_child(left[:BLOCK], files)
        outcomes += found
        left = left[len(found) :]
        if died and left:  # of the one that it had begun
            outcomes.append(Outcome(left.pop(0), died, 0.0))
    return outcomes


def _in_child(seeds: Sequence[int], files: dict[str, bytes]) -> tuple[list[Outcome], str]:
    """What a forked process makes of some inputs, and how it ended before its time, or ""."""
    ours, theirs = os.pipe()
    if not (child := os.fork()):
        os.close(ours)
        try:
            _work(seeds, files, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    said, died = b"", ""
    with os.fdopen(ours, "rb", buffering=0) as pipe:
        while True:
            if not select.select([pipe], [], [], SILENCE)[0]:
                os.kill(child, signal.SIGKILL)  # it waits, or is deaf to its alarm
                died = "hang without end"
            if not (more := pipe.read(1 << 16)):
                break
            said += more
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0 and not died:
        died = f"killed by {signal.Signals(-status).name}"
    return [Outcome(*json.loads(line)) for line in said.decode().splitlines()], died


def _work(seeds: Sequence[int], files: dict[str, bytes], pipe: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # C libraries say what they think of files
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + ROOM, resource.RLIM_INFINITY))
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            before, began = _peak(), time.process_time()
            kind = read(Path(folder), seed, files)
            if _peak() - before > MEMORY:
                kind = f"more than {MEMORY >> 20} MB"
            took = round(time.process_time() - began, 3)
            os.write(pipe, (json.dumps([seed, kind, took]) + "\n").encode())
            if kind not in (READ, REFUSED):
                return  # who knows what it has left behind


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def summed(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """How many inputs came to what, and the first seed of each kind of fault."""
    counts = Counter(each.kind for each in outcomes)
    first = {each.kind: each.seed for each in sorted(outcomes, reverse=True)}
    slowest = max(outcomes, key=lambda each: each.seconds)
    return {
        "inputs": len(outcomes),
        **{kind: counts.pop(kind, 0) for kind in (READ, REFUSED)},
        "slowest": {"seed": slowest.seed, "seconds": slowest.seconds},
        "faults": {kind: {"count": n, "first": first[kind]} for kind, n in counts.items()},
    }


def show(seed: int, files: dict[str, bytes]) -> None:
    """Makes one input again, and hands it over in the open."""
    name, raw = made(seed, files)
    path = Path(f"{seed}-{name.replace('/', '-')}")
    kind, _, file = name.partition("/")
    with tempfile.TemporaryDirectory() as folder:
        path.write_bytes(raw)
        (place := Path(folder) / file).write_bytes(raw)
        (Path(folder) / "ok.png").write_bytes(files["picture/plain.png"])
        print(f"{path}: {len(raw):,} bytes")
        print(READERS[kind](place))


def main() -> None:
    """Works inputs through."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000, help="inputs")
    parser.add_argument("--seed", type=int, default=0, help="of the first; others follow")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--one", type=int, metavar="SEED", help="show what becomes of one input")
    given = parser.parse_args()
    files = corpus()
    if given.one is not None:
        show(given.one, files)
        return
    seeds = range(given.seed, given.seed + given.n)
    shares = [seeds[start :: given.workers] for start in range(given.workers)]
    with ProcessPoolExecutor(given.workers) as pool:
        done = pool.map(work, shares, [files] * given.workers)
        print(json.dumps(summed([each for share in done for each in share])))


if __name__ == "__main__":
    sys.exit(main())
