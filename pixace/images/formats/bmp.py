"""BMP: masks that say which bits of a pixel are red, green, blue and alpha.

Pillow knows the usual ones, and leaves out the alpha of 16 bits.
"""

import struct
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow

from pixace.images.formats.limits import MAX_PIXELS

MAGIC = b"BM"
PLAIN, MASKS, MASKS_AND_ALPHA = 0, 3, 6  # compressions that are none
V4 = 108  # bytes of a head that means its masks even so
BGR = (0xFF0000, 0xFF00, 0xFF)
USUAL = {(*BGR, 0), (0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0)}


def opened(file: BinaryIO) -> Pillow.Image | None:
    """The picture, if its masks are more than Pillow knows; None leaves it to Pillow.

    Raises:
      OSError: the file is cut off.
    """
    head = file.read(70).ljust(70, b"\0")
    place, size, width, height, bits, kind = struct.unpack("<10xIIii2xHI36x", head)
    masks = list(struct.unpack("<IIII", head[54:]))
    if size < 56 and kind != MASKS_AND_ALPHA:
        masks[3] = 0  # there are the pixels already, or the palette
    if kind == PLAIN and bits == 32 and size >= V4 and masks[3]:  # only the one of alpha counts
        kind, masks[:3] = MASKS, BGR
    if kind not in (MASKS, MASKS_AND_ALPHA) or bits not in (16, 32) or size < 40:
        return None
    if tuple(masks) in USUAL or not any(masks) or width * abs(height) > MAX_PIXELS:
        return None
    stride = (width * bits + 31) // 32 * 4
    file.seek(place)
    data = file.read(stride * abs(height))
    if len(data) < stride * abs(height):
        raise OSError("truncated")
    words = np.frombuffer(data, f"<u{bits // 8}").reshape(abs(height), -1)[:, :width]
    pixels = np.full((*words.shape, 4), 255, np.uint8)
    for here, there in zip(words, pixels[::-1] if height > 0 else pixels, strict=True):
        for channel, mask in enumerate(masks):  # row by row: these take four times the memory
            if mask or channel < 3:
                there[:, channel] = _channel(here, mask)
    return Pillow.fromarray(pixels)


def _channel(words: np.ndarray, mask: int) -> np.ndarray:
    """Those bits of every pixel, stretched to 8; uint8 of the same shape."""
    low = mask & -mask or 1
    most = mask // low or 1
    values = (words & np.uint32(mask)).astype(np.uint64) // low
    return ((values * 255 + most // 2) // most).astype(np.uint8)
