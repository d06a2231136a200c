"""Some of many, evenly spread: what stands first is often of one kind, as folders are sorted."""

import numpy as np


def evenly(count: int, limit: int | None = None) -> np.ndarray:
    """At most `limit` of the numbers 0 … count-1, rising, as evenly spread as can be; int64."""
    taken = count if limit is None else min(count, limit)
    return np.linspace(0, count - 1, taken).round().astype(np.int64)
