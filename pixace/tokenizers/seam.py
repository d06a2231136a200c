"""Where a photo ends and a decoded picture begins: the photo stays, the picture is led up to it."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pixace.arrays import Images

REACH_OF_MEAN = 2  # pixels to each side over which the difference at the seam is averaged


def blended(photos: "Images", decoded: "Images", known: np.ndarray, reach: int) -> "Images":
    """Photos where they are known, and decoded pictures elsewhere, without a step between them.

    A decoder gives the known part back a little lighter or darker than it was. That difference,
    averaged over the nearest known pixels, is added to what lies beside them, less with each pixel,
    and nothing after `reach` of them. The known pixels themselves are the photo's, bit for bit.

    Args:
      photos: uint8 (n, height, width, 3).
      decoded: the same shape; where a photo is known, what the decoder made of it.
      known: bool (height, width).
      reach: pixels that are blended; 0 for none.
    """
    mixed = decoded.astype(np.float32)
    share = known.astype(np.float32)[None, :, :, None]
    difference = (photos.astype(np.float32) - mixed) * share
    reached = known
    for pixel in range(1, reach + 1):
        grown = _spread(reached)
        ring = grown & ~reached
        if not ring.any():
            break
        window = REACH_OF_MEAN + pixel
        near = _summed(difference, window) / np.maximum(_summed(share, window), 1e-6)
        mixed[:, ring] += (1 - pixel / (reach + 1)) * near[:, ring]
        reached = grown
    mixed[:, known] = photos[:, known]
    return np.rint(mixed.clip(0, 255)).astype(np.uint8)


def _spread(mask: np.ndarray) -> np.ndarray:
    """A mask and its neighbours, corners among them."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    views = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.logical_or.reduce(views)


def _summed(x: np.ndarray, window: int) -> np.ndarray:
    """Sums over squares of `2 * window + 1` pixels to a side around each pixel of (n, h, w, c)."""
    for axis in (1, 2):
        pad = [(0, 0)] * x.ndim
        pad[axis] = (window + 1, window)
        total = np.pad(x, pad).cumsum(axis)
        size = x.shape[axis]
        upper = total.take(range(2 * window + 1, 2 * window + 1 + size), axis)
        x = upper - total.take(range(size), axis)
    return x
