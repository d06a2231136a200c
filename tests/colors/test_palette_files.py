"""Palettes as drawing programs write them."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.colors import palette
from pixace.data.palette_fitting import resolved
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import Survey
from pixace.errors import TokenError
from pixace.images.palette_png import save_strip
from pixace.sources import open_source

COLORS = ("000000", "ffffff", "be1e28", "285ac8")
TEXTS = {
    "lospec.hex": "000000\nffffff\nBE1E28\n285ac8\n",
    "sharp.hex": "\ufeff#000000\r\n#ffffff\r\n\r\n#be1e28\r\n#285ac8",
    "gimp.gpl": "GIMP Palette\nName: x\nColumns: 4\n#\n  0   0   0\tblack\n255 255 255\n"
    "190 30 40 a red one\n40 90 200\n",
    "alpha.GPL": "GIMP Palette\nChannels: RGBA\n# x\n0 0 0 255 black\n255 255 255 255\n"
    "190 30 40 255\n40 90 200 255\n",
    "jasc.pal": "JASC-PAL\r\n0100\r\n4\r\n0 0 0\r\n255 255 255\r\n190 30 40\r\n40 90 200\r\n",
}
BAD = {
    "a.hex": ("000000\nfff\n", "line 2, 'fff', is no colour of six hexadecimal digits"),
    "a.gpl": ("0 0 0\n", "its first line is not 'GIMP Palette'"),
    "b.gpl": ("GIMP Palette\n0 0\n", "line 2, '0 0', does not begin with three of 0 to 255"),
    "c.gpl": ("GIMP Palette\n0 0 256\n", "line 2, '0 0 256', does not begin"),
    "a.pal": ("RIFF....PAL data", "its first line is not 'JASC-PAL'"),
    "b.pal": ("JASC-PAL\n0100\n3\n1 2 3\n", "its third line should say 1, the number"),
    "a.png": ("no picture", "cannot identify"),
    "empty.hex": ("", "a palette has 1 to 32,768 colours, this one 0"),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_drawing_programs_are_read(name):
    Path(name).write_text(TEXTS[name], encoding="utf-8", newline="")
    assert palette.parse(name).colors == COLORS
    assert palette.read(Path(name))[1] == ""


@pytest.mark.parametrize("name", BAD)
def test_what_is_broken_is_told_in_a_line(name):
    Path(name).write_text(BAD[name][0], encoding="utf-8")
    with pytest.raises(TokenError) as why:
        palette.parse(name)
    assert BAD[name][1] in str(why.value)
    assert name in str(why.value)
    assert "\n" not in str(why.value)


def test_other_kinds_are_answered_with_those_that_are_read():
    Path("a.aco").touch()
    with pytest.raises(TokenError, match=r"\.npy, \.hex, \.gpl, \.pal, \.png"):
        palette.parse("a.aco")
    with pytest.raises(TokenError, match=r"none\.hex: No such file.*Lospec's \.hex, GIMP's \.gpl"):
        palette.parse("none.hex")


def test_a_picture_gives_its_colours_as_they_first_appear():
    pixels = np.array([[[9, 9, 9], [0, 0, 0], [9, 9, 9]], [[1, 2, 3], [0, 0, 0], [7, 0, 0]]])
    Pillow.fromarray(pixels.astype(np.uint8)).save("a.png")
    assert palette.parse("a.png").colors == ("090909", "000000", "010203", "070000")


def test_a_photograph_has_too_many_colours_to_be_a_palette():
    every = np.arange(1 << 16, dtype=np.uint32).reshape(256, 256)
    pixels = np.stack([every >> 8, every & 255, every * 0], -1).astype(np.uint8)
    Pillow.fromarray(pixels).save("photo.png")
    with pytest.raises(TokenError, match=r"photo\.png: a palette has 1 to 32,768 .* 65,536"):
        palette.parse("photo.png")


@pytest.mark.parametrize(
    "colors",
    [
        COLORS,
        ("101010", "ffffff00", "202020"),
        ("101010", "202020", "00000000"),
        tuple(f"{i:02x}0000" for i in range(40)),
        (*(f"{i:02x}0000" for i in range(40)), "ffffff00"),
    ],
    ids=lambda colors: f"{len(colors)}-{colors[-1]}",
)
def test_a_strip_is_read_as_the_palette_that_it_shows(colors):
    shown = palette.parse(",".join(colors))
    save_strip(Path("palette.png"), shown)
    assert palette.parse("palette.png") == shown


def test_small_numbers_of_bytes_are_bytes():
    np.save("dark.npy", np.array([[0, 0, 0], [1, 1, 1]], np.uint8))
    assert palette.parse("dark.npy").colors == ("000000", "010101")
    np.save("range.npy", np.array([[0, 0, 0], [1, 1, 1]]))
    assert palette.parse("range.npy").colors == ("000000", "ffffff")


def test_the_palette_of_one_set_serves_another_with_its_transparency():
    sprite = np.array([[[9, 9, 9, 255], [5, 5, 5, 0]], [[200, 0, 0, 255], [9, 9, 9, 255]]])
    Path("in").mkdir()
    Pillow.fromarray(sprite.astype(np.uint8)).save("in/a.png")
    one = pixace.tokenize("in", "one", size=2, colors="exact", validation_fraction=0)
    words = ["tokenize", "in", "two", "--size", "2", "--validation-fraction", "0"]
    words += ["--colors", "palette:one/palette.png"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    first, second = result.stderr.splitlines()
    assert first == "one/palette.png: 3 colours"
    assert second.startswith("no picture is held out: ")
    two = pixace.data.token_set.open_set("two")
    assert two.tokenizer.spec == one.tokenizer.spec
    assert two.header.files == one.header.files
    assert two.header.background == one.header.background


def test_transparency_of_a_palette_is_what_lies_behind():
    np.save("a.npy", np.zeros((1, 2, 2, 4), np.uint8))
    wanted = Preprocessing(size=2, colors="palette:ff0000,12345600")
    own = resolved(wanted, Survey(open_source("a.npy")))
    assert own.background == "#123456"


def test_a_pipe_is_not_waited_for():
    for name in ("a.hex", "a.npy", "a.png"):
        os.mkfifo(name)
        with pytest.raises(TokenError, match=f"the palette {name}: a named pipe, not a file"):
            palette.parse(name)


def test_a_picture_of_a_hundred_million_pixels_is_no_palette():
    Pillow.new("1", (10_000, 10_000)).save("a.png")
    with pytest.raises(TokenError, match="more than 16,777,216 pixels is no palette"):
        palette.parse("a.png")


def test_claims_of_numbers_are_not_believed():
    np.save("a.npy", np.zeros((4, 3)))
    raw = Path("a.npy").read_bytes()
    Path("a.npy").write_bytes(raw.replace(b"(4, 3), }      ", b"(99999999999,3)}"[:15] + b" "))
    with pytest.raises(TokenError, match=r"cannot read the palette a\.npy: "):
        palette.parse("a.npy")
