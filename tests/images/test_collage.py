"""Collages: every pixel in its place, labels that fit, files that say how they were made."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.errors import ImageError, PixaceError
from pixace.images.collage import collage, read_description, save_gif, save_png
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


def test_a_description_comes_back_from_the_file(tmp_path):
    said = {"seed": 7, "run": "Größe", "nested": {"temperature": [0.9, 1.0]}, "none": None}
    [picture] = plain(50)
    save_png(tmp_path / "a.png", picture, said)
    assert read_description(tmp_path / "a.png") == said
    with Pillow.open(tmp_path / "a.png") as again:
        np.testing.assert_array_equal(np.asarray(again), picture)
        assert json.loads(again.text["pixace"]) == said


def test_pictures_that_do_not_say_are_told_apart(tmp_path):
    [picture] = plain(50)
    save_png(tmp_path / "silent.png", picture)
    Pillow.fromarray(picture).save(tmp_path / "photo.jpg")
    for name in ("silent.png", "photo.jpg"):
        with pytest.raises(ImageError, match=f"{name} does not say how it was made"):
            read_description(tmp_path / name)


def test_what_is_no_picture_is_an_image_error(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    for name in ("text.png", "absent.png"):
        with pytest.raises(ImageError, match=name):
            read_description(tmp_path / name)


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PixaceError, match="cannot write"):
        save_png(tmp_path / "file" / "a.png", plain(0)[0])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_animation_has_all_frames_in_order_and_holds_the_last(tmp_path):
    frames = plain(0, 100, 200, size=(8, 8))
    save_gif(tmp_path / "a.gif", frames, seconds=0.1, hold=3.0)
    with Pillow.open(tmp_path / "a.gif") as movie:
        assert (movie.n_frames, movie.info["loop"]) == (3, 0)
        for i, (shade, milliseconds) in enumerate([(0, 100), (100, 100), (200, 3000)]):
            movie.seek(i)
            assert movie.convert("RGB").getpixel((4, 4)) == (shade,) * 3
            assert movie.info["duration"] == milliseconds


def test_an_animation_of_nothing_is_refused(tmp_path):
    with pytest.raises(ImageError, match="at least one frame"):
        save_gif(tmp_path / "a.gif", [])
