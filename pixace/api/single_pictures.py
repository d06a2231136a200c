"""Pictures by themselves, each a numbered file that says how it was made."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pillow

from pixace.api import places
from pixace.images import loader
from pixace.images.palette_png import palette_of, save_picture
from pixace.images.pasting import pasted
from pixace.images.png import save_png

if TYPE_CHECKING:
    from pixace.arrays import Images
    from pixace.images.loader import Raw
    from pixace.runs.description import DataRecord
    from pixace.tokenizers import Tokenizer


def save(
    folder: Path,
    pictures: "Images",
    memories: Iterable[dict[str, Any]],
    tokenizer: "Tokenizer",
    *,
    scale: int | None = None,
    smooth: bool = False,
    first: int = 0,
    of: int | None = None,
) -> None:
    """Writes `0000.png` and so on, with their palette and transparency, if they have any.

    Args:
      folder: where to; made if need be.
      pictures: uint8 (n, height, width, 3).
      memories: how each of them was made; see `save_png`.
      tokenizer: whose colours they have.
      scale: pixels per pixel; None means 1.
      smooth: enlarge smoothly instead of crisply.
      first: the number of the first.
      of: how many there will be in all; None means that these are all.

    Raises:
      PixaceError: a file cannot be written.
    """
    palette, scale = palette_of(tokenizer), scale or 1
    for number, (picture, made) in enumerate(zip(pictures, memories, strict=True), first):
        path = places.single(folder, number, of or len(pictures))
        memory = made | {"picture": number}
        if palette is not None and not smooth:
            save_picture(path, picture, palette, scale, memory)
        else:
            way = Pillow.Resampling.LANCZOS if smooth else Pillow.Resampling.NEAREST
            size = (picture.shape[1] * scale, picture.shape[0] * scale)
            save_png(path, np.asarray(Pillow.fromarray(picture).resize(size, way)), memory)


def paste(
    folder: Path,
    photos: "Sequence[Raw]",
    finished: "Iterable[Images]",
    memories: Sequence[dict[str, Any]],
    kept: np.ndarray,
    fitted: "DataRecord",
) -> None:
    """Writes photos in their own size with what a model made of them, numbered as above.

    Args:
      folder: where to; made if need be.
      photos: what each was read from; one after the other is read once more.
      finished: uint8 (n, h, w, 3) of each, as many of each.
      memories: how each photo's were made.
      kept: bool (h, w), the pixels that are the photos'.
      fitted: how they were brought to the size.

    Raises:
      ImageError: a photo cannot be read any more.
      PixaceError: a file cannot be written.
    """
    finished = list(finished)
    count, number = sum(map(len, finished)), 0
    for raw, several, memory in zip(photos, finished, memories, strict=True):
        photo = loader.load(raw, None, background=fitted.background, alpha=fitted.alpha)
        for picture in several:
            path = places.single(folder, number, count)
            save_png(path, pasted(photo, picture, kept, fitted.fit), memory | {"picture": number})
            number += 1
