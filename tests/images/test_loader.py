"""Any picture becomes what a person sees, or one line says why not."""

import io
import pickle
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms

from pixace import choices
from pixace.errors import ImageError, PixaceError
from pixace.images import loader

unhurried = settings(deadline=None)  # the first call loads Pillow's plugins


def encoded(picture, kind="PNG", **options) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def gradient(height, width) -> np.ndarray:
    """Smooth, with no symmetry: red grows to the right, green downwards, blue with both."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.rint(np.stack([x, y, (x + 2 * y) / 3], -1) * 255).astype(np.uint8)


@pytest.fixture
def noise(rng):
    return rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# What may be handed in


def test_a_path_bytes_an_array_and_a_picture_give_the_same(noise, tmp_path):
    path = tmp_path / "a picture without suffix"
    path.write_bytes(encoded(Pillow.fromarray(noise)))
    for raw in (path, str(path), path.read_bytes(), noise, Pillow.fromarray(noise)):
        loaded = loader.load(raw, None)
        assert loaded.dtype == np.uint8
        np.testing.assert_array_equal(loaded, noise)


def test_a_picture_that_is_handed_in_stays_as_it_was():
    picture = Pillow.open(io.BytesIO(encoded(Pillow.fromarray(gradient(256, 256)), "JPEG")))
    loader.load(picture, (16, 16))
    assert picture.size == (256, 256)


def test_the_result_may_be_written_to(noise):
    loaded = loader.load(noise, None)
    loaded[0, 0] = 1
    assert noise[0, 0].tolist() != [1, 1, 1]


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1)])
def test_grey_arrays_get_three_equal_channels(rng, shape):
    grey = rng.integers(0, 256, shape, dtype=np.uint8)
    loaded = loader.load(grey, None)
    assert loaded.shape == (5, 4, 3)
    np.testing.assert_array_equal(loaded, np.repeat(grey.reshape(5, 4, 1), 3, -1))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1_are_spread_over_0_to_255(dtype):
    assert loader.load(np.array([[0, 0.5, 1]], dtype), None)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 3, 2), np.uint8), r"shape \(2, 3, 2\)"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        (np.zeros((4, 4), np.int64), "int64"),
        (np.full((4, 4), 1.5), "floats outside 0..1"),
        (np.full((4, 4), np.nan), "floats outside 0..1"),
    ],
)
def test_other_arrays_are_refused(array, reason):
    with pytest.raises(ImageError, match=f"^x: an array of .*{reason}"):
        loader.load(array, (2, 2), name="x")


# How a picture is fitted


@unhurried
@given(
    own=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    fit=st.sampled_from(choices.FITS),
    kind=st.sampled_from(["PNG", "JPEG", "array"]),
)
def test_every_fit_gives_the_size_asked_for(own, size, fit, kind):
    pixels = np.full((*own, 3), (200, 100, 50), np.uint8)
    raw = pixels if kind == "array" else encoded(Pillow.fromarray(pixels), kind)
    loaded = loader.load(raw, size, fit=fit, background=(0, 0, 0))
    assert loaded.shape == (*size, 3)
    if fit not in (
        "pad",
        "center",
    ):  # one colour stays that, up to the rounding of JPEG's YCbCr
        assert np.abs(loaded.astype(int) - (200, 100, 50)).max() <= 2


@unhurried
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    fit=st.sampled_from(choices.FITS),
    seed=st.integers(0, 99),
)
def test_a_picture_of_the_right_size_is_not_resampled(size, fit, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    raw = encoded(Pillow.fromarray(pixels))
    np.testing.assert_array_equal(loader.load(raw, size, fit=fit), pixels)


def test_crop_cuts_both_ends_equally():
    strip = np.zeros((10, 30, 3), np.uint8)
    strip[:, 10:20] = 255
    np.testing.assert_array_equal(loader.load(strip, (10, 10), fit="crop"), strip[:, 10:20])


def test_pad_shows_all_and_fills_up_with_the_background():
    strip = np.zeros((10, 30, 3), np.uint8)
    loaded = loader.load(strip, (30, 30), fit="pad", background=(1, 2, 3))
    np.testing.assert_array_equal(loaded[10:20], strip)
    assert (loaded[:10] == (1, 2, 3)).all()
    assert (loaded[20:] == (1, 2, 3)).all()


def test_stretch_keeps_the_edges():
    loaded = loader.load(gradient(20, 60), (20, 20), fit="stretch").astype(int)
    assert loaded[:, 0, 0].max() < 16
    assert loaded[:, -1, 0].min() > 239


@unhurried
@given(
    own=st.tuples(st.integers(33, 300), st.integers(33, 300)),
    size=st.tuples(st.integers(2, 32), st.integers(2, 32)),
)
def test_shrinking_takes_the_mean_of_each_area(own, size):
    """A linear picture has its mean in the middle of each area; 3 levels are left to rounding."""
    y, x = np.mgrid[: own[0], : own[1]]
    pixels = np.stack([(x + 0.5) / own[1], (y + 0.5) / own[0], 0 * x], -1) * 255
    loaded = loader.load(np.rint(pixels).astype(np.uint8), size, fit="stretch").astype(float)
    down, across = ((np.arange(n) + 0.5) / n * 255 for n in size)
    # The outermost pixels have less to average over on one side: left out.
    assert np.abs(loaded[:, 1:-1, 0] - across[1:-1]).max(initial=0) <= 3
    assert np.abs(loaded[1:-1, :, 1] - down[1:-1, None]).max(initial=0) <= 3


@unhurried
@given(
    own=st.tuples(st.integers(40, 600), st.integers(40, 600)),
    size=st.tuples(st.integers(4, 32), st.integers(4, 32)),
    fit=st.sampled_from(choices.FITS),
)
def test_a_drafted_jpeg_looks_like_the_whole_one(own, size, fit):
    raw = encoded(Pillow.fromarray(gradient(*own)), "JPEG", quality=95)
    whole = loader.load(np.asarray(Pillow.open(io.BytesIO(raw))), size, fit=fit).astype(int)
    drafted = loader.load(raw, size, fit=fit)
    assert np.abs(drafted - whole).mean() < 2


def test_resizing_makes_no_colour_that_was_not_between_those_there(rng):
    edges = np.where(rng.random((48, 48, 1)) < 0.5, 60, 190).repeat(3, -1).astype(np.uint8)
    for side in (7, 20, 100):
        loaded = loader.load(edges, (side, side))
        assert loaded.min() >= 59
        assert loaded.max() <= 191


def test_an_unknown_fit_names_the_known_ones(noise):
    known = "center, crop, nearest, pad, stretch"
    with pytest.raises(PixaceError, match=rf"no fit 'cropp'.*{known}.*mean crop\?"):
        loader.load(noise, None, fit="cropp")


# What a person sees


UPRIGHT = {  # EXIF orientation -> how a camera stored the upright picture
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[:, ::-1],
}


@pytest.mark.parametrize("turn", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_puts_the_picture_upright(noise, turn, kind):
    exif = Pillow.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if kind == "WEBP" else {}
    stored = Pillow.fromarray(np.ascontiguousarray(UPRIGHT[turn](noise)))
    raw = encoded(stored, kind, exif=exif, **options)
    np.testing.assert_array_equal(loader.load(raw, None), noise)


@pytest.mark.parametrize("turn", UPRIGHT)
@pytest.mark.parametrize("fit", choices.FITS)
def test_turned_jpegs_are_fitted_as_upright_ones(turn, fit):
    upright = gradient(200, 330)
    exif = Pillow.Exif()
    exif[0x0112] = turn
    stored = Pillow.fromarray(np.ascontiguousarray(UPRIGHT[turn](upright)))
    loaded = loader.load(encoded(stored, "JPEG", quality=95, exif=exif), (12, 20), fit=fit)
    expected = loader.load(upright, (12, 20), fit=fit).astype(int)
    assert np.abs(loaded - expected).mean() < 2


def test_broken_exif_does_not_cost_the_picture(noise):
    raw = encoded(Pillow.fromarray(noise), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff junk")
    assert loader.load(raw, None).shape == noise.shape


@unhurried
@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    alpha=st.integers(0, 255),
    background=st.tuples(*[st.integers(0, 255)] * 3),
)
def test_alpha_lies_over_the_background(colour, alpha, background):
    pixel = np.array([[(*colour, alpha)]], np.uint8)
    expected = np.array(colour) * alpha / 255 + np.array(background) * (255 - alpha) / 255
    loaded = loader.load(encoded(Pillow.fromarray(pixel)), None, background=background)
    assert np.abs(loaded[0, 0] - expected).max() <= 1


def test_colours_below_alpha_zero_do_not_bleed(rng):
    """A white disc whose surrounding is bright green, if it were not transparent."""
    y, x = np.mgrid[:64, :64]
    inside = (y - 32) ** 2 + (x - 32) ** 2 < 500
    pixels = np.where(inside[..., None], (255, 255, 255, 255), (0, 255, 0, 0)).astype(np.uint8)
    for size in ((7, 7), (64, 64), (90, 90)):
        loaded = loader.load(pixels, size, background=(0, 0, 0)).astype(int)
        assert np.ptp(loaded, axis=-1).max() <= 1  # white, black or grey


def test_transparent_palettes_show_the_background():
    picture = Pillow.new("P", (4, 4), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((0, 0), 0)
    for kind in ("PNG", "GIF"):
        loaded = loader.load(encoded(picture, kind, transparency=1), None, background=(9, 8, 7))
        assert loaded[0, 0].tolist() == [255, 0, 0]
        assert loaded[1, 1].tolist() == [9, 8, 7]


def test_grey_with_alpha_shows_the_background():
    picture = Pillow.new("LA", (2, 2), (100, 0))
    assert (loader.load(encoded(picture), None, background=(5, 6, 7)) == (5, 6, 7)).all()


def test_one_bit_pictures_are_black_and_white():
    picture = Pillow.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert loader.load(encoded(picture), None)[0, :, 0].tolist() == [0, 255]


@unhurried
@given(st.lists(st.integers(0, 65535), min_size=4, max_size=4))
def test_16_bits_are_scaled_not_clipped(values):
    deep = Pillow.fromarray(np.array([values], np.uint16))
    for kind in ("PNG", "TIFF"):
        loaded = loader.load(encoded(deep, kind), None)[0, :, 0]
        assert np.abs(loaded - np.array(values) / 257).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_other_colour_spaces_become_rgb(mode, kind):
    if (mode, kind) == ("LAB", "JPEG"):
        pytest.skip("JPEG has no LAB")
    red = Pillow.new("RGB", (8, 8), (200, 30, 40))
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        red = ImageCms.profileToProfile(red, srgb, lab, outputMode="LAB")
    loaded = loader.load(encoded(red.convert(mode), kind), None).astype(int)
    assert np.abs(loaded - (200, 30, 40)).max() <= 4


def test_an_animation_shows_its_first_frame():
    frames = [Pillow.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        raw = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        loaded = loader.load(raw, None).astype(int)
        assert np.abs(loaded - (255, 0, 0)).max() <= 4, kind


def swapped_profile() -> bytes:
    """SRGB whose red and blue primaries are exchanged, as bytes of an ICC profile."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))


def test_an_embedded_profile_is_turned_into_srgb():
    red = Pillow.new("RGB", (4, 4), (255, 0, 0))
    for mode in ("RGB", "RGBA"):
        raw = encoded(red.convert(mode), icc_profile=swapped_profile())
        assert np.abs(loader.load(raw, None).astype(int) - (0, 0, 255)).max() <= 2


@pytest.mark.parametrize(
    "profile", [b"junk", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_broken_and_srgb_profiles_change_nothing(noise, profile):
    raw = encoded(Pillow.fromarray(noise), icc_profile=profile)
    np.testing.assert_array_equal(loader.load(raw, None), noise)


# What is wrong with a picture


def test_errors_name_the_picture_and_the_reason(tmp_path):
    missing = tmp_path / "gone.png"
    with pytest.raises(ImageError, match=r"gone\.png: no such file$"):
        loader.load(missing, (2, 2))
    with pytest.raises(ImageError, match=r"^holiday: not a picture"):
        loader.load(b"Dear diary", (2, 2), name="holiday")


def test_errors_survive_the_way_from_a_worker_process():
    with pytest.raises(ImageError) as caught:
        loader.load(b"", (2, 2))
    assert str(pickle.loads(pickle.dumps(caught.value))) == "picture: empty, 0 bytes"


def test_warnings_of_pillow_stay_inside_even_with_threads(noise):
    """Pillow warns of the broken EXIF of this one; see the test's last lines for what must stay."""
    raw = encoded(Pillow.fromarray(noise), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff junk")
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        threads = [
            threading.Thread(target=lambda: [loader.load(raw, (4, 4)) for _ in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not seen
        warnings.warn("ours", stacklevel=1)
        assert len(seen) == 1
    assert list(warnings.filters) == before


# Sizes and colours as people write them


@pytest.mark.parametrize(
    ("text", "size"), [("32", (32, 32)), ("32x24", (24, 32)), (" 8X9 ", (9, 8)), ("5×7", (7, 5))]
)
def test_sizes_are_width_by_height(text, size):
    assert loader.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "32x", "x32", "-3", "3.5", "32x0", "32x24x3", "big"])
def test_other_sizes_are_refused(text):
    with pytest.raises(PixaceError, match="write WIDTHxHEIGHT"):
        loader.parse_size(text)


@pytest.mark.parametrize(
    ("text", "colour"),
    [("white", (255, 255, 255)), ("#102030", (16, 32, 48)), ("rgb(1, 2, 3)", (1, 2, 3))],
)
def test_backgrounds(text, colour):
    assert loader.parse_background(text) == colour


def test_an_unknown_background_says_what_to_write():
    with pytest.raises(PixaceError, match="no colour 'whit'; write a name like white, or #rrggbb"):
        loader.parse_background("whit")
