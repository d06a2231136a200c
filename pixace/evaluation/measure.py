"""A mean over pictures, and how far it may be off."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

NORMAL = 1.96  # standard deviations on either side of a normal's middle hold 95 %


@dataclass(frozen=True)
class Measure:
    """A mean, with the interval that holds the true one in 95 of 100 such samples of pictures.

    Attributes:
      mean: of the pictures measured.
      error: half of the interval, by the normal approximation; 0 where all pictures are alike.
      pictures: how many.
    """

    mean: float
    error: float
    pictures: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " pictures"]) -> "Measure":
        """Of one number for each picture."""
        deviation = values.std(ddof=1) if len(values) > 1 else 0.0
        error = NORMAL * deviation / len(values) ** 0.5
        return cls(float(values.mean()), float(error), len(values))

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.error:.3f}"
