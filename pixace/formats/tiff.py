"""TIFF: numbers that are no brightness, and camera RAW, which is TIFF with a preview in front."""

from PIL import ExifTags
from PIL import Image as Pillow

from pixace.errors import ImageError

SIGNED = 2  # of the tag SampleFormat
SUB_IFDS, PREVIEW = 330, 1  # where a camera keeps the photo; the mark of a smaller copy of it
FILTERS = 32803  # a photometric interpretation: the pixels of a sensor behind colour filters
Tag = ExifTags.Base


def check(picture: Pillow.Image) -> None:
    """Refuses TIFFs whose pixels would be read, but as something else than the picture.

    Raises:
      ImageError: signed numbers, or a camera's RAW.
    """
    tags = getattr(picture, "tag_v2", None)
    if tags is None:
        return
    preview = tags.get(Tag.NewSubfileType, 0) & PREVIEW and SUB_IFDS in tags
    if Tag.DNGVersion in tags or tags.get(Tag.PhotometricInterpretation) == FILTERS or preview:
        raise ImageError(
            "a camera's RAW file, which pixace does not read; convert it to JPEG or PNG, such as "
            "with darktable-cli"
        )
    if SIGNED in tags.get(Tag.SampleFormat, ()) and "F" not in picture.mode:
        raise ImageError(
            "a TIFF of signed numbers, which do not say what is black; save it with unsigned ones "
            "of 8 or 16 bits"
        )


def white_is_zero(picture: Pillow.Image) -> bool:
    """Whether small numbers are bright; Pillow has turned those of up to 8 bits around."""
    return getattr(picture, "tag_v2", {}).get(Tag.PhotometricInterpretation) == 0
