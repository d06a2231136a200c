"""docs/pictures/window.png shows what windows show.

To make it anew: `python tests/layers/test_window_picture.py`.
"""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
from PIL import Image as Pillow

from pixace.images.collage import collage
from pixace.images.png import save_png
from pixace.layers.window import Window

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "window.png"
GRID, PIXEL = (16, 16), 11
OTHER, KEPT, SEEN, OWN = (236, 232, 222), (196, 203, 214), (60, 90, 160), (230, 120, 60)


def panel(reach, token):
    """One token, what it sees, and what is remembered besides for those that come next."""
    window = Window(reach, GRID)
    latest = jnp.int32(token)
    remembered, bias = np.asarray(window.tokens(latest)), np.asarray(window.mask_bias(latest))
    pixels = np.tile(np.array(OTHER, np.uint8), (GRID[0] * GRID[1], 1))
    pixels[remembered[remembered >= 0]] = KEPT
    pixels[remembered[bias == 0]] = SEEN
    pixels[token] = OWN
    tile = Pillow.fromarray(pixels.reshape(*GRID, 3))
    tile = tile.resize((GRID[1] * PIXEL, GRID[0] * PIXEL), Pillow.Resampling.NEAREST)
    return collage([np.asarray(tile)], scale=1, title=f"window = {reach}")


def picture():
    """A narrow window, a wide one, and one at the edge."""
    panels = [panel(2, 8 * 16 + 8), panel(4, 9 * 16 + 6), panel(4, 6 * 16 + 14)]
    return collage(panels, scale=1, columns=3, gutter=2)


def test_the_picture_shows_what_windows_show():
    with Pillow.open(PICTURE) as kept:
        np.testing.assert_array_equal(np.asarray(kept.convert("RGB")), picture())


if __name__ == "__main__":
    save_png(PICTURE, picture())
