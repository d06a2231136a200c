"""TIFF: numbers that are no brightness, and camera RAW, which is TIFF with a preview in front."""

from typing import Any

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow
from PIL.TiffImagePlugin import TiffImageFile

from pixace.errors import ImageError
from pixace.images.formats import kinds

SIGNED = 2  # of the tag SampleFormat
APART = 2  # of PlanarConfiguration: first all red, then all green, then all blue
SUB_IFDS, PREVIEW = 330, 1  # where a camera keeps the photo; the mark of a smaller copy of it
FILTERS = 32803  # a photometric interpretation: the pixels of a sensor behind colour filters
Tag = ExifTags.Base


def check(picture: Pillow.Image) -> None:
    """Refuses TIFFs whose pixels would be read, but as something else than the picture.

    Raises:
      ImageError: signed numbers, grey and alpha apart, or a camera's RAW.
    """
    tags = getattr(picture, "tag_v2", None)
    if tags is None:
        return
    preview = tags.get(Tag.NewSubfileType, 0) & PREVIEW and SUB_IFDS in tags
    if Tag.DNGVersion in tags or tags.get(Tag.PhotometricInterpretation) == FILTERS or preview:
        raise ImageError(kinds.RAW)
    if SIGNED in tags.get(Tag.SampleFormat, ()) and picture.mode != "F":
        raise ImageError(
            "a TIFF of signed numbers, which do not say what is black; save it with unsigned ones "
            "of 8 or 16 bits"
        )
    if tags.get(Tag.PlanarConfiguration) == APART:
        if picture.mode in ("LA", "La", "PA"):
            raise ImageError(kinds.UNKNOWN_TIFF)
        _mend_planes(picture, tags)


def _mend_planes(picture: Pillow.Image, tags: Any) -> None:
    """Tells Pillow's decoder that planes which lie apart have 16 bits; it takes them to have 8."""
    assert isinstance(picture, TiffImageFile)
    if set(tags.get(Tag.BitsPerSample, ())) == {16} and tags.get(Tag.Compression, 1) == 1:
        order = "L" if tags.prefix == b"II" else "B"
        for number, tile in enumerate(picture.tile):
            plane, *rest = list(tile.args or ("",))
            if ";" not in plane:
                picture.tile[number] = tile._replace(args=(f"{plane};16{order}", *rest))


def floats(picture: Pillow.Image) -> np.ndarray:
    """The values of a picture of floats; Pillow turns around the bytes of packed ones twice."""
    tags = getattr(picture, "tag_v2", None)
    values = np.asarray(picture)
    if tags and tags.prefix == b"MM" and tags.get(Tag.Compression, 1) != 1:
        return values.byteswap()
    return values


def white_is_zero(picture: Pillow.Image) -> bool:
    """Whether small numbers are bright; Pillow has turned those of up to 8 bits around."""
    return getattr(picture, "tag_v2", {}).get(Tag.PhotometricInterpretation) == 0
