"""Icons and cursors: of their pictures the largest, and of these the one with most colours."""

import io
import struct
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL.BmpImagePlugin import DibImageFile

from pixace.images.formats import png

ICO, CUR = b"\0\0\1\0", b"\0\0\2\0"


def opened(file: BinaryIO) -> Pillow.Image | None:
    """The best picture of an icon or cursor; None leaves a broken one to Pillow.

    Depths are those of the pictures themselves: in the table they are often 0, and a cursor has
    other things there.
    """
    file.seek(4)
    (count,) = struct.unpack("<H", file.read(2))
    best, rank = 0, (0, 0)
    for number in range(count):
        file.seek(6 + 16 * number)
        if len(entry := file.read(16)) < 16:
            break
        across, down, place = struct.unpack("<BB10xI", entry)
        file.seek(place)
        own = ((across or 256) * (down or 256), _depth(file.read(40)))
        if own > rank and own[1]:
            best, rank = place, own
    if not best:
        return None
    file.seek(best)
    data = file.read()  # what the table says of its length is not always so
    if data.startswith(png.MAGIC):
        return Pillow.open(io.BytesIO(data), formats=("PNG",))
    return _masked(data)


def _depth(head: bytes) -> int:
    """Bits per pixel; 0 where there is no picture."""
    if head.startswith(png.MAGIC):
        return 32
    if len(head) < 40 or head[:4] != struct.pack("<I", 40):
        return 0
    return int.from_bytes(head[14:16], "little")


def _masked(data: bytes) -> Pillow.Image:
    """A bitmap above its mask; the height in its head counts both.

    With 32 bits alpha lies beside the colours; but where that is nothing, the mask counts.
    """
    width, height = struct.unpack("<ii", data[4:12])
    height //= 2
    picture = DibImageFile(io.BytesIO(data[:8] + struct.pack("<i", height) + data[12:]))
    bits, place = _depth(data), picture.tile[0].offset
    stride, mask_stride = (width * bits + 31) // 32 * 4, (width + 31) // 32 * 4
    pixels = data[place : place + stride * height]
    if len(pixels) < stride * height:
        raise OSError("truncated")
    if bits == 32 and any(pixels[3::4]):
        alpha = np.frombuffer(pixels[3::4], np.uint8).reshape(height, width)[::-1]
    else:
        mask = data[place + len(pixels) :][: mask_stride * height]
        mask = mask.ljust(mask_stride * height, b"\0")
        rows = np.frombuffer(mask, np.uint8).reshape(height, mask_stride)[::-1]
        alpha = np.where(np.unpackbits(rows, axis=1)[:, :width], 0, 255).astype(np.uint8)
    seen = picture.convert("RGBA")
    seen.putalpha(Pillow.fromarray(np.ascontiguousarray(alpha)))
    return seen
