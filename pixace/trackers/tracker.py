"""What every tracker is: a few calls, which return at once and never raise for its own troubles."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True)
class Story:
    """What a tracker is told when a training begins.

    Attributes:
      folder: the run's; its name is the run's name.
      settings: plain values by names such as `train.steps`.
      config: the gin file that binds them.
      tags: what else tells this run from others, such as its model and data.
      since: steps that were done before; 0 in a new run.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    config: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    since: int = 0


@runtime_checkable
class Tracker(Protocol):
    """Shows a training somewhere."""

    def numbers(self, step: int, numbers: dict[str, float]) -> None:
        """What was measured at a step."""

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """A picture made at a step, uint8 `(height, width, 3)`; `name` says of what."""

    def artifact(self, path: Path) -> None:
        """A file of the run's folder that is worth keeping."""

    def finish(self, status: str) -> None:
        """The end: `finished`, `stopped` by the user, or `failed`."""
