"""Pictures to put into sources: small, and each of a colour of its own."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.images import loader


def _png(number: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (5, 4), (number, 2 * number, 255 - number)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def png():
    """Makes the bytes of picture `number`, 0..127."""
    return _png


@pytest.fixture
def number_of():
    """Which picture of `png` a source reads at a place."""

    def look(source, i: int) -> int:
        red = loader.load(source.read(i), None, name=source.record(i).name)[0, 0, 0]
        return int(red)

    return look


@pytest.fixture
def photos(tmp_path):
    """A folder of pictures: two of equal names, one below another, and what is no picture."""
    root = tmp_path / "photos"
    for number, name in enumerate(["b.png", "cats/a.png", "cats/deep/a.png", "dogs/a.png"]):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(_png(number))
    (root / "notes.txt").write_text("not for training")
    (root / "LICENSE").write_text("CC0")
    return root


@pytest.fixture
def grey_rows():
    """Seven grey pictures 4x3 that tell their number."""
    return np.arange(7, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 3), np.uint8)
