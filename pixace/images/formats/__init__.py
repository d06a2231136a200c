"""Picture files, opened so that what they say is what a viewer shows.

Pillow decodes; each file here mends what it leaves out of one format. Nothing is decoded before it
must be, so that a picture's claims can be looked at first. Only formats that Pillow decodes in this
process are read: EPS and WMF would start other programs.
"""

from functools import lru_cache
from typing import BinaryIO

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from pixace.errors import ImageError
from pixace.images.formats import bmp, icon, kinds, png, tiff

FORMATS = (  # the commonest first: they are tried in this order
    *("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000", "ICO", "CUR", "ICNS"),
    *("DIB", "PSD", "PCX", "DCX", "SGI", "QOI", "DDS", "XBM", "XPM", "SUN", "MSP", "FLI", "FITS"),
    *("BLP", "FTEX", "GBR", "PIXAR", "SPIDER", "MCIDAS", "XVTHUMB", "IM", "IMT", "TGA"),
)
OWN = {png.MAGIC: png.opened, bmp.MAGIC: bmp.opened, icon.ICO: icon.opened, icon.CUR: icon.opened}


def opened(file: BinaryIO, name: str = "") -> Pillow.Image:
    """The picture in a file, not decoded yet where that can wait.

    Args:
      file: at its beginning; stays open, as the pixels may come from it later.
      name: of the file; a hint where the content says nothing.

    Raises:
      ImageError: it is no picture, or of a kind that is not read here.
      Exception: whatever Pillow says of a broken one.
    """
    head = file.read(kinds.HEAD)
    file.seek(0)
    if not head:
        raise ImageError("empty, 0 bytes")
    if other := kinds.unread(head):
        raise ImageError(other)
    for magic, own in OWN.items():
        if head.startswith(magic) and (picture := own(file)):
            return picture
    file.seek(0)
    try:
        picture = Pillow.open(file, formats=_formats())
    except UnidentifiedImageError as why:
        file.seek(0)
        raise ImageError(kinds.broken(file, head, name)) from why
    check(picture)
    return picture


def check(picture: Pillow.Image) -> None:
    """Looks at a picture before it is decoded, whoever has opened it.

    Raises:
      ImageError: Pillow would show something else.
    """
    tiff.check(picture)


@lru_cache(maxsize=1)
def _formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this build of Pillow has."""
    Pillow.init()
    return tuple(kind for kind in FORMATS if kind in Pillow.OPEN)
