"""What the evaluations of a training say so far, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RECENT = 0.75  # of the steps; what came after is compared with what was before
CHANGE = 0.005  # of the loss; less is next to nothing for a third more steps


@dataclass(frozen=True)
class Point:
    """One evaluation.

    Attributes:
      step: after which it was.
      held_out: nats per token of pictures that were held out.
      learned: of training pictures, always the same ones.
    """

    step: int
    held_out: float
    learned: float


@dataclass(frozen=True)
class Verdict:
    """Where a training stands.

    Attributes:
      state: `learning` if held-out pictures still gain; `settled` if they no longer do;
        `memorising` if they lose and training pictures gain.
      best: the step after which they were best.
    """

    state: Literal["learning", "settled", "memorising"]
    best: int

    @classmethod
    def of(cls, points: Sequence[Point]) -> "Verdict":
        """Of the evaluations so far, one at least, in order."""
        last, best = points[-1], min(points, key=lambda point: point.held_out)
        before = [point.held_out for point in points if point.step <= RECENT * last.step]
        if last.held_out > (1 + CHANGE) * best.held_out and last.learned < best.learned:
            return cls("memorising", best.step)
        if before and best.held_out > (1 - CHANGE) * min(before):
            return cls("settled", best.step)
        return cls("learning", best.step)

    def __str__(self) -> str:
        if self.state == "memorising":
            return f"memorising since step {self.best:,}; the model of then is kept"
        return "still learning" if self.state == "learning" else "best about now"

    def advice(self, run: object, minutes: float) -> str:
        """What to do when a training has ended so.

        Args:
          run: what `--resume` takes.
          minutes: how long it has learned.
        """
        if self.state == "learning":
            return f"it would learn more: pixace train --resume {run} --minutes {minutes:.0f}"
        if self.state == "settled":
            return "more steps would change little; a larger model or more pictures might"
        return (
            "more steps would not help: more pictures, or --set train.mirror=True, train.shift=1 "
            "or a higher DROPOUT"
        )
