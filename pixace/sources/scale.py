"""What the numbers of arrays mean: which of them is black and which is white.

Of whole numbers the type says it. Floats come as 0..1, as -1..1 or as 0..255, and which it is can
be seen of all pictures of a source together, and not of one: a dark picture of -1..1 looks like one
of 0..1. Resampling and rounding go a little too far at edges; that is cut off.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pixace.errors import SourceError

BLOCK_NUMBERS = 1 << 22  # numbers looked at at a time: a memory map is read piece by piece
OVER = 0.05  # of the range, by which resampled pictures may leave it
BRIGHT = 0.5  # of the range, which the brightest number reaches if it is this range at all


class Extent(NamedTuple):
    """The least and the largest of some numbers."""

    low: float
    high: float


class Scale(NamedTuple):
    """The numbers that are black and white."""

    black: float
    white: float


SCALES = (Scale(0, 1), Scale(-1, 1), Scale(0, 255))


def is_number(dtype: np.dtype) -> bool:
    """Whether numbers of a type are known to be pictures: uint8, uint16 and floats."""
    return dtype == np.uint8 or dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize == 2)


def extent(array: np.ndarray) -> Extent | None:
    """The extent of an array of floats, in one pass; None of other types, or with no finite one."""
    if array.dtype.kind != "f":
        return None
    found = []
    step = max(1, BLOCK_NUMBERS // max(1, array[:1].size))
    for start in range(0, len(array), step):
        block = np.asarray(array[start : start + step])
        low, high = block.min(initial=np.inf), block.max(initial=-np.inf)
        if not (np.isfinite(low) and np.isfinite(high)):
            block = block[np.isfinite(block)]
            low, high = block.min(initial=np.inf), block.max(initial=-np.inf)
        found.append(Extent(float(low), float(high)))
    return united(each for each in found if each.low <= each.high)


def united(extents: Iterable[Extent | None]) -> Extent | None:
    """The extent of several arrays together."""
    known = [each for each in extents if each is not None]
    if not known:
        return None
    return Extent(min(each.low for each in known), max(each.high for each in known))


def scale_of(found: Extent | None, name: str) -> Scale | None:
    """The scale of the floats of a source; None where it has none.

    Args:
      found: their extent.
      name: what an error calls the source.

    Raises:
      SourceError: it may be one or another, or none that is known.
    """
    if found is None:
        return None
    for scale in SCALES:
        width = scale.white - scale.black
        low = scale.black - OVER * width
        inside = low <= found.low and found.high <= scale.white + OVER * width
        if inside and (scale == SCALES[0] or _is_used(found, scale)):
            return scale
    raise SourceError(
        f"{name} holds floats from {found.low:.7g} to {found.high:.7g}: neither 0..1 nor -1..1 nor "
        "0..255 for sure; scale them to 0..1"
    )


def common_scale(
    extents: Sequence[Extent | None], names: Sequence[str], whole: str
) -> Scale | None:
    """The one scale of the floats of several arrays.

    Args:
      extents: of each of them.
      names: likewise, for errors.
      whole: what an error calls all of them together.

    Raises:
      SourceError: there is none, or some arrays seem to have another than the others.
    """
    scale = scale_of(united(extents), whole)
    if scale == SCALES[2]:
        for found, name in zip(extents, names, strict=True):
            if found is not None and 0 < found.high <= 1 + OVER:
                raise SourceError(
                    f"{name} holds floats from {found.low:.7g} to {found.high:.7g}, and others in "
                    f"{whole} reach {scale.white}; give all of them one range, such as 0..1"
                )
    return scale


def _is_used(found: Extent, scale: Scale) -> bool:
    """Whether numbers reach far into what tells this range from 0..1."""
    if scale.black < 0:
        return found.low <= scale.black * BRIGHT
    return found.high >= scale.white * BRIGHT


def eight_bit(picture: np.ndarray, scale: Scale | None) -> np.ndarray:
    """A picture in uint8: as it is, or by its type, or by the scale of its source.

    Raises:
      ValueError: some of its floats are no numbers.
    """
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype.kind == "u":
        return ((picture.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    if not np.isfinite(picture).all():
        raise ValueError("some of its numbers are infinite or not a number")
    black, white = scale or SCALES[0]
    wide = (picture - black) * (255 / (white - black))
    return np.rint(np.clip(wide, 0, 255)).astype(np.uint8)
