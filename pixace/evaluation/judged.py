"""What a training is judged by: held-out pictures, or training pictures where there are none."""

from dataclasses import dataclass
from typing import Literal, Self

from pixace.data.token_set import TokenSet
from pixace.runs.description import Best

NAMES = {"validation": "validation", "train": "training"}  # of parts, as numbers are called by them


@dataclass(frozen=True)
class Judged:
    """The pictures that are looked at in each evaluation.

    Attributes:
      part: `validation`, or `train` where nothing was held out.
      pictures: how many, evenly spread over the part.
    """

    part: Literal["train", "validation"]
    pictures: int

    @classmethod
    def of(cls, data: TokenSet, most: int) -> Self:
        """At most so many of a token set."""
        part: Literal["train", "validation"]
        part = "validation" if len(data.split("validation")) else "train"
        return cls(part, min(most, len(data.split(part))))

    @property
    def name(self) -> str:
        """What numbers are called by: `validation` or `training`."""
        return NAMES[self.part]

    @property
    def warning(self) -> str | None:
        """One line on what it means if nothing was held out."""
        if self.part == "validation":
            return None
        return (
            f"no picture is held out: {self.pictures:,} of the training pictures are judged, and "
            "what is said of them holds for them alone"
        )

    def best(self, metric: Literal["nats_per_token", "psnr"], value: float) -> Best:
        """What was measured on them, as a run's description has it."""
        return Best(metric, value, self.part, self.pictures)

    def was(self, best: Best | None) -> bool:
        """Whether something was measured, and on the same pictures."""
        return best is not None and (best.part, best.pictures) == (self.part, self.pictures)
