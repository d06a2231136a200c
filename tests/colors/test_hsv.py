"""HSV: scikit-image's colours, the packing, canonical ids, exact round trips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace import colors

BITS = [(5, 4, 4), (4, 3, 3), (3, 2, 2), (1, 1, 1), (8, 4, 4), (3, 8, 5), (1, 8, 7), (2, 6, 8)]


def each_id(scheme):
    return np.arange(scheme.size, dtype=np.int32)


def spec(bits):
    return "hsv:{},{},{}".format(*bits)


@pytest.mark.parametrize("bits", BITS, ids=spec)
def test_every_id_decodes_to_a_colour_that_survives(bits):
    scheme = colors.by_spec(spec(bits))
    shown = scheme.decode(each_id(scheme))
    np.testing.assert_array_equal(scheme.decode(scheme.encode(shown)), shown)


@pytest.mark.parametrize("bits", BITS, ids=spec)
def test_encode_inverts_decode_on_canonical_ids_and_gives_no_others(bits):
    scheme = colors.by_spec(spec(bits))
    ids = scheme.encode(scheme.decode(each_id(scheme)))
    canonical = np.flatnonzero(scheme.canonical)
    np.testing.assert_array_equal(ids[canonical], canonical)
    assert set(ids.tolist()) == set(canonical.tolist())


@pytest.mark.parametrize("bits", BITS, ids=spec)
def test_the_canonical_id_is_the_lowest_of_its_colour(bits):
    scheme = colors.by_spec(spec(bits))
    _, first = np.unique(scheme.decode(each_id(scheme)), axis=0, return_index=True)
    np.testing.assert_array_equal(np.flatnonzero(scheme.canonical), np.sort(first))


def test_of_8192_ids_6893_differ():
    scheme = colors.by_spec("hsv:5,4,4")
    assert (scheme.size, scheme.canonical.sum()) == (8192, 6893)


@pytest.mark.parametrize("bits", [(5, 4, 4), (4, 3, 3), (3, 2, 2)], ids=spec)
def test_rounding_is_that_of_scikit_image(rng, bits):
    """Random colours, and all 46,000 of few levels, where hues lie on the edge of rounding."""
    skimage = pytest.importorskip("skimage.color")
    few = np.stack(np.meshgrid(*[np.arange(0, 256, 7)] * 3), axis=-1).reshape(-1, 3)
    pixels = np.concatenate([few, rng.integers(0, 256, (50_000, 3))]).astype(np.uint8)
    with np.errstate(all="ignore"):
        hsv = skimage.rgb2hsv(pixels)
    h, s, v = (np.rint(hsv[:, k] * (2**b - 1)).astype(int) for k, b in enumerate(bits))
    ids = h | s << bits[0] | v << (bits[0] + bits[1])

    scheme = colors.by_spec(spec(bits))
    same = (scheme.decode(scheme.encode(pixels)) == scheme.decode(ids)).all(axis=1)
    # The exceptions are colours that some id shows exactly, and rounding misses.
    exact = (scheme.decode(scheme.encode(pixels)) == pixels).all(axis=1)
    assert (same | exact).all()
    assert same.mean() > 0.9999


def test_hue_is_lowest_saturation_next_value_highest():
    scheme = colors.by_spec("hsv:5,4,4")
    pure = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)
    full = 15 << 5 | 15 << 9
    assert scheme.encode(pure).tolist() == [full, 10 | full, 21 | full, 15 << 9]


def test_hue_is_a_circle():
    """Both ends of the hue are one red."""
    scheme = colors.by_spec("hsv:5,4,4")
    rose = np.array([[255, 0, 3]], np.uint8)  # a hue of 0.998, which rounds to step 31 of 31
    red = np.array([[255, 0, 0]], np.uint8)
    assert scheme.encode(rose) == scheme.encode(red)
    assert not scheme.canonical[31 | 15 << 5 | 15 << 9]


@pytest.mark.parametrize("bits", BITS, ids=spec)
def test_turning_hues_gives_canonical_ids_keeps_greys_and_comes_around(bits):
    scheme = colors.by_spec(spec(bits))
    ids = np.flatnonzero(scheme.canonical)
    shown = scheme.decode(ids).astype(int)
    for steps in (1, -1, scheme.hues // 2):
        turned = scheme.turned(ids, steps)
        assert turned.dtype == np.int32
        assert scheme.canonical[turned].all()
        other = scheme.decode(turned).astype(int)
        np.testing.assert_array_equal(other.max(axis=1), shown.max(axis=1))  # the value
        np.testing.assert_array_equal(other.min(axis=1), shown.min(axis=1))
        greys = np.ptp(shown, axis=1) == 0
        np.testing.assert_array_equal(turned[greys], ids[greys])
    for whole in (0, scheme.hues, -scheme.hues):
        np.testing.assert_array_equal(scheme.turned(ids, whole), ids)


def test_a_third_of_the_circle_turns_red_into_green_green_into_blue():
    scheme = colors.by_spec("hsv:4,3,3")
    ids = np.flatnonzero(scheme.canonical)
    turned = scheme.decode(scheme.turned(ids, scheme.hues // 3))
    np.testing.assert_array_equal(turned, np.roll(scheme.decode(ids), 1, axis=1))


def test_each_picture_can_be_turned_by_steps_of_its_own():
    scheme = colors.by_spec("hsv:5,4,4")
    red, green, blue = scheme.encode(np.eye(3, dtype=np.uint8) * 255).tolist()
    turned = scheme.turned(np.array([[red, green], [red, blue]]), np.array([[0], [10]]))
    assert turned.tolist() == [[red, green], [green, scheme.turned(blue, 10)]]


def test_black_and_greys_have_one_id_each():
    scheme = colors.by_spec("hsv:5,4,4")
    greys = np.repeat(np.arange(0, 256, 17, dtype=np.uint8)[:, None], 3, axis=1)
    assert scheme.encode(greys).tolist() == [v << 9 for v in range(16)]


@given(st.binary(min_size=3, max_size=300))
def test_encoding_twice_changes_nothing(data):
    scheme = colors.by_spec("hsv:5,4,4")
    pixels = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3)
    ids = scheme.encode(pixels)
    np.testing.assert_array_equal(scheme.encode(scheme.decode(ids)), ids)


def test_pixels_are_coded_one_by_one(rng):
    """More pixels than one block, any shape, any memory layout."""
    scheme = colors.by_spec("hsv:5,4,4")
    images = rng.integers(0, 256, (3, 50, 40, 3), dtype=np.uint8)
    ids = scheme.encode(images)
    assert ids.shape == (3, 50, 40)
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(scheme.encode(images[:, ::-1, ::2]), ids[:, ::-1, ::2])
    assert scheme.encode(images[1, 2, 3]) == ids[1, 2, 3]
    assert scheme.encode(images[:0]).shape == (0, 50, 40)
