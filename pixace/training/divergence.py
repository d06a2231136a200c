"""Steps that are skipped, as their numbers are out of bounds, and the way back from too many.

One bad step costs nothing but itself, and its pictures are kept to be looked at. After some in a
row the weights must be at fault: the training goes back to where they were sound, and on at half
the rate.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pixace.errors import NotFiniteError
from pixace.images.collage import collage
from pixace.images.png import save_png
from pixace.runs.checkpoints import saved
from pixace.runs.run_folder import Run
from pixace.training.task import B, Measured, Task

FOLDER = "skipped"  # of a run: pictures of batches
IN_A_ROW = 20  # skipped steps, before the training goes back;
SUSPECT = 3  # before it does so rather than make a checkpoint
BACK = 3  # times that a training goes back
SHOWN = 64  # pictures of a batch, at most


class DivergedError(Exception):
    """The weights must be at fault: too many steps were skipped, or they are not finite.

    Attributes:
      share: of the learning rate, at which that happened.
    """

    def __init__(self, why: NotFiniteError, share: float) -> None:
        super().__init__(str(why))
        self.share = share


@contextmanager
def told(share: float) -> Iterator[None]:
    """What is not finite inside means that the weights are at fault.

    Raises:
      DivergedError: instead.
    """
    try:
        yield
    except NotFiniteError as why:
        raise DivergedError(why, share) from why


class Lookout:
    """Looks which steps were skipped, some at a time, so that nobody waits for the device.

    Attributes:
      skipped: how many.
    """

    def __init__(self, task: Task[Any, B, Any, Any], folder: Path) -> None:
        """Takes what is trained, and the run's folder."""
        self._task, self._folder = task, folder / FOLDER
        self._waiting: list[tuple[int, Measured]] = []
        self.skipped = self._in_a_row = 0

    def saw(self, step: int, measures: Measured) -> None:
        """Takes what step number `step`, counted from 1, has measured, or will have."""
        self._waiting.append((step, measures))

    @property
    def has_many(self) -> bool:
        """Whether to look now, lest many steps are taken in vain."""
        return len(self._waiting) >= IN_A_ROW

    @property
    def is_suspect(self) -> bool:
        """Whether the last few steps were skipped, those that nobody has looked at among them."""
        last = [measures for _, measures in self._waiting[-SUSPECT:]]
        if any(measures.applied for measures in last):
            return False
        return len(last) + self._in_a_row >= SUSPECT

    def look(self, most: int = IN_A_ROW) -> list[str]:
        """What people should know of the steps since the last look.

        Args:
          most: so many skipped ones in a row are too many.

        Raises:
          NotFiniteError: there are.
        """
        lines, why = [], ""
        for step, measures in self._waiting:
            if measures.applied:
                self._in_a_row = 0
                continue
            self.skipped += 1
            self._in_a_row += 1
            why = _reason(measures)
            if self._in_a_row == 1:
                lines.append(f"step {step:,} is skipped: {why}; pictures in {self._kept(step)}")
        self._waiting.clear()
        if self._in_a_row >= most:
            raise NotFiniteError(f"{why} by step {step:,}, and {self._in_a_row} were skipped")
        return lines

    def _kept(self, step: int) -> Path:
        """Where the pictures of a step are, to be looked at."""
        place = self._folder / f"{step:06d}.png"
        pictures = self._task.pictures(self._task.batch(step - 1))
        save_png(place, collage(list(pictures[:SHOWN])), {"step": step})
        return place


def _reason(measures: Measured) -> str:
    """Why a step was skipped."""
    for name, number in measures._asdict().items():
        if not np.isfinite(number):
            said = name.replace("gradient_", "gradient's ").replace("_", " ")
            return f"{said} became {number}"
    return f"loss rose to {float(measures.loss):.3g}, far above what is usual"


def back(why: DivergedError, run: Run, command: str) -> str:
    """What is said when a training goes back to its last checkpoint, at half the rate."""
    place = f"step {done[-1]:,}" if (done := saved(run.path)) else "the beginning"
    return f"{why}; back to {place}, at {why.share / 2:g} of {command}.learning_rate"


def advice(why: DivergedError, run: Run, command: str, rate: float) -> str:
    """What is said when a training has gone back often enough: why, and the way on.

    Args:
      why: the last time.
      run: whose training it is; its checkpoints hold finite numbers only.
      command: `train` or `codebook`.
      rate: the highest learning rate.
    """
    lower = f"--learning-rate {rate / 10:.2g}"
    if done := saved(run.path):
        on = (
            f"go on from step {done[-1]:,}, which is sound, with a lower {command}.learning_rate: "
            f"pixace {command} --resume {run.path} {lower}"
        )
    else:
        on = f"begin again with a lower {command}.learning_rate: {lower}"
    return f"{why}, after going back {BACK} times; {on}"
