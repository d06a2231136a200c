"""Pictures of a palette as files: indexed where there is room, transparent where meant."""

import numpy as np
from PIL import Image as Pillow

from pixace import tokenizers
from pixace.colors import palette
from pixace.images.palette_png import palette_of, save_picture, save_strip
from pixace.images.png import read_description

CLEAR = palette.parse("ff0000,00000000,0000ff")


def test_a_picture_keeps_the_palette_and_its_transparency(tmp_path):
    ids = np.array([[0, 1, 2], [2, 2, 0]])
    save_picture(tmp_path / "a.png", CLEAR.decode(ids), CLEAR, 2, {"seed": 3})
    with Pillow.open(tmp_path / "a.png") as picture:
        assert (picture.mode, picture.info["transparency"]) == ("P", 1)
        np.testing.assert_array_equal(np.asarray(picture)[::2, ::2], ids)
        assert picture.size == (6, 4)
        assert picture.getpalette()[:9] == CLEAR.table.ravel().tolist()
        assert (np.asarray(picture.convert("RGBA"))[..., 3] == 0).sum() == 4
    assert read_description(tmp_path / "a.png") == {"seed": 3}


def test_more_colours_than_an_index_holds_make_a_plain_picture(tmp_path):
    every = np.indices((7, 7, 7)).reshape(3, -1).T * 30
    plain = palette.of(every.tolist())
    picture = every.reshape(7, 49, 3).astype(np.uint8)
    save_picture(tmp_path / "plain.png", picture, plain, 1, {})
    with Pillow.open(tmp_path / "plain.png") as opened:
        assert opened.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(opened), picture)

    clear = palette.parse(plain.spec.removeprefix("palette:") + ",01010100")
    picture[3, 4] = 1
    save_picture(tmp_path / "clear.png", picture, clear, 1, {})
    with Pillow.open(tmp_path / "clear.png") as opened:
        alpha = np.asarray(opened)[..., 3]
        assert (opened.mode, alpha[3, 4], (alpha == 255).sum()) == ("RGBA", 0, 7 * 49 - 1)


def test_a_strip_has_a_square_for_each_colour_and_nothing_behind_the_last(tmp_path):
    many = palette.of([[i, 255 - i, 7] for i in range(40)])
    save_strip(tmp_path / "strip.png", many)
    with Pillow.open(tmp_path / "strip.png") as strip:
        squares = np.asarray(strip)[8::16, 8::16].reshape(-1, 4)
    np.testing.assert_array_equal(squares[:40, :3], many.table)
    assert squares[:40, 3].min() == 255
    assert squares[40:].max() == 0

    save_strip(tmp_path / "strip.png", CLEAR)
    with Pillow.open(tmp_path / "strip.png") as strip:
        assert strip.getpixel((24, 8)) == (0, 0, 0, 0)


def test_only_palettes_are_palettes():
    spec = "pixel size=2x2 colors={} order=raster"
    assert palette_of(tokenizers.by_spec(spec.format(CLEAR.spec))) == CLEAR
    assert palette_of(tokenizers.by_spec(spec.format("grey:4"))) is None
