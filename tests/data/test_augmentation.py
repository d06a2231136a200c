"""Augmentation: what rows of tokens become, decoded, is what pictures would have become."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixace import choices, colors
from pixace.data.augmentation import augmentation_of
from pixace.data.batches import Batches, in_order
from pixace.errors import ConfigError
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.tokenizers.raw import RawTokenizer
from pixace.tokenizers.vq import VQTokenizer, digest

ORDERS = tuple(spec.replace(":n", ":2") for spec in choices.ORDERS)
SIZE = (4, 6)
ARRAYS = {"codes": np.eye(16, 4, dtype=np.float32)}
CODES = VQTokenizer((8, 8), 4, 16, 3, 1, 0, 4, "raster", digest(ARRAYS), ARRAYS)


def tokenizer(order="raster", scheme="hsv:4,3,3", size=SIZE):
    return PixelTokenizer(size, colors.by_spec(scheme), order)


def photos(count, size=SIZE):
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8)


def luck(*, mirrored=False, down=0, right=0, turn=0, shift=0, turns=0):
    """The numbers that choose this for a picture, of so many shifts and turns at most."""
    numbers = [(down, shift), (right, shift), (turn, turns)]
    places = [(number + most + 0.5) / (2 * most + 1) for number, most in numbers]
    return np.array([[0.25 if mirrored else 0.75, *places]])


class Rows:
    """Stands for a split."""

    def __init__(self, tokens):
        self.tokens = tokens

    def __len__(self):
        return len(self.tokens)

    def rows(self, indices):
        return self.tokens[np.asarray(indices)]


class Captioned:
    """Stands for prefixes: row i has the captions [10_000 + i] and [20_000 + i]."""

    def rows(self, indices, luck=None):
        choice = indices % 2 if luck is None else (luck * 2).astype(int)
        return (10_000 * (1 + choice) + indices)[:, None].astype(np.int32)


@pytest.mark.parametrize("order", ORDERS)
def test_mirrored_tokens_decode_to_the_mirrored_picture(order):
    made = tokenizer(order)
    tokens, mirror = made.encode(photos(3)), augmentation_of(made, mirror=True)
    left = mirror.changed(tokens, luck(mirrored=True).repeat(3, axis=0))
    assert left.dtype == np.int32
    np.testing.assert_array_equal(made.decode(left), made.decode(tokens)[:, :, ::-1])
    np.testing.assert_array_equal(
        mirror.changed(left, luck(mirrored=True).repeat(3, axis=0)), tokens
    )
    np.testing.assert_array_equal(mirror.changed(tokens, luck().repeat(3, axis=0)), tokens)


@given(
    order=st.sampled_from(ORDERS),
    down=st.integers(-3, 3),
    right=st.integers(-3, 3),
    mirrored=st.booleans(),
)
def test_shifted_tokens_decode_to_the_shifted_picture_with_its_edge_repeated(
    order, down, right, mirrored
):
    made = tokenizer(order)
    tokens = made.encode(photos(2))
    mover = augmentation_of(made, mirror=True, shift=3)
    chosen = np.vstack([luck(mirrored=mirrored, down=down, right=right, shift=3), luck(shift=3)])
    moved = made.decode(mover.changed(tokens, chosen))
    picture = made.decode(tokens)[0, :, :: -1 if mirrored else 1]
    wide = np.pad(picture, ((3, 3), (3, 3), (0, 0)), mode="edge")
    expected = wide[3 - down : 7 - down, 3 - right : 9 - right]
    np.testing.assert_array_equal(moved[0], expected)
    np.testing.assert_array_equal(moved[1], made.decode(tokens)[1])


def test_each_shift_is_as_likely_as_any_other():
    """9 of them, 18,000 times: 2,000 each, and 6 standard deviations are 253."""
    made = tokenizer(scheme="grey:24")
    tokens = np.arange(24, dtype=np.int32)[None].repeat(18_000, axis=0) + FIRST_ID
    numbers = np.random.default_rng(0).random((18_000, 4))
    moved = augmentation_of(made, shift=1).changed(tokens, numbers)
    counts = np.bincount(moved[:, 8] - FIRST_ID, minlength=24).reshape(4, 6)
    assert counts[:3, 1:4].sum() == 18_000
    assert abs(counts[:3, 1:4] - 2_000).max() < 253


@pytest.mark.parametrize("order", ["raster", "hilbert"])
def test_turned_hues_are_those_of_the_turned_colours_and_greys_stay(order):
    """Of 15 hues 5 are a third of the circle: red becomes green, green blue and blue red."""
    made, turns = tokenizer(order), 7
    pictures = photos(2)
    pictures[:, ::2] = pictures[:, ::2, :, :1]
    tokens = made.encode(pictures)
    turner = augmentation_of(made, hue=180)
    chosen = np.vstack([luck(turn=turn, turns=turns) for turn in (5, -5)])
    turned, shown = made.decode(turner.changed(tokens, chosen)), made.decode(tokens)
    np.testing.assert_array_equal(turned[0], np.roll(shown[0], 1, axis=-1))
    np.testing.assert_array_equal(turned[1], np.roll(shown[1], -1, axis=-1))
    np.testing.assert_array_equal(turned[:, ::2], shown[:, ::2])
    still = luck(turns=turns).repeat(2, axis=0)
    np.testing.assert_array_equal(turner.changed(tokens, still), tokens)


@pytest.mark.parametrize(("degrees", "hues"), [(24, 3), (47, 3), (48, 5), (180, 15)])
def test_hues_are_turned_by_so_many_degrees_at_most(degrees, hues):
    made = tokenizer()
    pictures = np.zeros((1, *SIZE, 3), np.uint8)
    pictures[..., 0] = 255
    numbers = np.random.default_rng(0).random((500, 4))
    tokens = made.encode(pictures).repeat(500, axis=0)
    turned = augmentation_of(made, hue=degrees).changed(tokens, numbers)
    assert (turned == turned[:, :1]).all(), "a picture has one turn"
    assert len(np.unique(turned)) == hues
    assert made.allowed[turned].all()


def test_special_ids_are_no_colours():
    made = tokenizer()
    tokens = np.array([[0, 1] * 12], np.int32)
    turned = augmentation_of(made, hue=180).changed(tokens, luck(turn=3, turns=7))
    np.testing.assert_array_equal(turned, tokens)


def every(batches, steps):
    return [batches.batch(step) for step in range(steps)]


def test_batches_are_functions_of_the_step_with_everything_changed():
    made = tokenizer()
    split = Rows(made.encode(photos(10)))
    changes = augmentation_of(made, mirror=True, shift=2, hue=180)

    def batches():
        return Batches(split, 4, 7, Captioned(), 0.3, changes)

    for step, batch in reversed(list(enumerate(every(batches(), 9)))):
        np.testing.assert_array_equal(batches().batch(step).tokens, batch.tokens)


def test_a_picture_is_changed_otherwise_in_other_epochs_and_by_other_seeds():
    made = tokenizer()
    split = Rows(made.encode(photos(1)))

    def rows(seed):
        batches = Batches(split, 1, seed, augmentation=augmentation_of(made, shift=3))
        return [batch.tokens.tobytes() for batch in every(batches, 20)]

    assert len(set(rows(0))) > 10
    assert rows(0) != rows(1)


def test_about_half_are_mirrored_and_rows_come_in_the_same_order():
    """Of 10,000 a half, give or take 0.5 %; 3 % are 6 standard deviations."""
    made = tokenizer()
    split = Rows(made.encode(photos(1000)))
    plain = Batches(split, 10_000).batch(0).tokens
    mirror = augmentation_of(made, mirror=True)
    found = Batches(split, 10_000, augmentation=mirror).batch(0).tokens
    left = mirror.changed(plain, luck(mirrored=True).repeat(len(plain), axis=0))
    mirrored = (found == left).all(axis=1)
    assert ((found == plain).all(axis=1) != mirrored).all()
    assert abs(mirrored.mean() - 0.5) < 0.03


def test_words_stay_in_front_of_their_pictures():
    made = tokenizer(scheme="grey:24")
    pictures = np.arange(20, dtype=np.int32)[:, None].repeat(24, axis=1) + FIRST_ID
    changes = augmentation_of(made, mirror=True, shift=3)
    for changed, plain in zip(
        every(Batches(Rows(pictures), 16, 3, Captioned(), 0.3, changes), 5),
        every(Batches(Rows(pictures), 16, 3, Captioned(), 0.3), 5),
        strict=True,
    ):
        # Pictures of one colour show which they are, however they are moved.
        np.testing.assert_array_equal(changed.tokens, plain.tokens)
        np.testing.assert_array_equal(changed.weights, plain.weights)


def test_batches_that_are_not_changed_are_those_that_always_came():
    """Runs that began without any augmentation go on with these very rows and words."""
    assert augmentation_of(tokenizer()) is None
    assert augmentation_of(CODES) is None
    rows = np.arange(8, dtype=np.int32)[:, None]
    batch = Batches(Rows(rows), 8, 3, Captioned(), 0.3, None).batch(1)
    assert batch.tokens[:, 1].tolist() == [0, 7, 6, 1, 5, 3, 2, 4]
    words = [10_000, 20_007, 0, 20_001, 20_005, 20_003, 20_002, 0]
    assert batch.tokens[:, 0].tolist() == words


def test_pictures_in_order_are_as_they_are():
    made = tokenizer()
    tokens = made.encode(photos(5))
    batches = list(in_order(Rows(tokens), 5))
    np.testing.assert_array_equal(batches[0].tokens, tokens)


@pytest.mark.parametrize(
    ("made", "asked", "words"),
    [
        (CODES, {"mirror": True}, "train.mirror changes pixels, and here a token is no pixel"),
        (CODES, {"shift": 1}, "train.shift changes pixels"),
        (CODES, {"hue": 180}, "train.hue changes pixels"),
        (RawTokenizer((4, 4)), {"mirror": True}, "train.mirror changes pixels"),
        (tokenizer(), {"shift": 4}, "train.shift 4 moves pictures of 6x4 pixels out of sight"),
        (tokenizer(), {"hue": 23.9}, "train.hue 23.9 changes nothing, .* ask for 24 or more"),
        (tokenizer(scheme="hsv:5,4,4"), {"hue": 10}, "ask for 12 or more"),
        (tokenizer(scheme="hsv:1,4,4"), {"hue": 180}, "a circle of hues, and hsv:1,4,4 has none"),
        (tokenizer(scheme="grey:4"), {"hue": 180}, "a circle of hues, and grey:4 has none"),
        (tokenizer(scheme="palette:000000,ffffff"), {"hue": 180}, "and palette:000000,ffffff has"),
        (tokenizer(scheme="rgb:3,3,2"), {"hue": 9.9}, "ask for 10 or more"),
    ],
    ids=lambda each: getattr(each, "spec", str(each))[:40],
)
def test_what_cannot_be_done_is_refused_in_a_line(made, asked, words):
    with pytest.raises(ConfigError, match=words) as caught:
        augmentation_of(made, **asked)
    assert "\n" not in str(caught.value)
