"""What an evaluation gives: numbers and a picture. Whoever asks for it logs and keeps them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from pixace.evaluation.evaluation_set import EvaluationSet

Metric = Literal["nats_per_token", "psnr"]
Picture = UInt8[np.ndarray, "rows columns 3"]  # as it is shown, whatever is in it
W_contra = TypeVar("W_contra", contravariant=True)  # weights


@dataclass(frozen=True)
class Shown:
    """A picture that goes with an evaluation.

    Attributes:
      picture: uint8 `(height, width, 3)`.
      numbers: what was measured on it, by name.
      remark: a few words to add to a line; or nothing.
    """

    picture: Picture
    numbers: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True)
class Evaluation:
    """How good some weights are.

    Attributes:
      metric: what the best weights are chosen by: `nats_per_token`, of which less is better, or
        `psnr` in dB, of which more is.
      value: of this metric.
      numbers: all that was measured, by name.
      line: the same in words.
      show: draws what goes with it, which may take longer than to measure; None for nothing.
    """

    metric: Metric
    value: float
    numbers: Mapping[str, float]
    line: str
    show: Callable[[], Shown] | None = None

    def is_better_than(self, value: float) -> bool:
        """Whether it beats another value of the same metric."""
        return self.value < value if self.metric == "nats_per_token" else self.value > value


@runtime_checkable  # tests check types while they run
class Evaluator(Protocol[W_contra]):
    """Evaluates weights, always on the same pictures; it writes nothing and remembers nothing."""

    @property
    def evaluation_set(self) -> EvaluationSet:
        """The pictures."""

    @property
    def shows(self) -> str:
        """What its pictures are called, such as `samples`."""

    def __call__(self, weights: W_contra) -> Evaluation:
        """Measures.

        Raises:
          NotFiniteError: what it measured is infinite or not a number.
        """
