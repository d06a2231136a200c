"""Which pictures are evaluated: held-out ones, or training pictures where there are none."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64

from pixace.data.token_set import TokenSet
from pixace.spacing import evenly

NAMES = {"validation": "validation", "train": "training"}  # of parts, as numbers are called by them


@dataclass(frozen=True)
class EvaluationSet:
    """The pictures of each evaluation of a training.

    Attributes:
      part: `validation`, or `train` where nothing was held out.
      pictures: how many, evenly spread over the part.
    """

    part: Literal["train", "validation"]
    pictures: int

    @classmethod
    def of(cls, data: TokenSet, most: int) -> "EvaluationSet":
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

    def rows(self, data: TokenSet) -> Int64[np.ndarray, " pictures"]:
        """Where they are in their part of a token set."""
        return evenly(len(data.split(self.part)), self.pictures)
