"""What is built in: digits, and emoji where their font is."""

import pickle
import unicodedata

import numpy as np
import pytest

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


@pytest.fixture
def drawn():
    try:
        return open_source("emoji")
    except MissingError as why:
        pytest.skip(str(why))


def test_emoji_have_names_and_groups(drawn):
    records = [drawn.record(i) for i in range(len(drawn))]
    by_name = {record.name: record for record in records}
    assert len(by_name) == len(records) > 1000
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
