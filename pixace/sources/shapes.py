"""Which axes of an array are pictures, height, width and channels.

Arrays of pictures are (N, H, W) or (N, H, W, channels) with 1, 3 or 4 channels. Others come as
(N, channels, H, W), as PyTorch keeps them, as (H, W, channels, N), as MATLAB does, or in one row
of numbers for each picture: 784 are 28x28 grey (QuickDraw), 3,072 are three channels of 32x32
(CIFAR), 12,288 of 64x64. An array (H, W, channels) is one picture, not H grey ones.
"""

from typing import NamedTuple

import numpy as np

from pixace.errors import SourceError
from pixace.sources.scale import is_number

CHANNELS = (1, 3, 4)
NARROW = 4  # pixels: nobody's picture is narrower, but tiny grey ones may be as narrow
FLAT = {784: (28, 28), 3072: (3, 32, 32), 12288: (3, 64, 64)}


class Shaped(NamedTuple):
    """An array as pictures, and a line on how it was read where that is not plain to see."""

    images: np.ndarray  # (N, H, W) or (N, H, W, channels)
    said: str = ""


def as_pictures(array: np.ndarray, name: str, labels: int | None = None) -> Shaped:
    """An array as rows of pictures.

    Args:
      array: the array, of uint8, uint16 or floats.
      name: what errors call it.
      labels: how many labels there are, if there are any.

    Raises:
      SourceError: it has another shape or type, or may be one thing or another.
    """
    if not is_number(array.dtype):
        raise _no_pictures(array, name)
    if array.ndim == 2 and array.shape[1] in FLAT:
        return _unrolled(array, name)
    if array.ndim == 3 and labels != len(array):
        return _one_or_many(array, name)
    if array.ndim == 4 and array.shape[3] not in CHANNELS:
        if array.shape[1] in CHANNELS:
            array = np.moveaxis(array, 1, 3)
        elif array.shape[2] in CHANNELS:
            array = np.moveaxis(array, 3, 0)
    if array.ndim != 3 and not (array.ndim == 4 and array.shape[3] in CHANNELS):
        raise _no_pictures(array, name)
    return Shaped(array)


def as_picture(array: np.ndarray, name: str) -> np.ndarray:
    """An array as one picture, (H, W) or (H, W, channels).

    Raises:
      SourceError: it is none.
    """
    if array.ndim in (2, 3):
        try:
            return as_pictures(array[None], name, labels=1).images[0]
        except SourceError:
            pass
    raise SourceError(
        f"{name} is {array.dtype} {array.shape}; a picture is (H, W) or (H, W, 3), uint8, uint16 "
        "or floats in 0..1, -1..1 or 0..255"
    )


def _unrolled(array: np.ndarray, name: str) -> Shaped:
    side = FLAT[array.shape[1]]
    images = array.reshape(len(array), *side)
    kind = f"{side[-1]}x{side[-2]}"
    if len(side) == 3:
        return Shaped(np.moveaxis(images, 1, 3), f"{name}: rows of numbers, read as RGB {kind}")
    return Shaped(images, f"{name}: rows of numbers, read as grey {kind}")


def _one_or_many(array: np.ndarray, name: str) -> Shaped:
    """Of three axes, one picture with its channels, or several grey ones."""
    first, height, last = array.shape
    if last in CHANNELS and height > NARROW:
        return Shaped(array[None], f"{name}: read as one picture {height}x{first}")
    if last == 2 and height > NARROW:  # grey and transparency, most likely
        raise _no_pictures(array, name)
    if first == 3 and min(height, last) > NARROW:
        return Shaped(
            array,
            f"{name}: read as three grey pictures; one with its channels first is (1, 3, "
            f"{height}, {last})",
        )
    return Shaped(array)


def _no_pictures(array: np.ndarray, name: str) -> SourceError:
    hint = ""
    if array.ndim == 2:
        hint = "; one grey picture is (1, H, W), and rows of numbers need their shape: reshape them"
    return SourceError(
        f"{name} is {array.dtype} {array.shape}; pictures are (N, H, W) or (N, H, W, 3), "
        f"uint8, uint16 or floats in 0..1, -1..1 or 0..255{hint}"
    )
