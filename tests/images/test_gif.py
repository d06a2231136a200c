"""Films: all frames, in order."""

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.errors import ImageError
from pixace.images.gif import save_gif


def test_an_animation_has_all_frames_in_order_and_holds_the_last(tmp_path):
    frames = [np.full((8, 8, 3), shade, np.uint8) for shade in (0, 100, 200)]
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
