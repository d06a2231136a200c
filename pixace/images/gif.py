"""Films: GIFs that repeat for ever."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow

from pixace.errors import ImageError
from pixace.images.marks import COMMENT
from pixace.storage.atomic import whole

if TYPE_CHECKING:
    from pixace.arrays import Image


def save_gif(
    path: Path, frames: Sequence["Image"], *, seconds: float = 0.05, hold: float = 2.0
) -> None:
    """Writes an animation that repeats for ever, whole or not at all.

    Args:
      path: where to.
      frames: uint8 (height, width, 3), all of one size.
      seconds: how long each frame is shown; GIF counts in hundredths.
      hold: how long the last one is shown.

    Raises:
      ImageError: there are no frames.
      PixaceError: the file cannot be written.
    """
    if not len(frames):
        raise ImageError("an animation needs at least one frame")
    first, *rest = (Pillow.fromarray(frame) for frame in frames)
    durations = [round(1000 * seconds)] * len(rest) + [round(1000 * hold)]
    encoded = io.BytesIO()
    first.save(
        encoded,
        "GIF",
        save_all=True,
        append_images=rest,
        duration=durations,
        loop=0,
        comment=COMMENT,
    )
    with whole(Path(path)) as draft:
        draft.write_bytes(encoded.getvalue())
