"""PNG: metadata of any size, transparency of any depth, and the first frame of an animation."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL.PngImagePlugin import MAX_TEXT_CHUNK, PngImageFile

from pixace.errors import ImageError
from pixace.images.formats.limits import MAX_PIXELS
from pixace.storage.strangers import TIGHTEST

MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 200_000  # most programs write 8 KB of pixels into each
MAX_TEXT_BYTES = 16 * MAX_TEXT_CHUNK  # bytes of all profiles and texts, unpacked
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of colour types
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
XMP = b"XML:com.adobe.xmp"
COLOURS = "RGB;16B"  # colours of 16 bits
GREYS = {"L;2": 85, "L;4": 17}  # how a sample of the file -> one of 8 bits; others are told so


class Chunk(NamedTuple):
    """A chunk of a PNG file: its name, where it begins and ends, and what it says."""

    name: bytes
    start: int
    end: int
    key: bytes = b""  # of texts and profiles
    text: bytes | None = b""  # unpacked; None if it is broken, or too much


def opened(file: BinaryIO) -> Pillow.Image | None:
    """The picture, if it is more than Pillow bears; None leaves it to Pillow.

    Pillow counts a picture as broken when a text or profile unpacks to more than a megabyte, or is
    broken itself, though the pixels are fine.
    """
    chunks = list(_chunks(file))
    _check_rows(file, chunks)
    left = [chunk for chunk in chunks if chunk.text is None or len(chunk.text) > MAX_TEXT_CHUNK]
    keyed = any(chunk.name == b"tRNS" for chunk in chunks)
    if not left and not keyed:
        return None
    kept = _without(file, chunks, left) if left else file
    kept.seek(0)
    picture: Pillow.Image = Pillow.open(kept, formats=("PNG",))
    if keyed and picture.width * picture.height <= MAX_PIXELS // 8 and _raw(picture) == COLOURS:
        picture = _with_clear_colour(picture, kept)
    for chunk in left:
        if chunk.text and chunk.name == b"iCCP":
            picture.info["icc_profile"] = chunk.text
        elif chunk.text and chunk.key == XMP:
            picture.info["xmp"] = chunk.text  # may say which side is up
    return picture


def _check_rows(file: BinaryIO, chunks: Sequence[Chunk]) -> None:
    """Refuses what cannot hold the rows that it claims; Pillow makes them black, without a word.

    Raises:
      ImageError: even packed as tightly as can be, there would be more bytes.
    """
    file.seek(16)
    if len(head := file.read(10)) < 10 or chunks[-1].name != b"IEND":
        return  # told of as cut off
    width, height, depth, colour = struct.unpack(">IIBB", head)
    packed = sum(chunk.end - chunk.start - 12 for chunk in chunks if chunk.name == b"IDAT")
    bits = depth * CHANNELS.get(colour, 1)
    if packed * TIGHTEST < width * height * bits // 8 and width * height <= MAX_PIXELS:
        raise ImageError(f"claims {width}x{height} pixels, and holds fewer")


def _without(file: BinaryIO, chunks: Sequence[Chunk], left: Sequence[Chunk]) -> BinaryIO:
    """The same file, but for some chunks."""
    kept = io.BytesIO()
    kept.write(MAGIC)
    for chunk in chunks:
        if chunk not in left:
            file.seek(chunk.start)
            kept.write(file.read(chunk.end - chunk.start))
    return kept


def _raw(picture: Pillow.Image) -> Any:
    """How the file keeps the pixels, as long as they are not decoded."""
    tiles = getattr(picture, "tile", ())
    return tiles[0].args if tiles else None


def _with_clear_colour(picture: Pillow.Image, file: BinaryIO) -> Pillow.Image:
    """16 bits with a transparent colour; Pillow keeps their upper half, which may be another's too.

    Read as if the bytes were the other way around, the lower half is what it keeps.
    """
    file.seek(0)
    lower = Pillow.open(file, formats=("PNG",))
    assert isinstance(lower, PngImageFile)
    lower.tile = [tile._replace(args="RGB;16L") for tile in lower.tile]
    low = np.array(lower, np.uint16)
    file.seek(0)
    upper = Pillow.open(file, formats=("PNG",))
    values = low | np.array(upper, np.uint16) << 8
    seen = upper.convert("RGB")
    clear = (values == picture.info["transparency"]).all(-1)
    seen.putalpha(Pillow.fromarray(np.where(clear, 0, 255).astype(np.uint8)))
    seen.info = {key: value for key, value in upper.info.items() if key != "transparency"}
    return seen


def texts(file: BinaryIO) -> dict[str, bytes | None]:
    """The texts of a PNG by their keys, wherever in it they stand; nothing is decoded.

    Returns:
      None for a text that is broken, or too much; nothing of what is no PNG.
    """
    if file.read(len(MAGIC)) != MAGIC:
        return {}
    found = [chunk for chunk in _chunks(file) if chunk.name in TEXTS]
    return {chunk.key.decode("latin-1"): chunk.text for chunk in found}


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    left, count = MAX_TEXT_BYTES, 0
    file.seek(len(MAGIC))
    while len(head := file.read(8)) == 8:
        if (count := count + 1) > MAX_CHUNKS:
            raise ImageError(f"has more than {MAX_CHUNKS:,} chunks")
        length, name = struct.unpack(">I4s", head)
        start = file.tell() - 8
        end = start + length + 12
        if name in TEXTS or name == b"iCCP":
            content, checksum = file.read(length), file.read(4)
            key, _, rest = content.partition(b"\0")
            sound = checksum == struct.pack(">I", zlib.crc32(name + content))
            text = _unpacked(name, rest, left) if sound and left > 0 else None
            left -= len(text or b"")
            yield Chunk(name, start, end, key, text)
        else:
            yield Chunk(name, start, end)
        if name == b"IEND":
            return
        file.seek(end)


def _unpacked(name: bytes, rest: bytes, most: int) -> bytes | None:
    """The text or profile after its key, cut off; None where it is packed in no known way."""
    if name == b"tEXt":
        return rest
    if name == b"iTXt":
        is_packed, method = rest[:1] == b"\1", rest[1:2]
        rest = method + rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        if not is_packed:
            return rest[1:]
    if rest[:1] != b"\0":
        return None
    try:
        return zlib.decompressobj().decompress(rest[1:], most)
    except zlib.error:
        return b""  # Pillow does without such a one


def with_key(picture: Pillow.Image, tiles: Sequence[Any]) -> Pillow.Image:
    """Greys of 2 and 4 bits are stretched to 8 while decoding; so must be the transparent one."""
    factor = GREYS.get(tiles[0].args) if picture.format == "PNG" and tiles else None
    if factor:
        picture = picture.copy()
        picture.info["transparency"] *= factor
    return picture


def mask(picture: Pillow.Image) -> Pillow.Image | None:
    """The alpha of 16-bit grey with a transparent value; None where there is none."""
    key = picture.info.get("transparency")
    if not picture.mode.startswith("I;16") or not isinstance(key, int):
        return None
    return Pillow.fromarray(np.where(np.asarray(picture) == key, 0, 255).astype(np.uint8))


def first_frame(picture: Pillow.Image) -> Pillow.Image:
    """Moves on from a default picture that is no part of the animation, as viewers do."""
    if not isinstance(picture, PngImageFile) or not picture.info.get("default_image"):
        return picture
    default = picture.copy()
    try:
        picture.seek(1)
    except (EOFError, SyntaxError):  # there is no animation in this file
        return default
    picture.blend_op = 0  # nothing lies below the first frame
    return picture
