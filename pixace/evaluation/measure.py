"""A mean over pictures, and the interval that it is sure within."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

RESAMPLES = 1000
SEED = 0  # of the resamples
OUTSIDE = 0.025  # of them, on either side
SURE = 1.96  # standard deviations of a normal distribution that leave as much outside


@dataclass(frozen=True)
class Measure:
    """A mean, with the interval that holds the true one in 95 of 100 such samples of pictures.

    The interval is a bootstrap's (Efron 1979): means of as many pictures, drawn again and again
    from those that were measured, and between the lowest and the highest fortieth of these. That of
    a share is Wilson's (1927): it has a width, too, where all are right.

    Attributes:
      mean: of the pictures measured.
      low: where the interval begins.
      high: where it ends.
      pictures: how many.
    """

    mean: float
    low: float
    high: float
    pictures: int

    @classmethod
    def of(cls, values: Float[np.ndarray, " pictures"]) -> "Measure":
        """Of one number for each picture; the same numbers always have the same interval."""
        random, count = np.random.default_rng(SEED), len(values)
        means = [values[random.integers(0, count, count)].mean() for _ in range(RESAMPLES)]
        low, high = np.quantile(means, [OUTSIDE, 1 - OUTSIDE])
        return cls(float(values.mean()), float(low), float(high), count)

    @classmethod
    def of_share(cls, right: Bool[np.ndarray, " pictures"]) -> "Measure":
        """Of yes or no for each picture; all numbers are in [0, 1]."""
        count, share, z = len(right), float(right.mean()), SURE**2 / len(right)
        middle = (share + z / 2) / (1 + z)
        half = (z * share * (1 - share) + z**2 / 4) ** 0.5 / (1 + z)
        return cls(share, max(0.0, middle - half), min(1.0, middle + half), count)

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} … {self.high:.3f})"
