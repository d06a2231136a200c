"""Pictures as they are, each beside what a model sees of it."""

import numpy as np
from jaxtyping import UInt8

from pixace.arrays import Images
from pixace.images.collage import collage

SIDE = 128  # pixels of a cell, about
PAIRS = 4  # side by side


def enlargement(size: tuple[int, int]) -> int:
    """By what whole number pictures of a (height, width) are enlarged."""
    return max(1, SIDE // max(size))


def contact_sheet(
    originals: UInt8[np.ndarray, "n large wide 3"] | None, seen: Images, title: str
) -> UInt8[np.ndarray, "down across 3"]:
    """Lays them out in pairs.

    Args:
      originals: whole, as large as those below are once enlarged; None where they are not at hand.
      seen: as a model's tokens show them, in its size.
      title: stands above.
    """
    scale = enlargement(seen.shape[1:3])
    large = seen.repeat(scale, 1).repeat(scale, 2)
    if originals is None:
        return collage(list(large), columns=min(2 * PAIRS, len(large)), scale=1, title=title)
    cells = np.stack([originals, large], 1).reshape(-1, *large.shape[1:])
    columns = 2 * min(PAIRS, len(large))
    labels = ["picture", "as the model sees it"] * (columns // 2)
    return collage(list(cells), columns=columns, scale=1, title=title, column_labels=labels)
