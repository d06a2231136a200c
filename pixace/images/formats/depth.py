"""Pixels of any depth become 8 bits, by the range of their format and never by the picture's own.

A dark picture stays dark: what is white says the type of its numbers, or the file. Where neither
does, the picture is refused.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow

from pixace.errors import ImageError
from pixace.images.formats import png, tiff

OVERSHOOT = 0.5  # beyond 0..1; sharp filters leave that much beside the strongest edges
DEEP = {"PNG", "TIFF", "PPM", "JPEG2000", None}  # whose 16 bits are 0..65535; None: of a program


def eight_bit(picture: Pillow.Image, tiles: Sequence[Any] = ()) -> Pillow.Image:
    """The picture as L, LA, RGB, RGBA or CMYK.

    Args:
      picture: loaded.
      tiles: what its attribute `tile` was before: how the file keeps the pixels.

    Raises:
      ImageError: nobody knows what is white.
    """
    if picture.mode in ("LA", "RGBA", "CMYK"):
        return picture
    if picture.mode == "La":
        return picture.convert("LA")
    if picture.mode in ("RGBa", "PA"):
        return picture.convert("RGBA")
    if picture.mode[0] in "IF":
        shallow = _shallow(picture)
        if mask := png.mask(picture):
            shallow.putalpha(mask)
        return shallow
    if picture.has_transparency_data:
        return png.with_key(picture, tiles).convert("RGBA")
    if picture.mode == "L":
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _shallow(picture: Pillow.Image) -> Pillow.Image:
    """Grey of 16 bits or floats as L, scaled rather than clipped."""
    if picture.mode == "F":
        values, white = _checked(tiff.floats(picture)), 1.0
    else:
        values, white = np.asarray(picture), _white(picture)
    light = values.astype(np.float32)  # the one copy: pictures may be large
    light *= np.float32(255 / white)
    if tiff.white_is_zero(picture):
        np.subtract(255, light, out=light)
    light.clip(0, 255, out=light)
    light += 0.5
    return Pillow.fromarray(light.astype(np.uint8))


def _checked(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if not -OVERSHOOT <= low <= high <= 1 + OVERSHOOT:  # nor is it with a NaN
        raise ImageError(
            f"floats from {low:g} to {high:g}, where 0 is black and 1 is white; divide them, or "
            "save the picture with 8 or 16 bits"
        )
    return values


def _white(picture: Pillow.Image) -> float:
    """The whole number that stands for white; black is 0."""
    if picture.format not in DEEP or (picture.mode == "I" and picture.format != "PPM"):
        raise ImageError(
            "whole numbers that do not say what is white; save the picture with 8 or 16 bits"
        )
    bits = getattr(picture, "tag_v2", {}).get(ExifTags.Base.BitsPerSample, (16,))[0]
    return 2.0**bits - 1
