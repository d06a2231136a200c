"""Pixel art keeps its own colours when its size changes; all else is averaged as ever."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.data.palette_fitting import resolved
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import Survey
from pixace.data.token_cache import cached
from pixace.errors import ImageError, SizeError, TokenError
from pixace.images import loader
from pixace.sources import open_source

COLORS = np.array([[20, 12, 28], [208, 70, 72], [222, 238, 214], [89, 125, 206]], np.uint8)


@pytest.fixture
def sprite():
    """16x16 pixels of 4 colours."""
    return COLORS[np.random.default_rng(0).integers(0, 4, (16, 16))]


def enlarged(pixels, down, across=None):
    return pixels.repeat(down, axis=0).repeat(across or down, axis=1)


def saved(path, pixels, **options):
    Path(path).parent.mkdir(exist_ok=True)
    Pillow.fromarray(pixels).save(path, **options)
    return Path(path)


@pytest.mark.parametrize("times", [2, 3, 4, 7, 16])
def test_an_enlarged_sprite_comes_back_as_it_was_drawn(sprite, times, tmp_path):
    path = saved(tmp_path / "a.png", enlarged(sprite, times))
    np.testing.assert_array_equal(loader.load(path, (16, 16)), sprite)


def test_an_enlarged_sprite_may_become_any_whole_multiple(sprite):
    large = enlarged(sprite, 3)
    for times in (1, 2, 3, 4):
        size = (16 * times, 16 * times)
        np.testing.assert_array_equal(loader.load(large, size), enlarged(sprite, times))


def test_blocks_need_not_be_square_and_may_be_cropped_padded_or_turned(sprite, tmp_path):
    wide = enlarged(sprite, 2, 4)
    np.testing.assert_array_equal(loader.load(wide, (16, 16), fit="stretch"), sprite)
    strip = np.concatenate([sprite, sprite, sprite], axis=1)
    np.testing.assert_array_equal(loader.load(enlarged(strip, 4), (16, 16)), sprite)
    padded = loader.load(enlarged(sprite[4:12], 4), (16, 16), fit="pad", background=(1, 2, 3))
    np.testing.assert_array_equal(padded[4:12], sprite[4:12])
    assert (padded[:4] == (1, 2, 3)).all()
    exif = Pillow.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "t.png", enlarged(np.ascontiguousarray(sprite[::1]), 4), exif=exif)
    np.testing.assert_array_equal(loader.load(path, (16, 16)), np.rot90(sprite, -1))


def test_transparency_of_enlarged_sprites_has_no_fringe(sprite):
    clear = np.dstack([sprite, np.full((16, 16), 255, np.uint8)])
    clear[:, :5] = 0
    loaded = loader.load(enlarged(clear, 4), (16, 16), background=(9, 9, 9))
    np.testing.assert_array_equal(loaded[:, 5:], sprite[:, 5:])
    assert (loaded[:, :5] == 9).all()


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
@pytest.mark.parametrize("times", [2, 3])
def test_what_is_drawn_in_pixels_grows_by_squares(sprite, times, mode):
    picture = Pillow.fromarray(sprite)
    picture = picture.quantize(4) if mode == "P" else picture.convert(mode)
    loaded = loader.load(picture, (16 * times, 16 * times))
    np.testing.assert_array_equal(loaded, enlarged(sprite, times))


def smooth(pixels, size):
    """As it was before there was anything about pixel art."""
    picture = Pillow.fromarray(pixels)
    grows = size[1] > picture.width
    how = Pillow.Resampling.BILINEAR if grows else Pillow.Resampling.HAMMING
    return np.asarray(picture.resize(size[::-1], how, reducing_gap=3.0).convert("RGB"))


def test_all_else_is_averaged(sprite):
    """Photographs, handwriting, soft edges, and sizes that are no whole multiples."""
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    writing = np.random.default_rng(2).integers(0, 3, (16, 16), np.uint8) * 100
    soft = np.dstack([sprite, np.full((16, 16), 255, np.uint8)])
    soft[3, 3, 3] = 100
    waves = np.rint(np.linspace(0, 255, 32)).astype(np.uint8)
    slope = np.broadcast_to(waves[:, None, None], (32, 32, 3))
    for pixels, size in (
        (noise, (16, 16)),
        (noise, (64, 64)),
        (writing, (32, 32)),
        (sprite, (24, 24)),
        (sprite, (8, 8)),
        (enlarged(sprite, 4), (24, 24)),
        (np.ascontiguousarray(slope), (64, 64)),
    ):
        np.testing.assert_array_equal(loader.load(pixels, size), smooth(pixels, size))
    assert len(np.unique(loader.load(soft, (32, 32)).reshape(-1, 3), axis=0)) > 10


def test_one_colour_is_that_colour_in_every_size():
    for side in (5, 16, 40, 64, 128):
        assert (loader.load(np.full((64, 64, 3), 77, np.uint8), (side, side)) == 77).all()


@pytest.mark.parametrize("fit", ["nearest", "pad,nearest", "stretch,nearest"])
@pytest.mark.parametrize("side", [5, 11, 24, 33, 70])
def test_nearest_makes_no_new_colours(fit, side, sprite):
    many = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)
    for pixels in (sprite, many):
        loaded = loader.load(pixels, (side, side), fit=fit, background=(20, 12, 28))
        found = set(map(tuple, loaded.reshape(-1, 3).tolist()))
        assert found <= set(map(tuple, [*pixels.reshape(-1, 3).tolist(), COLORS[0].tolist()]))


def test_padding_with_nearest_enlarges_by_whole_numbers(sprite):
    loaded = loader.load(sprite, (40, 40), fit="pad,nearest", background=(1, 2, 3))
    np.testing.assert_array_equal(loaded[4:36, 4:36], enlarged(sprite, 2))
    assert (loaded[:4] == (1, 2, 3)).all()


def test_center_enlarges_nothing_and_shrinks_what_is_too_large(sprite):
    loaded = loader.load(sprite, (40, 40), fit="center", background=(1, 2, 3))
    np.testing.assert_array_equal(loaded[12:28, 12:28], sprite)
    assert (loaded[:12] == (1, 2, 3)).all()
    np.testing.assert_array_equal(loader.load(enlarged(sprite, 2), (16, 16), fit="center"), sprite)


def test_a_threshold_leaves_no_mixed_colours():
    pixels = np.array([[[200, 0, 0, 127], [200, 0, 0, 128], [0, 99, 0, 255]]], np.uint8)
    loaded = loader.load(pixels, None, background=(1, 2, 3), alpha="threshold")
    assert loaded.tolist() == [[[1, 2, 3], [200, 0, 0], [0, 99, 0]]]
    assert loader.load(pixels, None, background=(0, 0, 0))[0, 0].tolist() == [100, 0, 0]


def test_without_a_background_transparency_is_kept():
    pixels = np.array([[[200, 0, 0, 127], [0, 99, 0, 255]]], np.uint8)
    np.testing.assert_array_equal(loader.load(pixels, None, background=None), pixels)
    assert loader.load(pixels[..., :3], None, background=None).shape == (1, 2, 3)


def test_exact_refuses_what_would_change_a_colour_or_lose_a_pixel(sprite):
    soft = np.full((16, 16, 4), 100, np.uint8)
    with pytest.raises(ImageError, match=r"a: some pixels are half transparent"):
        loader.load(soft, (16, 16), exact=True, name="a")
    for size in ((8, 8), (24, 24), (16, 8)):
        with pytest.raises(SizeError, match=r"a: 16x16 pixels, not .*; say --size 16x16"):
            loader.load(sprite, size, exact=True, name="a")
    many = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)
    loaded = loader.load(many, (32, 32), exact=True)
    np.testing.assert_array_equal(loaded, enlarged(many, 2))


# Exact colours


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))


def shown(made):
    """All images of a token set, in no order."""
    rows = [made.split(it).rows(range(count)) for it, count in made.header.splits.items()]
    return {image.tobytes() for image in made.tokenizer.decode(np.concatenate(rows))}


def test_exact_colours_of_enlarged_sprites(sprite, here):
    sprites = [np.rot90(sprite, turn) for turn in range(4)]
    for i, pixels in enumerate(sprites):
        saved(f"in/{i}.png", enlarged(pixels, 4))
    made = pixace.tokenize("in", "set", size=16, colors="exact")
    assert made.tokenizer.colors.size == 4
    assert shown(made) == {np.ascontiguousarray(pixels).tobytes() for pixels in sprites}


def test_half_transparent_pictures_are_left_out_and_named_or_cut_by_a_threshold(sprite, here):
    for i in range(6):
        pixels = np.dstack([np.roll(sprite, i, axis=0), np.full((16, 16), 255, np.uint8)])
        pixels[0, 0] = (1, 2, 3, 100) if i in (1, 4) else (1, 2, 3, 0)
        saved(f"in/{i}.png", pixels)
    made = pixace.tokenize("in", "set", size=16, colors="exact")
    assert made.header.skipped == 2
    assert [line[:5] for line in made.header.skipped_first] == ["1.png", "4.png"]
    assert sum(made.header.splits.values()) == 4
    assert made.tokenizer.colors.size == 5

    cut = pixace.tokenize("in", "cut", size=16, colors="exact", alpha="threshold")
    assert cut.header.skipped == 0
    assert cut.header.alpha == "threshold"
    assert cut.tokenizer.spec == made.tokenizer.spec
    assert len(shown(cut)) == 6
    with pytest.raises(ImageError, match=r"1\.png"):
        pixace.tokenize("in", "strict", size=16, colors="exact", strict=True)


def test_exact_colours_may_be_padded(sprite, here):
    for i, (height, width) in enumerate([(16, 16), (12, 16), (10, 7), (24, 24)]):
        saved(f"in/{i}.png", np.resize(sprite, (height, width, 3)))
    with pytest.raises(TokenError, match=r"0\.png: 16x16 pixels, not 24x24.*--fit pad"):
        pixace.tokenize("in", "set", size=24, colors="exact")
    made = pixace.tokenize("in", "set", size=24, colors="exact", fit="pad")
    assert made.tokenizer.colors.size == 5
    assert made.tokenizer.colors.transparent is not None
    assert made.header.fit == "center"
    background = made.header.background
    for size, fit in (((16, 16), 4), ((10, 7), 7)):
        frame = np.full((24, 24, 3), background, np.uint8)
        left = (24 - size[1]) // 2
        frame[fit : fit + size[0], left : left + size[1]] = np.resize(sprite, (*size, 3))
        assert frame.tobytes() in shown(made)


def test_what_is_known_of_exact_colours_makes_the_same_set_again(sprite, here):
    """As a run does whose token set is gone: with its palette, and the same pictures left out."""
    pixels = np.dstack([sprite, np.full((16, 16), 255, np.uint8)])
    for i in range(3):
        pixels[i, i, 3] = 0
        saved(f"in/{i}.png", pixels)
    pixels[5, 5, 3] = 99
    saved("in/soft.png", pixels)
    wanted = Preprocessing(size=20, colors="exact", fit="pad")
    made = cached(wanted, "in")
    own = resolved(wanted, Survey(open_source("in")))
    again = cached(wanted, "in", resolved=own)
    assert again.path != made.path
    assert again.header == made.header
    assert again.header.skipped == 1


def test_k_means_of_fewer_colours_keeps_them_all(here):
    for count in (1, 3):
        for i in range(5):
            flat = COLORS[np.arange(64).reshape(8, 8) % count]
            saved(f"in{count}/{i}.png", np.roll(flat, i, axis=0))
        made = pixace.tokenize(f"in{count}", f"set{count}", size=8, colors="kmeans:64")
        assert set(made.tokenizer.colors.colors) == {
            "{:02x}{:02x}{:02x}".format(*color) for color in COLORS[:count]
        }
        wanted = Preprocessing(size=8, colors="kmeans:64")
        own = resolved(wanted, Survey(open_source(f"in{count}")))
        assert own.tokenizer().colors.size == count


def test_a_model_of_one_colour_learns_and_draws(tiny, here):
    np.save("flat.npy", np.full((12, 4, 4, 3), (9, 80, 200), np.uint8))
    bindings = [*tiny, "train.steps = 1", "pictures.colors = 'kmeans:64'"]
    run = pixace.train("flat.npy", gin="base", bindings=bindings, root="runs").run
    drawn = pixace.load(run.path).generate(2)
    assert (drawn == (9, 80, 200)).all()
