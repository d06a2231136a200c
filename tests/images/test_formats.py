"""What a file says is what a viewer shows: ranges, transparency, frames; or one line why not."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from pixace import choices
from pixace.errors import ImageError
from pixace.images import loader


def encoded(picture, kind="PNG", **options) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name, content) -> bytes:
    """A chunk of a PNG."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(rows, width, depth=8, colour=0, before=(), after=()) -> bytes:
    """A PNG of packed rows, with other chunks around its pixels."""
    head = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    inner = chunk(b"IHDR", head), *before, chunk(b"IDAT", pixels), *after, chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(inner)


def tiff(values, **options) -> bytes:
    """A TIFF, as another library writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def greys(raw, **options) -> list[int]:
    """The first row of a grey picture."""
    loaded = loader.load(raw, None, **options)
    assert (loaded == loaded[..., :1]).all()
    return loaded[0, :, 0].tolist()


def refusal(raw) -> str:
    """Why a picture is none."""
    with pytest.raises(ImageError) as caught:
        loader.load(raw, None, name="x")
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The range is that of the format


@pytest.mark.parametrize("top", [1.0, 1.0000002, 1.02, 1.2])
def test_floats_beyond_white_are_white_and_change_no_other(top):
    values = np.array([[0, 0.25, 0.5, 1, top]], np.float32)
    assert greys(tiff(values)) == [0, 64, 128, 255, 255]


def test_floats_below_black_are_black():
    assert greys(tiff(np.array([[-0.01, -0.2, 0, 0.5]], np.float32))) == [0, 0, 0, 128]


@pytest.mark.parametrize(
    "values", [[0, 128, 255], [0, 65535], [-10, 0, 10], [0, np.nan], [0, np.inf], [0, 1.6]]
)
def test_floats_of_another_range_are_refused(values):
    said = refusal(tiff(np.array([values], np.float32)))
    assert said.startswith("x: floats from ")
    assert "0 is black and 1 is white" in said


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_floats_of_either_byte_order_are_the_same(byteorder, compression):
    values = np.array([[0, 0.2, 0.8, 1]], np.float32)
    raw = tiff(values, byteorder=byteorder, compression=compression)
    assert greys(raw) == [0, 51, 204, 255]


@pytest.mark.parametrize("most", [255, 300, 1023, 4095, 65535])
@pytest.mark.parametrize("bright", [True, False])
def test_a_pgm_says_itself_what_is_white(most, bright):
    values = [0, most // 10, most if bright else most // 10]
    depth = ">u2" if most > 255 else "u1"
    raw = b"P5 3 1 %d\n" % most + np.array(values, depth).tobytes()
    plain = b"P2 3 1 %d\n%d %d %d\n" % (most, *values)
    expected = [value / most * 255 for value in values]
    for file in (raw, plain):
        assert np.abs(np.array(greys(file)) - expected).max() <= 1


def test_dark_16_bits_stay_dark_in_every_format():
    deep = np.array([[0, 200, 257, 514]], np.uint16)
    pgm = b"P5 4 1 65535\n" + deep.astype(">u2").tobytes()
    for raw in (pgm, encoded(Pillow.fromarray(deep)), tiff(deep), tiff(deep, byteorder=">")):
        assert greys(raw) == [0, 1, 1, 2]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.uint32])
@pytest.mark.parametrize("top", [9, 127])
def test_numbers_that_do_not_say_what_is_white_are_refused(kind, top):
    assert "save" in refusal(tiff(np.array([[0, 3, top]], kind)))


def test_pictures_that_others_opened_are_looked_at_too():
    signed = Pillow.open(io.BytesIO(tiff(np.array([[-1, 1]], np.int8))))
    assert "signed numbers" in refusal(signed)
    assert "do not say what is white" in refusal(Pillow.new("I", (2, 2), 9))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_white_may_be_zero(kind):
    most = 1 if kind == np.float32 else np.iinfo(kind).max
    values = np.array([[0, most * 0.2, most]], kind)
    assert greys(tiff(values, photometric="miniswhite")) == [255, 204, 0]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planes_that_lie_apart_are_put_together(depth, byteorder, compression):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8)
    deep = pixels.astype(depth) * (np.iinfo(depth).max // 255)
    options = {"planarconfig": "separate", "byteorder": byteorder, "compression": compression}
    raw = tiff(deep, photometric="rgb", **options)
    np.testing.assert_array_equal(loader.load(raw, None), np.moveaxis(pixels, 0, -1))


def test_what_pillow_does_not_know_of_tiff_is_refused_by_name():
    assert "a TIFF that keeps its pixels in a way" in refusal(tiff(np.zeros((2, 2), np.float64)))
    apart = tiff(
        np.zeros((2, 4, 4), np.uint8), planarconfig="separate", extrasamples=["unassalpha"]
    )
    assert "a TIFF that keeps its pixels in a way" in refusal(apart)


def test_grey_with_premultiplied_alpha():
    pixels = np.array([[[100, 200], [0, 0], [60, 60], [255, 255]]], np.uint8)
    raw = tiff(pixels, photometric="minisblack", extrasamples=["assocalpha"])
    loaded = np.array(greys(raw, background=(10, 10, 10)))
    expected = pixels[0, :, 0] + 10 * (1 - pixels[0, :, 1] / 255)
    assert np.abs(loaded - expected).max() <= 1


# Transparency of any depth


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_one_grey_of_a_png_may_be_transparent(depth):
    count = min(2**depth, 4)
    most = 2**depth - 1
    values = [most * step // (count - 1) for step in range(count)]
    bits = "".join(f"{value:0{depth}b}" for value in values)
    row = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    for clear in range(count):
        key = chunk(b"tRNS", struct.pack(">H", values[clear]))
        loaded = loader.load(png([row], count, depth, before=[key]), None, background=(9, 8, 7))[0]
        expected = [[round(value / most * 255)] * 3 for value in values]
        expected[clear] = [9, 8, 7]
        assert loaded.tolist() == expected


def test_one_colour_of_16_bits_may_be_transparent():
    """Others that look the same in 8 bits are not."""
    pixels = [(0x1234, 0x5678, 0x9ABC), (0x1235, 0x5678, 0x9ABC), (0x1234, 0x5678, 0x9A00)]
    row = b"".join(struct.pack(">3H", *pixel) for pixel in pixels)
    key = chunk(b"tRNS", struct.pack(">3H", *pixels[0]))
    loaded = loader.load(png([row], 3, 16, 2, before=[key]), None, background=(255, 255, 255))
    assert loaded[0].tolist() == [[255, 255, 255], [18, 86, 154], [18, 86, 154]]


def test_grey_with_alpha_of_16_bits_looks_as_with_8():
    row = struct.pack(">6H", 0, 65535, 30000, 32768, 65535, 0)
    loaded = np.array(greys(png([row], 3, 16, 4), background=(255, 255, 255)))
    assert np.abs(loaded - [0, 30000 / 257 * 0.5 + 127.5, 255]).max() <= 1


# Metadata


LARGE = zlib.compress(bytes(2**21), 9)  # 2 MB in 2 kB
METADATA = {
    "a profile": chunk(b"iCCP", b"press\0\0" + LARGE),
    "a packed text": chunk(b"zTXt", b"workflow\0\0" + LARGE),
    "an international text": chunk(b"iTXt", b"prompt\0\1\0\0\0" + LARGE),
    "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LARGE),
    "a profile packed in no known way": chunk(b"iCCP", b"press\0\1junk"),
    "a text with a flipped bit": chunk(b"tEXt", b"Title\0cat")[:-1] + b"?",
    "a long text": chunk(b"tEXt", b"prompt\0" + bytes(3_000_000).replace(b"\0", b"a")),
}


@pytest.mark.parametrize("kind", METADATA)
@pytest.mark.parametrize("late", [True, False])
def test_metadata_cost_no_picture(kind, late):
    rows = [bytes(range(60)), bytes(range(100, 160))]
    raw = png(rows, 20, colour=2, **{"after" if late else "before": [METADATA[kind]]})
    expected = np.frombuffer(b"".join(rows), np.uint8).reshape(2, 20, 3)
    np.testing.assert_array_equal(loader.load(raw, None), expected)


def test_large_xmp_still_says_which_side_is_up():
    xmp = b'<x tiff:Orientation="3">' + bytes(2**21)
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp))
    assert greys(png([bytes([1, 2, 3])], 3, before=[text])) == [3, 2, 1]


def test_rows_that_are_not_there_are_no_black_ones():
    raw = bytearray(png([bytes(90)] * 2, 30, colour=2))
    raw[16:24] = struct.pack(">II", 30, 4000)
    raw[29:33] = struct.pack(">I", zlib.crc32(raw[12:29]))
    assert refusal(bytes(raw)) == "x: claims 30x4000 pixels, and holds fewer"


def test_a_million_chunks_are_no_picture():
    raw = png([bytes(90)] * 2, 30, colour=2, before=[chunk(b"abCd", b"")] * 200_000)
    assert refusal(raw) == "x: has more than 200,000 chunks"


# Frames


def gif(canvas, frame, place, pixels, palette, clear=None) -> bytes:
    """A GIF of one frame, its pixels as codes of 8 bits that are never compressed."""
    control = b"" if clear is None else b"!\xf9\4\1\0\0" + bytes([clear]) + b"\0"
    codes = [256, *[code for pixel in pixels for code in (pixel, 256)], 257]
    bits = "".join(f"{code:09b}"[::-1] for code in codes)
    data = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    blocks = b"".join(
        bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255)
    )
    screen = struct.pack("<HHBBB", *canvas, 0x81, 0, 0) + palette
    return (
        b"GIF89a" + screen + control + struct.pack("<cHHHHB", b",", *place, *frame, 0)
        + b"\x08" + blocks + b"\0;"
    )  # fmt: skip


@pytest.mark.parametrize("clear", [None, 3])
def test_a_gif_is_transparent_where_its_frame_is_not(clear):
    palette = bytes([200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9])
    raw = gif((4, 3), (2, 1), (1, 1), [0, 1], palette, clear)
    expected = np.full((3, 4, 3), (50, 60, 70), np.uint8)
    expected[1, 1:3] = (200, 0, 0), (0, 200, 0)
    np.testing.assert_array_equal(loader.load(raw, None, background=(50, 60, 70)), expected)


@pytest.mark.parametrize("blend", [0, 1])
def test_a_default_picture_that_is_no_frame_is_not_shown(blend):
    def frame(number, width, left):
        size = struct.pack(">IIIII", number, width, 1, left, 0)
        return chunk(b"fcTL", size + struct.pack(">HHBB", 1, 10, 0, blend))

    moving = [
        frame(0, 2, 1),
        chunk(b"fdAT", struct.pack(">I", 1) + zlib.compress(b"\0" + bytes([10, 20]))),
    ]
    start = chunk(b"acTL", struct.pack(">II", 1, 0))
    raw = png([bytes([99, 99, 99])], 3, before=[start], after=moving)
    assert greys(raw, background=(5, 5, 5)) == [5, 10, 20]


# Icons and bitmaps


def dib(pixels, bits, mask=None, colours=()) -> bytes:
    """A picture of an icon: colours (RGBA) or their numbers, and a mask of what is clear."""

    def packed(rows, bits):
        for row in rows[::-1]:
            text = "".join(f"{value:0{bits}b}" for value in row)
            text = text.ljust(-(-len(text) // 32) * 32, "0")
            yield int(text, 2).to_bytes(len(text) // 8)

    height, width = pixels.shape[:2]
    fine = bits == 32
    rows = pixels[::-1, :, [2, 1, 0, 3]].tobytes() if fine else b"".join(packed(pixels, bits))
    mask = np.zeros((height, width), int) if mask is None else mask
    head = struct.pack("<IiiHHIIiiII", 40, width, 2 * height, 1, bits, 0, 0, 0, 0, 0, 0)
    table = b"".join(bytes(colour[::-1]) + b"\0" for colour in colours)
    return head + table + rows + b"".join(packed(mask, 1))


def icon(*pictures, kind=1, told=True) -> bytes:
    """An icon of (bits, picture) of 16x16 pixels; a cursor is of kind 2."""
    table, place = b"", 6 + 16 * len(pictures)
    for bits, data in pictures:
        depth = bits if told else 0
        size = len(data) if told else 0
        table += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, depth, size, place)
        place += len(data)
    head = struct.pack("<HHH", 0, kind, len(pictures))
    return head + table + b"".join(data for _, data in pictures)


FINE = np.random.default_rng(1).integers(0, 256, (16, 16, 4), dtype=np.uint8)
COARSE = dib(np.zeros((16, 16), int), 4, colours=[(1, 2, 3)] * 16)


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_of_an_icons_pictures_the_one_of_most_colours_is_shown(kind, told, packed, first):
    best = encoded(Pillow.fromarray(FINE)) if packed else dib(FINE, 32)
    pictures = [(4, COARSE), (32, best)]
    raw = icon(*(pictures[::-1] if first else pictures), kind=kind, told=told)
    np.testing.assert_array_equal(
        loader.load(raw, None), loader.load(encoded(Pillow.fromarray(FINE)), None)
    )


def test_the_mask_of_an_icon_counts_where_alpha_says_nothing():
    mask = np.arange(256).reshape(16, 16) % 3 == 0
    plain = FINE.copy()
    plain[..., 3] = 0
    loaded = loader.load(icon((32, dib(plain, 32, mask.astype(int)))), None, background=(7, 7, 7))
    np.testing.assert_array_equal(loaded, np.where(mask[..., None], 7, FINE[..., :3]))


def bmp(words, bits, masks, kind=3, size=124) -> bytes:
    """A BMP whose masks say what its words mean."""
    height, width = words.shape
    rows = b"".join(
        row.astype(f"<u{bits // 8}").tobytes().ljust(-(-width * bits // 32) * 4, b"\0")
        for row in words[::-1]
    )
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, kind, 0, 0, 0, 0, 0)
    told = struct.pack("<IIII", *masks)
    head = (head + told).ljust(size, b"\0") if size > 40 else head + told
    place = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", place + len(rows), 0, 0, place) + head + rows


MASKS = {
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "565": (16, (0xF800, 0x7E0, 0x1F, 0)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "8888 from red": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "2 and 10": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
}


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("size", [56, 108, 124])
def test_masks_of_a_bmp_count_alpha_too(kind, size):
    bits, masks = MASKS[kind]
    words = np.random.default_rng(2).integers(0, 2**bits, (4, 5))
    parts = [(words & mask) / mask * 255 if mask else np.full(words.shape, 255.0) for mask in masks]
    alpha = parts[3][..., None] / 255
    expected = np.stack(parts[:3], -1) * alpha + np.array([200, 100, 0]) * (1 - alpha)
    loaded = loader.load(bmp(words, bits, masks, size=size), None, background=(200, 100, 0))
    assert np.abs(loaded - expected).max() <= 1


def test_masks_may_stand_behind_a_short_head():
    bits, masks = MASKS["1555"]
    raw = bmp(np.array([[0x8000 | 0x7C00, 0x1F]]), bits, masks, kind=6, size=40)
    assert loader.load(raw, None)[0].tolist() == [[255, 0, 0], [255, 255, 255]]


def test_a_masked_bmp_that_is_cut_off_says_so():
    raw = bmp(np.zeros((9, 9), int), *MASKS["4444"])[:-1]
    assert refusal(raw) == f"x: truncated after {len(raw)} bytes"


# A gamma


@pytest.mark.parametrize(
    ("gamma", "seen"),
    [
        (1.0, [0, 99, 188, 255]),  # light itself
        (0.45455, [0, 32, 128, 255]),  # of a screen
        (0.47, [0, 32, 128, 255]),  # nearly
        (0.3, [0, 3, 90, 255]),
    ],
)
def test_a_gamma_says_how_much_light_a_number_is(gamma, seen):
    told = chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    raw = png([bytes([0, 32, 128, 255])], 4, before=[told])
    assert np.abs(np.array(greys(raw)) - seen).max() <= 1


def test_srgb_counts_more_than_a_gamma():
    told = [chunk(b"gAMA", struct.pack(">I", 100_000)), chunk(b"sRGB", b"\0")]
    assert greys(png([bytes([0, 32, 128, 255])], 4, before=told)) == [0, 32, 128, 255]


def test_primaries_say_which_red_is_meant():
    """Adobe's green lies outside sRGB; its white and greys are those of sRGB."""
    adobe = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]
    told = [
        chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"cHRM", struct.pack(">8I", *adobe)),
    ]
    raw = png([bytes([200, 100, 100, 255, 255, 255, 0, 255, 0])], 3, colour=2, before=told)
    red, white, green = loader.load(raw, None)[0].astype(int)
    assert np.abs(red - [227, 101, 101]).max() <= 3
    assert white.tolist() == [255, 255, 255]
    assert green.tolist() == [0, 255, 0]


# What is no picture here


KINDS = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC, which"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC, which"),
    "JPEG XL": (b"\xff\x0a\xfa\x1f", "JPEG XL, which"),
    "JPEG XL in a box": (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL, which"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG, which"),
    "Canon": (b"II*\0\x10\0\0\0CR\2\0", "a camera's RAW file, which"),
    "Canon 3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's RAW file, which"),
    "Fuji": (b"FUJIFILMCCD-RAW 0201", "a camera's RAW file, which"),
    "Aseprite": (b"\0\1\0\0\xe0\xa5\1\0", "a sprite of Aseprite, which"),
    "PDF": (b"%PDF-1.7\n", "PDF, which"),
    "GIMP": (b"gimp xcf v011\0", "a GIMP project, which"),
    "video": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "a video, not a picture"),
    "Matroska": (b"\x1aE\xdf\xa3\1\0", "a video, not a picture"),
    "page": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "not a picture but a web page"),
    "LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
        "not a picture but what Git",
    ),
    "text": ("Ein Kätzchen\n".encode(), "not a picture but text"),
    "zeros": (bytes(5000), "not a picture but zeros"),
    "Mac": (b"\0\5\x16\7\0\2\0\0Mac OS X", "not a picture but what a Mac notes"),
    "archive": (b"PK\3\4\x14\0", "not a picture but a ZIP archive"),
    "empty": (b"", "empty, 0 bytes"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0", "a broken PNG (its header is cut off)"),
    "JPEG": (b"\xff\xd8\xff\xe0\0", "a broken JPEG ("),
    "junk": (bytes(range(128, 256)) * 9, "not a picture, or of a kind that nobody here knows"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_picture_is_called_by_its_name(kind):
    raw, says = KINDS[kind]
    said = refusal(raw)
    assert said.startswith(f"x: {says}")
    if "which pixace does not read" in said:
        assert "convert it to PNG or JPEG" in said


def test_a_negative_of_a_camera_is_not_its_preview():
    pixels = np.zeros((8, 8, 3), np.uint8)
    dng = tiff(pixels, photometric="rgb", extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    assert "a camera's RAW file" in refusal(dng)


# Sizes


@pytest.mark.parametrize("own", [(1, 1), (1, 4000), (4000, 1), (2, 3), (7, 5000), (31, 33)])
@pytest.mark.parametrize("fit", choices.FITS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_middle_of_odd_sizes_is_kept(own, fit, kind):
    """Bright in the middle half of long sides."""
    pixels = np.full((*own, 3), 40, np.uint8)
    height, width = (slice(side // 4, -side // 4) if side > 99 else slice(side) for side in own)
    pixels[height, width] = 200
    loaded = loader.load(encoded(Pillow.fromarray(pixels), kind), (32, 32), fit=fit)
    assert loaded.shape == (32, 32, 3)
    assert np.abs(loaded[15, 15].astype(int) - 200).max() <= 2
