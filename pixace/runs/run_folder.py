"""The run folder: everything that one training made, under one name.

run.json           what was trained on what, with all settings; see `description.py`
config.gin         what was bound, for people and for other runs
metrics.jsonl      one line per log and evaluation
checkpoints/STEP/  all that is needed to go on
model.safetensors  the best weights alone, with the description in the file's metadata
samples/STEP.png   pictures drawn at each evaluation
skipped/STEP.png   what a step that was skipped was to learn from
tensorboard/       the same numbers and pictures for TensorBoard
mlflow.json        which run of MLflow's it is, where MLflow is told
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pixace.errors import RunError
from pixace.runs.description import Description
from pixace.storage import records
from pixace.storage.atomic import expanded, whole
from pixace.storage.lock import alone
from pixace.version import __version__
from pixace.zoo import shipped

MODEL = "model.safetensors"
INFO = "run.json"
CONFIG = "config.gin"


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def read(self) -> Description:
        """What `run.json` says.

        Raises:
          RunError: it is missing or broken.
        """
        place = self.path / INFO
        try:
            return Description.of(records.parsed(place.read_text(encoding="utf-8")), place)
        except (OSError, ValueError) as why:
            raise RunError(f"{place} cannot be read ({why}); is {self.path} a run?") from why

    def describe(self, **changes: Any) -> Description:
        """Writes `run.json` anew with some fields changed."""
        return self.write(replace(self.read(), **changes))

    def write(self, description: Description) -> Description:
        """Writes `run.json`, whole or not at all."""
        with whole(self.path / INFO) as draft:
            draft.write_text(description.as_json(indent=1) + "\n", encoding="utf-8")
        return description

    def configure(self, text: str) -> None:
        """Writes `config.gin`: what was bound, for people."""
        with whole(self.path / CONFIG) as draft:
            draft.write_text(text, encoding="utf-8")


def create(root: Path, name: str | None, stem: str) -> Run:
    """Makes a new run's folder.

    Args:
      root: where runs live.
      name: the user's choice; None takes `stem`, with a number behind it when that exists.
      stem: made from data and model.

    Raises:
      RunError: a run of the chosen name exists already.
    """
    if name is not None and not re.fullmatch(r"[^/\\\s.][^/\\\s]*", name):
        raise RunError(f"a run cannot be called {name!r}; use a name without spaces and slashes")
    number = 1
    while True:
        path = root / (name or (stem if number == 1 else f"{stem}-{number}"))
        try:
            path.mkdir(parents=True)
            return Run(path)
        except FileExistsError:
            if name is not None:
                raise RunError(
                    f"{path} exists; choose another --name, or go on with --resume {name}"
                ) from None
            number += 1
        except OSError as why:
            raise RunError(f"cannot make {path}: {why.strerror}; choose another --runs") from why


@contextmanager
def new_run(root: Path, name: str | None, stem: str) -> Iterator[Run]:
    """Makes a new run as `create` does, and leaves none that came to nothing.

    If what is done inside fails, a run with a model is marked as stopped, and one without, which
    nothing can be drawn from and nothing can go on from, is removed.
    """
    is_first = not root.exists()
    run = create(root, name, stem)
    try:
        with alone(run.path, "training"):
            yield run
    except BaseException:
        if (run.path / MODEL).exists():
            run.describe(status="stopped")
        else:
            shutil.rmtree(run.path, ignore_errors=True)
            if is_first:
                with suppress(OSError):  # another process has begun a run there
                    root.rmdir()
        raise


def find(named: str | Path | None, root: Path, *, codebook: bool = False) -> Path:
    """The run folder or model file that the user means.

    Args:
      named: a run's name, its folder or a `.safetensors` file, the name of one in `root`, or that
        of a model that comes along; None means the latest run.
      root: where runs live.
      codebook: whether "the latest" is one of a codebook, or one of a model.

    Raises:
      RunError: there is none.
    """
    if named is None:
        known = [run for run in every(root) if run.read().is_codebook is codebook]
        if not known:
            what, how = ("codebooks", "codebook PICTURES") if codebook else ("runs", "train")
            raise RunError(f"no {what} in {root.resolve()}; train one with: pixace {how}")
        return known[-1].path
    for path in (root / str(named), expanded(named)):
        if (path / INFO).is_file() or (path.is_file() and path.suffix == ".safetensors"):
            return path
    for file in (root / f"{named}.safetensors", shipped.find(str(named))):
        if file and file.is_file():
            return file
    names = [run.name for run in every(root)]
    listing = f"runs in {root}: {', '.join(names[-8:])}" if names else f"there are none in {root}"
    raise RunError(f"no run {str(named)!r}; {listing}")


def every(root: Path) -> list[Run]:
    """All runs below `root` whose description can be read, oldest first."""
    dated = []
    for info in root.glob(f"*/{INFO}"):
        run = Run(info.parent)
        with suppress(RunError):  # told when it is asked for by name
            dated.append((run.read().created, run.name, run))
    return [run for *_, run in sorted(dated)]


def now() -> str:
    """The date and time for `created`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def versions() -> dict[str, str]:
    """What made a run: the versions of pixace, JAX and Trax."""
    return {"pixace": __version__, **{name: metadata.version(name) for name in ("jax", "trax")}}


def home(root: str | Path | None = None) -> Path:
    """Where runs live: where the user says, or in `$PIXACE_RUNS`, or in `runs`."""
    return expanded((os.environ.get("PIXACE_RUNS") or "runs") if root is None else root)
