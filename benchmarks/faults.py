"""Everything that is tried to break pixace, at length; one line of JSON for each thing tried.

    python benchmarks/faults.py            kills, flips, odd inputs, long work: hours
    python benchmarks/faults.py --quick    a little of each: minutes

Ends with 1 if anything was found that should not be.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults_flips
import faults_fuzz
import faults_kills
import faults_soak
from fuzz_corpus import corpus

Fact = dict[str, Any]
NAMES = ("flips", "fuzz", "kills", "soak")


def main() -> None:
    """Tries what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; all of them by default")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    bad = False
    for name in options.names or NAMES:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            for fact in tried(name, Path(folder), options.quick, options.seed):
                print(json.dumps({"tried": name, **fact}), flush=True)
                bad |= bool(fact.get("faults"))
    sys.exit(bad)


def tried(name: str, root: Path, quick: bool, seed: int) -> Iterator[Fact]:
    """What came of one kind, in an empty folder."""
    if name == "flips":
        yield from faults_flips.flipped(root, 50 if quick else 1000, seed)
    elif name == "fuzz":
        seeds = range(seed, seed + (2_000 if quick else 100_000))
        yield faults_fuzz.summed(faults_fuzz.work(seeds, corpus()))
    elif name == "kills":
        yield from faults_kills.killed(root, 10 if quick else 200, seed)
    else:
        yield from faults_soak.soaked(root, *((3_000, 200, 20_000) if quick else faults_soak.LONG))


if __name__ == "__main__":
    main()
