"""Pictures of a palette as files that keep it: indexed PNGs, and the palette itself as a strip."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pixace.colors.palette import Palette
from pixace.images.png import save_png

if TYPE_CHECKING:
    from pixace.arrays import Image
    from pixace.tokenizers import Tokenizer

STRIP = "palette.png"  # its name beside tokens and in runs
ACROSS, SWATCH = 32, 16  # colours in a row of the strip at most; pixels of a side of one
INDICES = 256  # what an indexed PNG has room for


def palette_of(tokenizer: "Tokenizer") -> Palette | None:
    """The palette that a tokenizer's colours are, if they are one."""
    found = getattr(tokenizer, "colors", None)
    return found if isinstance(found, Palette) else None


def save_strip(path: Path, palette: Palette) -> None:
    """Writes a PNG of the palette: a square for each colour, in order; transparency is transparent.

    `palette:FILE.png` reads it.

    Raises:
      PixaceError: the file cannot be written.
    """
    across = min(ACROSS, palette.size)
    squares = np.zeros((-(-palette.size // across) * across, 4), np.uint8)
    squares[: palette.size] = np.pad(palette.table, ((0, 0), (0, 1)), constant_values=255)
    if palette.transparent is not None:
        squares[palette.transparent, 3] = 0
    save_png(path, _enlarged(squares.reshape(-1, across, 4), SWATCH))


def save_picture(
    path: Path,
    picture: "Image",
    palette: Palette,
    scale: int = 1,
    about: dict | None = None,
    *,
    marked: bool = True,
) -> None:
    """Writes one picture of a palette's colours by itself.

    The PNG is indexed, with this very palette, if it has at most 256 colours. Pixels of the colour
    that stands for transparency are transparent.

    Args:
      path: where to.
      picture: uint8 (height, width, 3).
      palette: its colours.
      scale: pixels per pixel.
      about: how the picture was made; see `save_png`.
      marked: likewise.

    Raises:
      PixaceError: the file cannot be written.
    """
    ids = _enlarged(palette.encode(picture), scale)
    clear = palette.transparent
    if palette.size <= INDICES:
        small = ids.astype(np.uint8)
        save_png(path, small, about, palette=palette.table, transparent=clear, marked=marked)
    elif clear is None:
        save_png(path, palette.decode(ids), about, marked=marked)
    else:
        alpha = np.where(ids == clear, 0, 255).astype(np.uint8)
        save_png(path, np.dstack([palette.decode(ids), alpha]), about, marked=marked)


def _enlarged(pixels: np.ndarray, scale: int) -> np.ndarray:
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
