"""PNGs that say how they were made."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from pixace.errors import ImageError
from pixace.images.formats import png
from pixace.images.marks import KEY
from pixace.storage import records
from pixace.storage.atomic import whole


def save_png(
    path: Path,
    picture: np.ndarray,
    description: dict | None = None,
    *,
    palette: np.ndarray | None = None,
    transparent: int | None = None,
    marked: bool = True,
) -> None:
    """Writes a PNG, whole or not at all.

    Args:
      path: where to.
      picture: uint8 (height, width, 3), or (height, width, 4) with alpha, or (height, width) with
        numbers of the palette's colours.
      description: how the picture was made, kept as JSON in the file; `read_description` reads it.
      palette: uint8 (k, 3), k up to 256; makes an indexed PNG.
      transparent: number of the colour of the palette that is transparent.
      marked: as one of pixace's own; False for a picture that is the user's.

    Raises:
      PixaceError: the file cannot be written.
    """
    notes = PngInfo()
    if marked:
        notes.add_itxt(KEY, json.dumps(description))  # without one, still the mark of our own
    encoded = io.BytesIO()
    image = Pillow.fromarray(picture)
    if palette is not None:
        image.putpalette(palette.tobytes())
    clear = {} if transparent is None else {"transparency": transparent}
    image.save(encoded, "PNG", pnginfo=notes, optimize=True, **clear)
    with whole(Path(path)) as draft:
        draft.write_bytes(encoded.getvalue())


def read_description(path: Path) -> dict:
    """What `save_png` was told about a picture.

    Raises:
      ImageError: the file cannot be read, or does not say how it was made.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is no file")
        with path.open("rb") as file:
            is_png = file.read(len(png.MAGIC)) == png.MAGIC
            text = png.text(file, KEY.encode()) if is_png else None
        description = None if text is None else records.parsed(text)
    except (OSError, ValueError) as why:
        raise ImageError(f"{path}: {why}; is it a picture that pixace saved?") from why
    if not isinstance(description, dict):
        raise ImageError(f"{path} does not say how it was made; was it saved by pixace?")
    return description
