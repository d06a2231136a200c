"""How to draw: the numbers that a user may choose."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pixace import ranges
from pixace.errors import PixaceError
from pixace.ranges import Amount, Count, Range, Seed, Whole


@dataclass(frozen=True)
class SamplingSettings:
    """How to draw; None stands for a default.

    Attributes:
      seed: 0 or more and below 2**32; same seed, same pictures.
      temperature: 0 takes the likeliest id every time, 1 samples the model as trained.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once, for speed and memory; no influence on the result.
      guidance: how much the words in front count: 1 draws as trained, more exaggerates.

    Raises:
      ConfigError: a number cannot be meant.
    """

    seed: Seed = 0
    temperature: Amount = 1.0
    top_k: Whole = 0
    top_p: Annotated[float, Range(0, 1, without=(0,))] = 1.0
    batch_size: Count = 64
    guidance: Amount = 1.0

    def __post_init__(self) -> None:
        ranges.settle(self)


def several_temperatures(temperature: float | Iterable[float] | None) -> list[float]:
    """One temperature or several, as a list; None is the usual one.

    Raises:
      PixaceError: one makes no sense, or there is none.
    """
    one = ranges.plain(temperature)
    several = list(one) if isinstance(one, Iterable) and not isinstance(one, str) else [one]
    if not several:
        raise PixaceError("no temperature; give at least one")
    return [SamplingSettings(temperature=each).temperature for each in several]
