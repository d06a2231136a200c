"""PNGs that say how they were made: whole or not at all."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.errors import ImageError, PixaceError
from pixace.images.png import read_description, save_png


def test_a_description_comes_back_from_the_file(tmp_path):
    said = {"seed": 7, "run": "Größe", "nested": {"temperature": [0.9, 1.0]}, "none": None}
    picture = np.full((4, 4, 3), 50, np.uint8)
    save_png(tmp_path / "a.png", picture, said)
    assert read_description(tmp_path / "a.png") == said
    with Pillow.open(tmp_path / "a.png") as again:
        np.testing.assert_array_equal(np.asarray(again), picture)
        assert json.loads(again.text["pixace"]) == said


def test_pictures_that_do_not_say_are_told_apart(tmp_path):
    picture = np.full((4, 4, 3), 50, np.uint8)
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
        save_png(tmp_path / "file" / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
