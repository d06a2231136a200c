"""How a training in a budget of time is planned: its steps, and the learning rate of each."""

import math

WARMUP = 100  # steps, or a tenth of a short training
FLOOR = 0.1  # of the peak, where the cosine ends


def steps_within(seconds: float, step_seconds: float) -> int:
    """The whole steps that fit into a budget, at least one."""
    return max(1, int(seconds / step_seconds))


def rate_at(step: int, steps: int, peak: float) -> float:
    """Linear growth to the peak, then a cosine down to a tenth of it at the last step.

    Args:
      step: 0 … steps - 1.
      steps: of the whole training.
      peak: the highest rate.
    """
    warmup = min(WARMUP, steps // 10)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, steps - 1 - warmup)
    return peak * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * share)) / 2)
