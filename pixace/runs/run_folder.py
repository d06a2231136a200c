"""The run folder: everything that one training made, under one name.

run.json           what was trained on what, versions, status, the best loss so far
config.gin         the merged configuration
metrics.jsonl      one line per log and evaluation
checkpoints/STEP/  all that is needed to go on
model.safetensors  the best weights alone, with the description in the file's metadata
samples/STEP.png   pictures drawn at each evaluation
tensorboard/       the same numbers and pictures for TensorBoard
mlflow.json        which run of MLflow's it is, where MLflow is told
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pixace.errors import RunError
from pixace.storage.atomic import expanded, whole

if TYPE_CHECKING:
    from pixace.trackers.tracker import Story

FORMAT = 2
MODEL = "model.safetensors"
CODEBOOK = "codebook"  # what a run calls its model when it is none, but learned tokens for one
INFO = "run.json"


@dataclass(frozen=True)
class Description:
    """What a model is and where it came from; travels in `run.json` and in the model file.

    Attributes:
      name: the run's.
      created: ISO 8601 date and time, UTC.
      model: kind, for example `reformer`; or `codebook`.
      tokenizer: spec that rebuilds the tokenizer.
      config: the merged configuration, gin text.
      data: what the user named, the token set's path and checksum, counts.
      versions: of pixace, jax and trax.
      dtype: of the products, `float32` or `bfloat16`: settled when the run begins, and obeyed by
        all that trains, judges and draws with it.
      status: `running`, `stopped` or `finished`.
      step: optimiser steps that the weights have seen.
      steps: optimiser steps planned.
      best_loss: nats per token on what is judged, of the weights in the model file; of a codebook
        the mean squared error, in -1 … 1.
      judged: what that was measured on: `{"part": "validation", "pictures": 512}`, or the part
        `train` where no picture was held out.
      captions: the vocabulary of a model that was trained with captions, as its fields.
      format: of this description.
    """

    name: str
    created: str
    model: str
    tokenizer: str
    config: str
    data: dict[str, Any]
    versions: dict[str, str]
    dtype: str
    status: str = "running"
    step: int = 0
    steps: int = 0
    best_loss: float | None = None
    judged: dict[str, Any] | None = None
    captions: dict[str, Any] | None = None
    format: int = FORMAT

    @property
    def held_out(self) -> bool:
        """Whether the best loss is one of pictures that were not trained on."""
        return self.judged is None or self.judged["part"] == "validation"

    @classmethod
    def of(cls, fields: Any, place: Path) -> Self:
        """From JSON; `place` is where it was read.

        Raises:
          RunError: it is of another format, or broken.
        """
        if not isinstance(fields, dict):
            raise RunError(f"{place} is broken: it holds no description of a run")
        if fields.get("format") != FORMAT:
            raise RunError(
                f"{place} has format {fields.get('format')}, this pixace reads {FORMAT}; "
                "use the version of pixace that made it"
            )
        try:
            return cls(**fields)
        except TypeError as why:
            raise RunError(f"{place} is broken: {why}") from why


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def description(self) -> Description:
        """What `run.json` says.

        Raises:
          RunError: it is missing or broken.
        """
        place = self.path / INFO
        try:
            return Description.of(json.loads(place.read_text(encoding="utf-8")), place)
        except (OSError, json.JSONDecodeError) as why:
            raise RunError(f"{place} cannot be read ({why}); is {self.path} a run?") from why

    def describe(self, **changes: Any) -> Description:
        """Writes `run.json` anew with some fields changed."""
        return self.write(replace(self.description, **changes))

    def write(self, description: Description) -> Description:
        """Writes `run.json`, whole or not at all."""
        with whole(self.path / INFO) as draft:
            text = json.dumps(asdict(description), indent=1, allow_nan=False)
            draft.write_text(text + "\n", encoding="utf-8")
        return description

    def story(self, since: int) -> "Story":
        """What trackers are told of it, when some steps are done already."""
        from pixace.trackers.tracker import Story  # and NumPy, which a list of runs can do without

        it = self.description
        tags = {"model": it.model, "tokenizer": it.tokenizer, "data": it.data["named"]}
        return Story(self.path, it.config, tags | it.versions, since=since)

    def configure(self, description: Description) -> None:
        """Writes down what a run is, for programs and, its configuration, for people."""
        self.write(description)
        with whole(self.path / "config.gin") as draft:
            draft.write_text(description.config, encoding="utf-8")


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
def begun(root: Path, name: str | None, stem: str) -> Iterator[Run]:
    """Makes a new run as `create` does, and leaves none that came to nothing.

    If what is done inside fails, a run with a model is marked as stopped, and one without, which
    nothing can be drawn from and nothing can go on from, is removed.
    """
    is_first = not root.exists()
    run = create(root, name, stem)
    try:
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
      named: a run's name, its folder or a `.safetensors` file; None means the latest run.
      root: where runs live.
      codebook: whether "the latest" is one of a codebook, or one of a model.

    Raises:
      RunError: there is none.
    """
    if named is None:
        known = [run for run in every(root) if (run.description.model == CODEBOOK) is codebook]
        if not known:
            what, how = ("codebooks", "codebook PICTURES") if codebook else ("runs", "train")
            raise RunError(f"no {what} in {root.resolve()}; train one with: pixace {how}")
        return known[-1].path
    for path in (root / str(named), expanded(named)):
        if (path / INFO).is_file() or (path.is_file() and path.suffix == ".safetensors"):
            return path
    names = [run.name for run in every(root)]
    listing = f"runs in {root}: {', '.join(names[-8:])}" if names else f"there are none in {root}"
    raise RunError(f"no run {str(named)!r}; {listing}")


def every(root: Path) -> list[Run]:
    """All runs below `root` whose description can be read, oldest first."""
    dated = []
    for info in root.glob(f"*/{INFO}"):
        run = Run(info.parent)
        with suppress(RunError):  # told when it is asked for by name
            dated.append((run.description.created, run.name, run))
    return [run for *_, run in sorted(dated)]


def now() -> str:
    """The date and time for `created`."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def home(root: str | Path | None = None) -> Path:
    """Where runs live: where the user says, or in `$PIXACE_RUNS`, or in `runs`."""
    return expanded((os.environ.get("PIXACE_RUNS") or "runs") if root is None else root)
