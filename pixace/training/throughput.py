"""How fast a training goes, on the bar and in numbers; the same for models and codebooks."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax

from pixace.runtime.progress import progress_bar


class Pace:
    """Counts steps and time; the clock stands still while compiling and evaluating."""

    def __init__(self, done: int, steps: int, each: int):
        """Takes steps done, steps planned, and what each of them gets through: tokens, pictures."""
        self.bar = progress_bar("compiling", steps, "step", done=done)
        self._each = each
        self._speeds: list[float] = []
        self._steps = -1  # since the last line
        self._clock = 0.0

    def __enter__(self) -> "Pace":
        """Shows the bar."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Takes the bar away."""
        self.bar.close()

    def stepped(self, measures: Any) -> None:
        """After each step; the first one, which compiles, is waited for and not counted."""
        self._steps += 1
        self.bar.update()
        if not self._clock:
            jax.block_until_ready(measures)
            self.bar.set_description("training")
            self._clock = time.perf_counter()

    def since(self) -> float | None:
        """How much was got through per second since the last call; None if only compiled."""
        now = time.perf_counter()
        speed = self._steps * self._each / (now - self._clock) if self._steps else None
        self._steps, self._clock = 0, now
        if speed is not None:
            self._speeds.append(speed)
        return speed

    @contextmanager
    def paused(self, measures: Any) -> Iterator[None]:
        """What is done inside does not count as training time, but the steps before it do.

        Args:
          measures: of the last step; the device may still be at work on it.
        """
        jax.block_until_ready(measures)
        began = time.perf_counter()
        yield
        self._clock += time.perf_counter() - began

    @property
    def median(self) -> float | None:
        """Of all that `since` told; None before the first."""
        return statistics.median(self._speeds) if self._speeds else None
