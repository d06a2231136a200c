"""Pictures as the means of their parts."""

import numpy as np
from jaxtyping import Float32, Num


def shrunk(
    pictures: Num[np.ndarray, "n height width channels"], side: int
) -> Float32[np.ndarray, "n rows columns channels"]:
    """Means over parts of pictures, at most `side` by `side` of them, as equal as can be."""
    _, height, width, _ = pictures.shape
    (rows, heights), (columns, widths) = _parts(height, side), _parts(width, side)
    sums = np.add.reduceat(pictures, rows, axis=1, dtype=np.float32)
    sums = np.add.reduceat(sums, columns, axis=2)
    return sums / (heights[:, None] * widths)[..., None].astype(np.float32)


def _parts(length: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the parts of a side begin, and how many pixels each has."""
    starts = np.unique(np.arange(most) * length // most)
    return starts, np.diff(np.append(starts, length))
