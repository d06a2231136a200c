"""Many images in one picture.

A collage is a grid of cells with a gutter between them. Small images are enlarged, crisp (each
pixel a square) or smooth. Labels are set in Pillow's own font, so no font needs to be installed.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from pixace.errors import ImageError
from pixace.images.layout import MAX_SIDE, arranged

if TYPE_CHECKING:
    from pixace.arrays import Image

MARGIN = 12  # pixels around everything
TEXT = 14  # pixels
FRAME = (230, 0, 60)

Color = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def collage(
    images: Sequence["Image | None"],
    *,
    columns: int | None = None,
    scale: int | None = None,
    smooth: bool = False,
    gutter: int | None = None,
    title: str | None = None,
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    framed: Iterable[int] = (),
    background: Color = (255, 255, 255),
) -> "Image":
    """Lays images out in a grid, row by row.

    Args:
      images: uint8 (height, width, 3), all of one size; None leaves a cell empty.
      columns: cells in a row; None makes the grid about as wide as high.
      scale: pixels per pixel, 1 or more; None makes the grid about 700 pixels wide, or as large as
        fits.
      smooth: enlarge smoothly (Lanczos) instead of crisply.
      gutter: pixels between cells; None chooses by the size of the cells.
      title: text above everything; may have several lines.
      column_labels: texts above the columns, as many as there are columns, or none; may have
        several lines.
      row_labels: texts left of the rows, as many as there are rows, or none.
      framed: numbers of images that get a red frame, in the gutter where there is one.
      background: RGB around and between the images; text is black or white, whichever stands out.

    Returns:
      Uint8 (height, width, 3).

    Raises:
      ImageError: no image is given, sizes differ, labels do not match the grid, or the picture
        would be too large.
    """
    shapes = {np.shape(image) for image in images if image is not None}
    if len(shapes) != 1 or len(next(iter(shapes))) != 3:
        raise ImageError(f"a collage needs images of one size, got {sorted(shapes) or 'none'}")
    height, width, _ = next(iter(shapes))
    layout = arranged(len(images), (height, width), columns=columns, scale=scale, gap=gutter)
    columns, rows, scale = layout.columns, layout.rows, layout.scale
    for name, labels, cells in (("column", column_labels, columns), ("row", row_labels, rows)):
        if labels and len(labels) != cells:
            raise ImageError(f"{cells} {name}s cannot have {len(labels)} labels")
    (step_y, step_x), (grid_height, grid_width) = layout.step, layout.extent

    font = ImageFont.load_default(TEXT)
    names = [_truncated(text, font, MAX_SIDE // 20) for text in row_labels]
    left = MARGIN + max((math.ceil(font.getlength(name)) + 8 for name in names), default=0)
    heads = [_truncated(text, font, step_x) for text in column_labels]
    full_width = left + grid_width + MARGIN
    caption = _truncated(title, font, full_width - 2 * MARGIN) if title else ""
    title_height = _height(caption, font) + 8 if caption else 0
    head_height = max((_height(head, font) for head in heads), default=-6) + 6
    top = MARGIN + title_height + head_height

    ink = (0, 0, 0) if sum(background) > 3 * 127 else (255, 255, 255)
    picture = Pillow.new("RGB", (full_width, top + grid_height + MARGIN), background)
    pen = ImageDraw.Draw(picture)
    if caption:
        pen.multiline_text((MARGIN, MARGIN), caption, ink, font)
    for i, head in enumerate(heads):
        pen.multiline_text((left + i * step_x, MARGIN + title_height), head, ink, font)
    for i, name in enumerate(names):
        middle = top + i * step_y + height * scale // 2
        pen.text((MARGIN, middle), name, ink, font, anchor="lm")
    way = Pillow.Resampling.LANCZOS if smooth else Pillow.Resampling.NEAREST
    for i, image in enumerate(images):
        if image is not None:
            cell = Pillow.fromarray(np.asarray(image))
            cell = cell.resize((width * scale, height * scale), way)
            picture.paste(cell, (left + i % columns * step_x, top + i // columns * step_y))
    for i in framed:
        y, x = top + i // columns * step_y, left + i % columns * step_x
        around = min(layout.gutter, 3)
        box = (
            x - around,
            y - around,
            x + width * scale + around - 1,
            y + height * scale + around - 1,
        )
        pen.rectangle(box, outline=FRAME, width=max(1, around))
    return np.asarray(picture)


def _truncated(text: str, font: Font, width: int) -> str:
    """The text with each line cut to `width` pixels; an ellipsis says so.

    What is no text, such as bytes in the name of a file, becomes question marks.
    """
    lines = []
    for line in text.encode("utf-8", "replace").decode("utf-8").split("\n"):
        kept = line
        while kept and font.getlength(kept if kept == line else kept + "…") > width:
            kept = kept[:-1]
        lines.append(line if kept == line else kept.rstrip() + "…")
    return "\n".join(lines)


def _height(text: str, font: Font) -> int:
    """Pixels that the lines of a text take."""
    pen = ImageDraw.Draw(Pillow.new("L", (1, 1)))
    return math.ceil(pen.multiline_textbbox((0, 0), text, font)[3])
