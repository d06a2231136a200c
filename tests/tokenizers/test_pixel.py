"""The pixel tokenizer: exact round trips, reserved ids, specs, messages a user can act on."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace import colors, tokenizers
from pixace.errors import TokenError
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import orders
from pixace.tokenizers.pixel import PixelTokenizer

SPECS = [
    "pixel size=8x8 colors=grey:17 order=raster",
    "pixel size=6x4 colors=hsv:5,4,4 order=column",
    "pixel size=6x4 colors=rgb:3,3,2 order=patch:2",
    "pixel size=5x3 colors=palette:000000,ff0000,000000 order=raster",
]


def tokenizer(size=(4, 6), scheme="hsv:5,4,4", order="raster"):
    return PixelTokenizer(size, colors.by_spec(scheme), order)


@pytest.mark.parametrize("spec", SPECS)
def test_a_tokenizer_comes_back_from_its_spec_and_from_a_pickle(spec):
    made = tokenizers.by_spec(spec)
    assert made.spec == spec
    assert tokenizers.by_spec(made.spec) == made == pickle.loads(pickle.dumps(made))


@given(st.sampled_from(SPECS), st.integers(0, 3), st.randoms(use_true_random=False))
def test_encode_inverts_decode_for_all_that_may_be_sampled(spec, count, random):
    made = tokenizers.by_spec(spec)
    allowed = np.flatnonzero(made.allowed).tolist()
    tokens = np.array(random.choices(allowed, k=count * made.length), np.int32)
    tokens = tokens.reshape(count, made.length)
    np.testing.assert_array_equal(made.encode(made.decode(tokens)), tokens)


@pytest.mark.parametrize("spec", SPECS)
def test_encode_gives_only_allowed_tokens(spec, rng):
    made = tokenizers.by_spec(spec)
    tokens = made.encode(rng.integers(0, 256, (5, *made.size, 3), dtype=np.uint8))
    assert (tokens.shape, tokens.dtype) == ((5, made.length), np.int32)
    assert made.allowed[tokens].all()


def test_start_and_blank_are_never_sampled_nor_are_doubles():
    allowed = tokenizer(scheme="palette:000000,ff0000,000000").allowed
    assert allowed.tolist() == [False, False, True, True, False]
    assert tokenizer().allowed.sum() == 6893


def test_sizes_are_width_by_height_in_text_and_height_by_width_in_code():
    made = tokenizers.by_spec("pixel size=32x24 colors=grey:16 order=raster")
    assert made.size == made.grid == (24, 32)
    assert (made.length, made.vocab_size) == (24 * 32, 18)


@pytest.mark.parametrize("order", ["raster", "column", "patch:2"])
def test_position_t_holds_the_pixel_that_the_order_names(rng, order):
    made = tokenizer(scheme="grey:256", order=order)
    grey = rng.integers(0, 256, (1, 4, 6, 1), dtype=np.uint8)
    tokens = made.encode(np.repeat(grey, 3, axis=-1))
    path = orders.by_spec(order, (4, 6))
    np.testing.assert_array_equal(tokens[0], grey.ravel()[path].astype(int) + FIRST_ID)


def test_black_is_not_the_padding_id():
    black = np.zeros((1, 4, 6, 3), np.uint8)
    assert tokenizer().encode(black).min() == FIRST_ID == 2


def test_start_and_blank_are_shown_as_mid_grey():
    made = tokenizer((1, 3), "grey:2")
    assert made.decode(np.array([[0, 1, 3]])).tolist() == [[[[128] * 3, [128] * 3, [255] * 3]]]


def test_decode_takes_the_small_types_of_a_token_set():
    made = tokenizer((1, 2), "grey:256")
    assert made.decode(np.array([[0, 257]], np.uint16))[0, 0, 1].tolist() == [255] * 3
    assert tokenizer((1, 2), "grey:16").decode(np.array([[0, 17]], np.uint8))[0, 0, 1, 0] == 255


def test_images_of_another_size_are_told_which():
    with pytest.raises(TokenError, match=r"reads uint8 \(n, 4, 6, 3\), got uint8 \(2, 6, 4, 3\)"):
        tokenizer().encode(np.zeros((2, 6, 4, 3), np.uint8))


@pytest.mark.parametrize("images", [np.zeros((4, 6, 3), np.uint8), np.zeros((1, 4, 6, 3))])
def test_one_image_or_floats_are_refused(images):
    with pytest.raises(TokenError, match="fit the pictures to 6x4 first"):
        tokenizer().encode(images)


def test_rows_of_another_length_are_told_which():
    with pytest.raises(TokenError, match=r"6x4 pictures have rows of 24 .* got int64 \(1, 23\)"):
        tokenizer().decode(np.zeros((1, 23), int))


@pytest.mark.parametrize("bad", [-1, 18])
def test_a_token_outside_is_named(bad):
    with pytest.raises(TokenError, match=rf"token {bad} does not exist here; grey:16 has 0\.\.17"):
        tokenizer((1, 2), "grey:16").decode(np.array([[2, bad]]))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("pixels size=8x8 colors=grey:16 order=raster", "Did you mean pixel?"),
        ("pixel size=8 colors=grey:16 order=raster", "is no tokenizer"),
        ("pixel", "is no tokenizer"),
        ("pixel size=0x8 colors=grey:16 order=raster", "is no tokenizer"),
        ("pixel size=8x8 colors=gray:16 order=raster", "Did you mean grey?"),
        ("pixel size=8x8 colors=grey:16 order=rastre", "Did you mean raster?"),
        ("pixel size=8x9 colors=grey:16 order=patch:4", "multiple of 4"),
    ],
)
def test_a_bad_spec_is_told_what_would_be_good(spec, words):
    with pytest.raises(TokenError) as why:
        tokenizers.by_spec(spec)
    assert words in str(why.value)


def test_tokenizers_need_no_jax():
    import subprocess
    import sys

    code = (
        "import sys; from pixace import tokenizers; from pixace.images import collage;"
        "tokenizers.by_spec('pixel size=8x8 colors=grey:16 order=raster');"
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
