"""A small finished picture back in its photo: what was kept in full, the rest enlarged.

The seam is soft and lies inside of what was kept: nothing shows of what the model did not see.
"""

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image as Pillow

from pixace.images.fitting import How, planned, planned_box

SMOOTH = Pillow.Resampling.BICUBIC


def pasted(
    photo: UInt8[np.ndarray, "height width 3"],
    finished: UInt8[np.ndarray, "h w 3"],
    kept: Bool[np.ndarray, "h w"],
    fit: str,
) -> UInt8[np.ndarray, "rows columns 3"]:
    """The part of a photo that a model saw, in the photo's own pixels.

    Args:
      photo: uint8 (height, width, 3), upright, in its own size.
      finished: uint8 (h, w, 3), what the model made of it.
      kept: the pixels of it that are the photo's.
      fit: how the photo was brought to that size, as `loader.load` has it.
    """
    size = kept.shape
    how = How(size, *planned(fit), None, "blend", False)
    inner, box = planned_box(photo.shape[1::-1], how, 1)
    left, top, right, bottom = map(round, box)
    part = photo[top:bottom, left:right]
    # Of a padded picture only the middle is the photo.
    down, across = (size[0] - inner[1]) // 2, (size[1] - inner[0]) // 2
    inside = slice(down, down + inner[1]), slice(across, across + inner[0])
    extent = part.shape[1::-1]
    enlarged = np.asarray(Pillow.fromarray(finished[inside]).resize(extent, SMOOTH))
    mask = Pillow.fromarray(kept[inside].astype(np.float32))
    share = np.asarray(mask.resize(extent, Pillow.Resampling.BILINEAR))
    # From 1 in the middle of the last pixels that were kept to 0 at their edge.
    share = (2 * share - 1).clip(0, 1)[..., None]
    return np.rint(share * part + (1 - share) * enlarged).astype(np.uint8)
