"""Embedded colour profiles: what was meant, in sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

SAME = 2  # steps of 255 between what a profile says and sRGB, which are left alone


def in_srgb(picture: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """Turns colours of an embedded profile (a phone's Display P3, a printer's CMYK) into sRGB.

    Cheap, as it comes after shrinking and the few profiles of a data set are kept. Broken profiles
    are ignored, and so are those of other colours: the pixels are there all the same.

    Args:
      picture: L, LA, RGB, RGBA or CMYK.
      profile: of the file; None where it has none.
    """
    if not profile:
        return picture
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    opaque = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
    transform = _transform(profile, opaque.mode)
    if transform is None:
        return picture
    seen = transform.apply(opaque.convert(transform.input_mode))
    if alpha:
        seen.putalpha(alpha)
    return seen


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None when it is sRGB already, broken or meant for another mode.

    What a profile is called says little: "linear sRGB" is none. So both are asked the same colours.
    Grey may have a profile of RGB; then it is RGB of equal parts.
    """
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        if mode == "L" and own.profile.xcolor_space.strip() == "RGB":
            mode = "RGB"
        transform = ImageCms.buildTransform(own, srgb, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    if mode == "CMYK":
        return transform
    colours = _colours().convert(mode)
    before = np.asarray(colours.convert("RGB"), int)
    after = np.asarray(transform.apply(colours), int)
    return transform if np.abs(after - before).max() > SAME else None


@lru_cache(maxsize=1)
def _colours() -> Pillow.Image:
    """All greys, and a cube of colours."""
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    cube = np.stack(np.meshgrid(*[np.linspace(0, 255, 9)] * 3), -1).reshape(-1, 3)
    return Pillow.fromarray(np.concatenate([greys, cube.round().astype(np.uint8)])[None])
