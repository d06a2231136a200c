"""docs/pictures/orders.png and kept.png show the orders as they are.

To make them anew: `python tests/tokenizers/test_orders_picture.py`.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from pixace import tokenizers
from pixace.choices import ORDERS
from pixace.colors import oklab
from pixace.images import loader
from pixace.images.collage import collage
from pixace.images.png import save_png
from pixace.sampling.cut import blank_after, parse_cut
from pixace.sources import open_source
from pixace.tokenizers import orders

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIDE, PIXEL = 8, 20
FINE = 4  # drawn so many times larger, and shrunk
SPECS = tuple("patch:4" if spec == "patch:n" else spec for spec in ORDERS)
FIRST, LAST = oklab.from_rgb(np.array([[40, 60, 140], [255, 226, 120]], np.uint8))


def panel(spec):
    """One order: a line through all pixels, which turn from blue to yellow on the way."""
    path = orders.by_spec(spec, (SIDE, SIDE))
    pixels = np.empty((SIDE * SIDE, 3), np.uint8)
    pixels[path] = oklab.to_rgb(np.linspace(FIRST, LAST, SIDE * SIDE))
    tile = Pillow.fromarray(pixels.reshape(SIDE, SIDE, 3))
    step = FINE * PIXEL
    tile = tile.resize((SIDE * step,) * 2, Pillow.Resampling.NEAREST)
    centres = [((t % SIDE + 0.5) * step, (t // SIDE + 0.5) * step) for t in path.tolist()]
    draw = ImageDraw.Draw(tile)
    draw.line(centres, (255, 255, 255), step // 10, joint="curve")
    x, y = centres[0]
    draw.ellipse((x - step / 4, y - step / 4, x + step / 4, y + step / 4), (255, 255, 255))
    return collage([np.asarray(tile.reduce(FINE))], scale=1, title=spec)


def paths():
    """All of them; titles are higher where a letter hangs below the line."""
    panels = [panel(spec) for spec in SPECS]
    lowest = min(len(each) for each in panels)
    return collage([each[-lowest:] for each in panels], scale=1, columns=4, gutter=2)


def kept():
    """What `complete` keeps of a digit, as its collage shows it."""
    digits = open_source("digits")
    digit = loader.load(digits.read(3), (SIDE, SIDE))[None]
    cells = []
    for cut in ("25%", "50%", "75%"):
        for spec in SPECS:
            made = tokenizers.by_spec(f"pixel size={SIDE}x{SIDE} colors=grey:17 order={spec}")
            known = blank_after(made.encode(digit), parse_cut(cut, made.length))
            cells.append(made.decode(known)[0])
    labels = ["--cut 25%", "--cut 50%", "--cut 75%"]
    return collage(cells, columns=len(SPECS), scale=9, column_labels=SPECS, row_labels=labels)


@pytest.mark.parametrize("make", [paths, kept])
def test_the_picture_shows_the_orders_as_they_are(make):
    name = "orders.png" if make is paths else "kept.png"
    with Pillow.open(FOLDER / name) as found:
        np.testing.assert_array_equal(np.asarray(found.convert("RGB")), make())


if __name__ == "__main__":
    save_png(FOLDER / "orders.png", paths())
    save_png(FOLDER / "kept.png", kept())
