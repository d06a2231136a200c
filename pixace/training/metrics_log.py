"""Numbers of a training on their way into `metrics.jsonl` and to the trackers."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from pixace.storage import records
from pixace.storage.atomic import whole
from pixace.trackers import Tracker

METRICS = "metrics.jsonl"


class MetricsLog:
    """Appends to `metrics.jsonl`, one object a line, and tells the trackers.

    A training that is resumed may have logged steps after its last checkpoint; those lines are
    dropped, for these steps will be done, and logged, again.

    Attributes:
      status: what the trackers are told at the end: `finished`, or `stopped` by the user; an
        exception makes it `failed`.
    """

    def __init__(self, folder: Path, *, since: int = 0, trackers: Sequence[Tracker] = ()) -> None:
        self.status = "finished"
        self._trackers = trackers
        self._path = folder / METRICS
        if self._path.exists():
            kept = [json.dumps(line) + "\n" for line in read(self._path) if line["step"] <= since]
            with whole(self._path) as draft:  # a crash now must not take the log with it
                draft.write_text("".join(kept), encoding="utf-8")
        self._file = self._path.open("a", encoding="utf-8")

    def write(self, step: int, **numbers: float) -> None:
        """One line: the step and its numbers."""
        self._file.write(json.dumps({"step": step, **numbers}, allow_nan=False) + "\n")
        self._file.flush()
        for tracker in self._trackers:
            tracker.numbers(step, numbers)

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Shows a picture, uint8 `(height, width, 3)`, where something is tracked."""
        for tracker in self._trackers:
            tracker.picture(step, name, picture)

    def artifact(self, path: Path) -> None:
        """Keeps a file of the run's folder, where something is tracked."""
        for tracker in self._trackers:
            tracker.artifact(path)

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        for tracker in self._trackers:
            tracker.finish(self.status if value is None else "failed")


def read(path: Path) -> list[dict[str, float]]:
    """The lines of a `metrics.jsonl`; what a crash cut short or a disk has damaged is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for text in lines if (line := _line(text))]


def _line(text: str) -> dict[str, float] | None:
    """What a line says; None if it is not whole."""
    try:
        line = records.parsed(text)
    except ValueError:
        return None
    if not isinstance(line, dict) or type(line.get("step")) is not int:
        return None
    return line if all(type(each) in (int, float) for each in line.values()) else None
