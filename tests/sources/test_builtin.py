"""What is built in: digits, and emoji where their font is."""

import io
import pickle
import struct
import unicodedata

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from pixace.errors import MissingError
from pixace.images import loader
from pixace.sources import emoji, open_source


def test_digits_are_spread_over_all_greys_and_labelled():
    source = open_source("digits")
    assert len(source) == 1797
    assert source.spec == "digits"
    pixels = np.stack([source.read(i) for i in range(len(source))])
    assert pixels.shape == (1797, 8, 8)
    assert np.unique(pixels).size == 17
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert {source.record(i).label for i in range(len(source))} == set("0123456789")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).read(3), pixels[3])
    assert source.fingerprint() == open_source("digits").fingerprint()


def test_a_file_named_digits_is_opened_by_its_path(photos, monkeypatch):
    photos.rename(photos.with_name("digits"))
    monkeypatch.chdir(photos.parent)
    assert len(open_source("digits")) == 1797
    assert len(open_source("./digits")) == 4


def test_without_the_font_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(emoji, "PLACES", ())
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(MissingError, match="apt-get install fonts-noto-color-emoji"):
        open_source("emoji")


def test_a_font_without_bitmaps_is_named(monkeypatch, tmp_path):
    (tmp_path / emoji.FONT).write_bytes(b"no font")
    monkeypatch.setattr(emoji, "PLACES", (str(tmp_path),))
    with pytest.raises(MissingError, match="has no bitmaps of 109 pixels"):
        open_source("emoji")


@pytest.fixture(scope="module")
def tiny_font(tmp_path_factory):
    """A folder with a font of ten emoji and of five characters that are no pictures."""
    cat, moon = (Pillow.new("RGBA", (136, 128)) for _ in range(2))
    ImageDraw.Draw(cat).rectangle((8, 4, 128, 124), (220, 130, 30))
    ImageDraw.Draw(moon).ellipse((8, 4, 128, 124), (40, 40, 60))
    ImageDraw.Draw(moon).pieslice((8, 4, 128, 124), -90, 90, (250, 240, 160))
    pictures = dict.fromkeys("😀😁😂🐈🐉👨👩🚀🚲#0\u200d\U0001f3fb\U0001f1e6", cat) | {"🌓": moon}
    folder = tmp_path_factory.mktemp("font")
    (folder / emoji.FONT).write_bytes(color_font(pictures))
    return folder


@pytest.fixture(params=["tiny", "installed"])
def drawn(request, tiny_font, monkeypatch):
    """Emoji of a font made here, and of Google's where it is installed."""
    if request.param == "tiny":
        monkeypatch.setattr(emoji, "PLACES", (str(tiny_font),))
    try:
        return open_source("emoji")
    except MissingError as why:
        pytest.skip(str(why))


def test_a_font_is_found_and_all_its_pictures_are_drawn(tiny_font, monkeypatch):
    monkeypatch.setattr(emoji, "PLACES", (str(tiny_font),))
    source = open_source("emoji")
    assert set(source.characters) == set("😀😁😂🐈🐉👨👩🚀🚲🌓")
    assert source.read(source.characters.index("🐈")).getpixel((64, 64)) == (220, 130, 30, 255)


def test_the_installed_font_has_more_than_a_thousand():
    try:
        assert len(open_source("emoji")) > 1000
    except MissingError as why:
        pytest.skip(str(why))


def test_emoji_have_names_and_groups(drawn):
    records = [drawn.record(i) for i in range(len(drawn))]
    by_name = {record.name: record for record in records}
    assert len(by_name) == len(records) >= 10
    cat = by_name[f"emoji_u{ord('🐈'):04x}"]
    assert (cat.caption, cat.group) == ("cat", "emoji:1f408")
    assert by_name["emoji_u1f468"].group == by_name["emoji_u1f469"].group


def test_only_what_is_a_picture_is_drawn(drawn):
    assert not set("0#*\u200d\ufe0f\U0001f3fb\U0001f1e6") & set(drawn.characters)


def test_emoji_are_transparent_and_upright(drawn):
    place = drawn.characters.index(unicodedata.lookup("FIRST QUARTER MOON SYMBOL"))
    picture = drawn.read(place)
    assert (picture.mode, picture.size) == ("RGBA", (128, 128))
    blue, white = (loader.load(picture, (16, 16), background=b) for b in ((0, 0, 255), (255,) * 3))
    assert blue[0, 0].tolist() == [0, 0, 255]
    np.testing.assert_array_equal(blue[8, 8], white[8, 8])  # opaque within
    assert white[8, 11].sum() > white[8, 4].sum() + 200  # the right half is lit


def test_emoji_can_be_pickled(drawn):
    copy = pickle.loads(pickle.dumps(drawn))
    assert copy == drawn
    assert copy.fingerprint() == drawn.fingerprint()
    assert copy.read(7).tobytes() == drawn.read(7).tobytes()


def color_font(pictures, strike=109):
    """A font of bitmaps, one for each character, as the bytes of its file.

    Sources: OpenType specification, "Font file", "cmap" (format 12), "CBLC" (index format 1) and
    "CBDT" (glyph format 17).
    """
    glyphs, places = b"", [0]
    for character in sorted(pictures):
        width, height = pictures[character].size
        file = io.BytesIO()
        pictures[character].save(file, "PNG")
        glyphs += struct.pack(">BBbbBI", height, width, 0, 101, width, len(file.getvalue()))
        glyphs += file.getvalue()
        places.append(len(glyphs))
    last = len(pictures)  # glyph 0 stands for what is missing
    index = struct.pack(f">2HI2HI{last + 1}I", 1, last, 8, 1, 17, 4, *places)
    line = struct.pack(">bbB7bxx", 101, -27, 136, 1, 0, 0, 0, 0, 101, -27)
    size = struct.pack(">4I", 56, len(index), 1, 0) + 2 * line
    size += struct.pack(">2H4B", 1, last, strike, strike, 32, 1)
    points = [
        struct.pack(">3I", ord(each), ord(each), 1 + i) for i, each in enumerate(sorted(pictures))
    ]
    groups = struct.pack(">2H3I", 12, 0, 16 + 12 * last, 0, last) + b"".join(points)
    tables = {
        b"CBDT": struct.pack(">2H", 3, 0) + glyphs,
        b"CBLC": struct.pack(">2HI", 3, 0, 1) + size + index,
        b"cmap": struct.pack(">4HI", 0, 1, 3, 10, 12) + groups,
        b"head": struct.pack(">2I4xI2H24x2H3h", 65536, 0, 0x5F0F3CF5, 0, 2048, 0, 8, 2, 0, 0),
        b"hhea": struct.pack(">I3h24xhH", 65536, 1900, -500, 0, 0, 1),
        b"hmtx": struct.pack(f">Hh{2 * last}x", 2550, 0),
        b"maxp": struct.pack(">IH26x", 65536, last + 1),
    }
    head, body = struct.pack(">I4H", 65536, len(tables), 0, 0, 0), b""
    for name, table in sorted(tables.items()):
        place = 12 + 16 * len(tables) + len(body)
        head += struct.pack(">4s3I", name, 0, place, len(table))
        body += table + bytes(-len(table) % 4)
    return head + body
