"""Collages: every pixel in its place, labels that fit."""

import numpy as np
import pytest

from pixace.errors import ImageError
from pixace.images.collage import FRAME, collage
from pixace.images.layout import COMFORTABLE


def plain(*colors, size=(4, 4)):
    return [np.full((*size, 3), color, np.uint8) for color in colors]


def cell(picture, images, i, columns, scale, gutter, margin=12):
    """The part of an unlabelled collage that shows image i."""
    height, width = images[0].shape[:2]
    top = margin + i // columns * (height * scale + gutter)
    left = margin + i % columns * (width * scale + gutter)
    return picture[top : top + height * scale, left : left + width * scale]


def test_crisp_pixels_become_squares_and_stand_row_by_row():
    rng = np.random.default_rng(0)
    images = list(rng.integers(0, 256, (5, 3, 4, 3), dtype=np.uint8))
    picture = collage(images, columns=2, scale=3, gutter=2)
    assert picture.shape == (2 * 12 + 3 * 9 + 2 * 2, 2 * 12 + 2 * 12 + 2, 3)
    for i, image in enumerate(images):
        shown = cell(picture, images, i, columns=2, scale=3, gutter=2)
        np.testing.assert_array_equal(shown, image.repeat(3, axis=0).repeat(3, axis=1))


def test_smooth_enlarging_blends_and_crisp_does_not():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, 2:] = 200
    colors = {
        smooth: len(np.unique(collage([image], scale=8, smooth=smooth)[14:40, 14:40]))
        for smooth in (False, True)
    }
    assert colors[False] == 2
    assert colors[True] > 10


def test_an_empty_cell_shows_the_background():
    images = plain(0, 0, 0)
    picture = collage(
        [images[0], None, images[2]], columns=3, scale=4, gutter=2, background=(9, 8, 7)
    )
    empty = cell(picture, images, 1, columns=3, scale=4, gutter=2)
    assert (empty == (9, 8, 7)).all()
    assert (cell(picture, images, 2, columns=3, scale=4, gutter=2) == 0).all()


@pytest.mark.parametrize(
    ("count", "size"), [(64, (8, 8)), (64, (32, 32)), (9, (16, 16)), (20, (24, 32)), (1, (8, 8))]
)
def test_by_itself_a_collage_is_about_square_and_readable(count, size):
    height, width, _ = collage(plain(*[0] * count, size=size)).shape
    assert 0.6 * COMFORTABLE < width < 1.4 * COMFORTABLE
    assert 0.6 < width / height < 1.7


def test_labels_and_title_make_room_and_do_not_cover_images():
    images = plain(10, 20, 30, 40, size=(30, 60))
    bare = collage(images, columns=2, scale=1, gutter=4)
    labelled = collage(
        images,
        columns=2,
        scale=1,
        gutter=4,
        title="a title",
        column_labels=["one", "two\nlines"],
        row_labels=["first", "second"],
    )
    assert labelled.shape[0] > bare.shape[0]
    assert labelled.shape[1] > bare.shape[1]
    inside = bare[12:-12, 12:-12]
    np.testing.assert_array_equal(
        labelled[-12 - len(inside) : -12, -12 - inside.shape[1] : -12], inside
    )
    assert labelled[: -12 - len(inside)].min() < 100  # there is dark text above


def test_a_long_label_is_cut_off_before_its_neighbour():
    images = plain(255, 255, size=(8, 60))
    picture = collage(images, columns=2, scale=1, column_labels=["much too long " * 9, ""])
    wide = collage(images, columns=2, scale=1)
    assert picture.shape[1] == wide.shape[1]
    second = 12 + 60 + (picture.shape[1] - 2 * 12 - 2 * 60)
    assert (picture[:, second:] == 255).all()


def test_text_stands_out_from_any_background():
    for shade, extreme in ((0, np.max), (255, np.min)):
        picture = collage(plain(shade), title="title", background=(shade,) * 3)
        assert abs(int(extreme(picture)) - shade) > 200


@pytest.mark.parametrize(
    ("images", "settings", "words"),
    [
        ([], {}, "a collage needs images of one size, got none"),
        ([None], {}, "got none"),
        (plain(0) + plain(0, size=(5, 5)), {}, r"got \[\(4, 4, 3\), \(5, 5, 3\)\]"),
        (plain(0, 0), {"columns": 2, "column_labels": ["a"]}, "2 columns cannot have 1 labels"),
        (plain(0, 0), {"columns": 1, "row_labels": ["a"]}, "2 rows cannot have 1 labels"),
        (plain(0), {"scale": 5000}, "too large"),
    ],
)
def test_what_cannot_be_laid_out_is_told(images, settings, words):
    with pytest.raises(ImageError, match=words):
        collage(images, **settings)


@pytest.mark.parametrize("gutter", [0, 1, 2, 8])
def test_a_frame_stands_in_the_gutter_and_covers_no_pixel(gutter):
    images = plain(10, 20, 30, 40)
    bare, framed = (
        collage(images, columns=2, scale=4, gutter=gutter, framed=which) for which in ([], [3])
    )
    for number in range(4):
        one, other = (cell(it, images, number, 2, 4, gutter) for it in (bare, framed))
        assert np.array_equal(one, other) == (number < 3 or gutter > 0)
    changed = (framed != bare).any(-1)
    assert (framed[changed] == FRAME).all()
    rows, columns = np.nonzero(changed)
    assert rows.min() == columns.min() == 12 + 16 + gutter - min(gutter, 3)
    assert rows.max() == columns.max() == 12 + 32 + gutter + min(gutter, 3) - 1
