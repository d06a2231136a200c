"""Pictures by themselves, each a numbered file that says how it was made."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pillow

from pixace.api import places
from pixace.images.palette_png import palette_of, save_picture
from pixace.images.png import save_png

if TYPE_CHECKING:
    from pixace.arrays import Images
    from pixace.tokenizers import Tokenizer


def save(
    folder: Path,
    pictures: "Images",
    memories: Iterable[dict[str, Any]],
    tokenizer: "Tokenizer",
    *,
    scale: int | None = None,
    smooth: bool = False,
) -> None:
    """Writes `0000.png` and so on, with their palette and transparency, if they have any.

    Args:
      folder: where to; made if need be.
      pictures: uint8 (n, height, width, 3).
      memories: how each of them was made; see `save_png`.
      tokenizer: whose colours they have.
      scale: pixels per pixel; None means 1.
      smooth: enlarge smoothly instead of crisply.

    Raises:
      PixaceError: a file cannot be written.
    """
    palette, scale = palette_of(tokenizer), scale or 1
    for number, (picture, made) in enumerate(zip(pictures, memories, strict=True)):
        path = places.single(folder, number, len(pictures))
        memory = made | {"picture": number}
        if palette is not None and not smooth:
            save_picture(path, picture, palette, scale, memory)
        else:
            way = Pillow.Resampling.LANCZOS if smooth else Pillow.Resampling.NEAREST
            size = (picture.shape[1] * scale, picture.shape[0] * scale)
            save_png(path, np.asarray(Pillow.fromarray(picture).resize(size, way)), memory)
