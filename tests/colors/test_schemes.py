"""What all schemes promise, RGB and grey in particular, and what unknown ones are told."""

import pickle

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace import colors
from pixace.errors import TokenError

SPECS = ["hsv:4,3,3", "rgb:3,3,2", "rgb:1,8,7", "grey:2", "grey:16", "grey:256", "palette:00ff00"]
SPECS.append("palette:000000,ffffff00,808080")


@pytest.mark.parametrize("spec", SPECS)
def test_a_scheme_comes_back_from_its_spec_and_from_a_pickle(spec):
    scheme = colors.by_spec(spec)
    assert scheme.spec == spec
    assert colors.by_spec(scheme.spec) == scheme == pickle.loads(pickle.dumps(scheme))
    assert len({scheme, colors.by_spec(spec)}) == 1


@pytest.mark.parametrize("spec", SPECS)
def test_encode_inverts_decode(spec):
    scheme = colors.by_spec(spec)
    ids = np.flatnonzero(scheme.canonical)
    shown = scheme.decode(ids)
    assert (shown.dtype, shown.shape) == (np.uint8, (len(ids), 3))
    np.testing.assert_array_equal(scheme.encode(shown), ids)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("bad", [-1, 1 << 20])
def test_an_id_outside_is_named(spec, bad):
    with pytest.raises(TokenError, match=f"colour {bad} does not exist; colours are 0"):
        colors.by_spec(spec).decode(np.array([[0, bad]]))


def test_rgb_packs_red_lowest():
    scheme = colors.by_spec("rgb:3,3,2")
    primaries = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)
    assert scheme.encode(primaries).tolist() == [7, 7 << 3, 3 << 6, 255]


def test_rgb_keeps_a_channel_of_8_bits():
    scheme = colors.by_spec("rgb:1,8,7")
    green = np.stack([np.zeros(256), np.arange(256), np.zeros(256)], axis=1).astype(np.uint8)
    np.testing.assert_array_equal(scheme.decode(scheme.encode(green)), green)


def test_rgb_moves_no_channel_further_than_half_a_step(rng):
    pixels = rng.integers(0, 256, (1000, 3), dtype=np.uint8)
    scheme = colors.by_spec("rgb:3,3,2")
    error = np.abs(scheme.decode(scheme.encode(pixels)).astype(int) - pixels)
    assert (error.max(axis=0) <= [19, 19, 43]).all()  # 255 / 7 / 2 and 255 / 3 / 2, rounded up


def test_the_17_greys_of_the_digits_come_back_exactly():
    greys = np.rint(np.arange(17) * 255 / 16).astype(np.uint8)
    pixels = np.repeat(greys[:, None], 3, axis=1)
    scheme = colors.by_spec("grey:17")
    assert scheme.encode(pixels).tolist() == list(range(17))
    np.testing.assert_array_equal(scheme.decode(scheme.encode(pixels)), pixels)


def test_grey_is_the_luma_of_pillow(rng):
    pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    luma = np.asarray(Pillow.fromarray(pixels).convert("L"))
    np.testing.assert_array_equal(colors.by_spec("grey:256").encode(pixels), luma)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            "hvs:5,4,4",
            "no colours 'hvs'; known: exact, grey, hsv, kmeans, palette, rgb. Did you mean hsv?",
        ),
        ("gray:16", "Did you mean grey?"),
        ("", "no colours ''; known: exact, grey, hsv, kmeans, palette, rgb"),
        ("hsv", "three numbers of bits"),
        ("hsv:5,4", "such as hsv:5,4,4"),
        ("hsv:5,4,x", "three numbers of bits"),
        ("hsv:9,4,3", "each 1 to 8"),
        ("hsv:0,4,3", "each 1 to 8"),
        ("rgb:8,8,8", "at most 16 together"),
        ("grey:1", "2 to 256"),
        ("grey:257", "2 to 256"),
        ("grey:²", "2 to 256"),
        ("palette:12345", "six hexadecimal digits"),
        ("palette:", "six hexadecimal digits"),
        ("kmeans:8", "when they see the pictures"),
        ("exact", "when they see the pictures"),
    ],
)
def test_a_bad_spec_is_told_what_would_be_good(spec, words):
    with pytest.raises(TokenError) as why:
        colors.by_spec(spec)
    assert words in str(why.value)
    assert "\n" not in str(why.value)
