"""Embedded colour profiles: what was meant, in sRGB."""

import io
from functools import lru_cache

from PIL import Image as Pillow
from PIL import ImageCms


def in_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Turns colours of an embedded profile (a phone's Display P3, a printer's CMYK) into sRGB.

    Cheap, as it comes after shrinking and the few profiles of a data set are kept. Profiles of
    grey pictures are ignored, and so are broken ones: the pixels are there all the same.
    """
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        opaque = picture.convert("RGB") if picture.mode == "RGBA" else picture
        if transform := _transform(profile, opaque.mode):
            seen = transform.apply(opaque)
            if picture.mode == "RGBA":
                seen.putalpha(picture.getchannel("A"))
            return seen
    return picture


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None when it is sRGB already, broken or meant for another mode."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return None
        return ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
