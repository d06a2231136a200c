"""The first frame of an animation, on its canvas."""

from PIL import Image as Pillow

Box = tuple[int, int, int, int]


def frame(picture: Pillow.Image) -> Box | None:
    """Where on the canvas the frame lies that is about to be decoded; None where it fills it."""
    tiles = getattr(picture, "tile", ())
    if picture.format not in ("GIF", "PNG") or not tiles or not tiles[0].extents:
        return None
    box = tuple(tiles[0].extents)
    return None if box == (0, 0, *picture.size) else box


def on_canvas(picture: Pillow.Image, box: Box | None) -> Pillow.Image:
    """What a frame does not cover is transparent; Pillow fills it with the palette's first colour.

    Args:
      picture: loaded, of 8 bits.
      box: what `frame` said before that.
    """
    if box is None:
        return picture
    sheet = Pillow.new("RGBA", picture.size)
    sheet.paste(picture.convert("RGBA").crop(box), box)
    return sheet
