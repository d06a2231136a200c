"""How a picture is fitted to a size: which part of it, how large, and with what filter."""

from typing import NamedTuple

from PIL import Image as Pillow

from pixace.choices import FITS, NEAREST, PLANS
from pixace.errors import PixaceError, SizeError, unknown
from pixace.images import blocks

Size = tuple[int, int]


class How(NamedTuple):
    """What is asked for; see `loader.load`."""

    size: Size | None
    plan: str
    nearest: bool
    background: tuple[int, int, int] | None
    alpha: str
    exact: bool


def planned(fit: str) -> tuple[str, bool]:
    """Which part of a picture is used, and whether its colours are never mixed.

    Raises:
      PixaceError: there is no such word; names the one that was meant.
    """
    plan, comma, word = ("crop", ",", NEAREST) if fit == NEAREST else fit.partition(",")
    if plan not in PLANS or (comma and word != NEAREST):
        raise PixaceError(unknown("fit", fit, FITS))
    return plan, bool(comma)


def resized(
    picture: Pillow.Image, inner: tuple[int, int], box: blocks.Box, how: How, lossy: bool
) -> Pillow.Image:
    """A part of a picture in another size.

    Raises:
      SizeError: it was to be exact, and cannot be.
    """
    whole = box == (0, 0, *picture.size)
    if not lossy and (whole or not how.exact):
        squares = blocks.resized(picture, inner, box, sure=how.exact)
        if squares is not None:
            return squares
    if how.exact and how.size:
        wanted, own = "{1}x{0}".format(*how.size), "{}x{}".format(*picture.size)
        raise SizeError(
            f"{own} pixels, not {wanted}, and exact colours are never resampled; say --size {own}, "
            "or --fit pad for what is smaller, or choose --colors kmeans:64"
        )
    if how.nearest:
        return picture.resize(inner, Pillow.Resampling.NEAREST, box)
    grows = inner[0] > box[2] - box[0] or inner[1] > box[3] - box[1]
    smooth = Pillow.Resampling.BILINEAR if grows else Pillow.Resampling.HAMMING
    return picture.resize(inner, smooth, box, reducing_gap=3.0)


def planned_box(
    extent: tuple[float, float], how: How, turn: int
) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """Which box of a picture is used, and how many pixels (width, height) it becomes.

    Both before the picture is turned upright: from orientation 5 on, the target lies on its side.
    """
    width, height = extent
    whole = (0.0, 0.0, width, height)
    if how.size is None:
        return (round(width), round(height)), whole
    across, down = how.size if turn >= 5 else how.size[::-1]
    if how.plan == "stretch":
        return (across, down), whole
    if how.plan in ("pad", "center"):
        scale = max(width / across, height / down)
        if scale < 1 and (how.nearest or how.plan == "center"):
            scale = 1.0 if how.plan == "center" else 1 / int(1 / scale)
        return (max(1, round(width / scale)), max(1, round(height / scale))), whole
    scale = min(width / across, height / down)
    left, top = max(0.0, (width - across * scale) / 2), max(0.0, (height - down * scale) / 2)
    return (across, down), (left, top, width - left, height - top)
