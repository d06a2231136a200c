"""PNGs that say how they were made: whole or not at all."""

import json
import os

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

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


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match=r"pipe\.png: a named pipe, not a file"):
        read_description(tmp_path / "pipe.png")


def test_no_pixel_is_decoded_for_a_description(tmp_path):
    save_png(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), {"seed": 1})
    raw = bytearray((tmp_path / "a.png").read_bytes())
    raw[16:24] = b"\0\1\0\0" * 2  # 65536x65536
    (tmp_path / "a.png").write_bytes(raw)
    assert read_description(tmp_path / "a.png") == {"seed": 1}


@pytest.mark.parametrize("packed", [False, True])
def test_a_description_may_be_packed_and_anywhere(tmp_path, packed):
    told = PngInfo()
    told.add_itxt("pixace", json.dumps({"run": "Größe"}), zip=packed)
    Pillow.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=told)
    assert read_description(tmp_path / "a.png") == {"run": "Größe"}


@pytest.mark.parametrize("text", ["[" * 100_000, '"a"', "{", '{"seed": ' + "9" * 9999 + "}"])
def test_a_description_that_is_none_is_an_image_error(tmp_path, text):
    told = PngInfo()
    told.add_itxt("pixace", text)
    Pillow.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=told)
    with pytest.raises(ImageError, match=r"a\.png"):
        read_description(tmp_path / "a.png")
