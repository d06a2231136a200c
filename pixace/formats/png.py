"""PNG: metadata of any size, transparency of any depth, and the first frame of an animation."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL.PngImagePlugin import MAX_TEXT_CHUNK, PngImageFile

MAGIC = b"\x89PNG\r\n\x1a\n"
LARGEST = 16 * MAX_TEXT_CHUNK  # bytes of a profile or text, unpacked
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
XMP = b"XML:com.adobe.xmp"
GREYS = {"L;2": 85, "L;4": 17}  # how a sample of the file -> one of 8 bits; others are told so


class Chunk(NamedTuple):
    """A chunk of a PNG file: its name, and where it and its content begin and end."""

    name: bytes
    start: int
    content: bytes  # of texts and profiles only
    end: int


def opened(file: BinaryIO) -> Pillow.Image | None:
    """The picture, if its metadata are more than Pillow bears; None leaves it to Pillow.

    Pillow counts as broken what unpacks to more than a megabyte, though the pixels are fine.
    """
    chunks = list(_chunks(file))
    large = [chunk for chunk in chunks if len(_unpacked(chunk)) > MAX_TEXT_CHUNK]
    texts = sum(len(chunk.content) for chunk in chunks)
    if not large and texts < LARGEST:
        return None
    kept = io.BytesIO()
    kept.write(MAGIC)
    for chunk in chunks:
        if chunk not in large and (chunk.name not in TEXTS or texts < LARGEST):
            file.seek(chunk.start)
            kept.write(file.read(chunk.end - chunk.start))
    kept.seek(0)
    picture = Pillow.open(kept, formats=("PNG",))
    for chunk in large:
        if chunk.name == b"iCCP":
            picture.info["icc_profile"] = _unpacked(chunk)
        elif chunk.content.startswith(XMP):
            picture.info["xmp"] = _unpacked(chunk)  # may say which side is up
    return picture


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    file.seek(len(MAGIC))
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        start = file.tell() - 8
        read = name in TEXTS or name == b"iCCP"
        content = file.read(length) if read else b""
        yield Chunk(name, start, content, start + length + 12)
        if name == b"IEND":
            return
        file.seek(start + length + 12)


def _unpacked(chunk: Chunk) -> bytes:
    """The text or profile of a chunk, at most `LARGEST` bytes of it; empty where it is no such."""
    _, _, rest = chunk.content.partition(b"\0")
    if chunk.name == b"iTXt" and rest[:1] == b"\1":
        rest = rest[1:2] + rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif chunk.name not in (b"zTXt", b"iCCP"):
        return rest
    try:
        return zlib.decompressobj().decompress(rest[1:], LARGEST)
    except zlib.error:
        return b""  # Pillow does without such a one


def with_key(picture: Pillow.Image, tiles: Sequence[Any]) -> Pillow.Image:
    """Greys of 2 and 4 bits are stretched to 8 while decoding; so must be the transparent one."""
    raw = tiles[0].args if tiles else None
    if picture.format == "PNG" and raw in GREYS:
        picture = picture.copy()
        picture.info["transparency"] *= GREYS[raw]
    return picture


def mask(picture: Pillow.Image) -> Pillow.Image | None:
    """The alpha of 16-bit grey with a transparent value; None where there is none."""
    key = picture.info.get("transparency")
    if not picture.mode.startswith("I;16") or not isinstance(key, int):
        return None
    return Pillow.fromarray(np.where(np.asarray(picture) == key, 0, 255).astype(np.uint8))


def first_frame(picture: Pillow.Image) -> None:
    """Moves on from a default picture that is no part of the animation, as viewers do."""
    if isinstance(picture, PngImageFile) and picture.info.get("default_image"):
        picture.seek(1)
        picture.blend_op = 0  # nothing lies below the first frame
