"""Any picture becomes what a person sees: upright, over a background, 8-bit sRGB, of one size.

`load` is the only door for pixels. Whatever is wrong with a picture ends as one `ImageError` that
names it, so that a run over a million files counts the bad ones instead of dying of them.

How a picture is fitted decides its tokens, so it is frozen under the name `FITTING`:

- A JPEG is decoded at the smallest of 1/8, 1/4, 1/2 and 1 that keeps 2 pixels per target pixel
  (`Image.draft`); other pictures are averaged in whole blocks down to 3 pixels per target pixel.
- The rest shrinks with Hamming's filter and grows bilinearly: neither has negative weights, so no
  colour appears that is brighter or darker than the picture's own.
- A picture that has the size already is not resampled.
- Pixel art stays pixel art: see `blocks.py`.

On 512x512 JPEGs to 32x32 this costs about what draft straight to the size and a box filter cost;
on photographs of other sizes it lies 17 dB closer to the exact mean over each pixel's area.

What a file shows is told in `formats`; what its colours mean, in `icc_profiles` and `gamma`.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, ImageColor
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile

from pixace.arrays import Pixels
from pixace.choices import ALPHAS
from pixace.errors import ImageError, PixaceError, unknown
from pixace.images import formats
from pixace.images.fitting import How, Size, planned, planned_box, resized
from pixace.images.formats import canvas, depth, png
from pixace.images.formats.kinds import UNKNOWN_TIFF
from pixace.images.formats.limits import MAX_PIXELS
from pixace.images.gamma import Gamma
from pixace.images.icc_profiles import in_srgb
from pixace.runtime.pillow_warnings import silence
from pixace.storage import strangers
from pixace.storage.atomic import expanded

FITTING = "draft2+hamming+blocks/2"
READING = 2  # the version of what files are taken to show; caches of another are not used
HALF = 128  # the least alpha that counts as opaque under a threshold


TURNS = {  # EXIF orientation -> what puts the picture upright; from 5 on, the sides swap
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}

Raw = str | Path | bytes | np.ndarray | Pillow.Image


def load(
    raw: Raw,
    size: Size | None,
    *,
    fit: str = "crop",
    background: tuple[int, int, int] | None = (255, 255, 255),
    alpha: str = "blend",
    exact: bool = False,
    name: str | None = None,
) -> Pixels:
    """Reads one picture and fits it to a size.

    Args:
      raw: a path; the bytes of a file; an array `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or
        `(H, W, 4)`, uint8 or floats in 0..1; or a Pillow image.
      size: (height, width) in pixels; None keeps the picture's own.
      fit: "crop" fills the size and cuts off what juts out, equally on both sides; "pad" shows
        all of the picture and fills up with the background; "stretch" bends the proportions;
        "center" pads what is smaller without enlarging it. Each may be followed by ",nearest":
        no colour is mixed, and padding leaves room rather than enlarge by a fraction. "nearest"
        alone crops.
      background: red, green, blue, 0..255; shines through where the picture is transparent. None,
        for a picture in its own size, keeps transparency.
      alpha: "blend" mixes colours with the background, where they are half transparent; with
        "threshold" each pixel is all colour, from half opaque on, or all background.
      exact: refuse what would change a colour or lose a pixel.
      name: what errors call the picture; by default its path.

    Returns:
      uint8 (height, width, 3), sRGB. Of an animation or a book of pages, the first. Without a
      background (height, width, 4), if the picture has transparency.

    Raises:
      ImageError: "NAME: reason", when there is no whole picture of at most `MAX_PIXELS` pixels; or
        it cannot be `exact`, with `SizeError` for its size.
    """
    check(fit, alpha)
    raw = expanded(raw) if isinstance(raw, str) else raw
    name = name or (str(raw) if isinstance(raw, Path) else "picture")
    try:
        with silence, _opened(raw, name) as picture:
            how = How(size, *planned(fit), background, alpha, exact)
            return _fitted(picture, how, draft=picture is not raw)
    except ImageError as why:
        raise type(why)(f"{name}: {why}") from why
    except Exception as why:  # Pillow meets broken files with a dozen kinds of exception
        raise ImageError(f"{name}: {_reason(why, raw)}") from why


def measured(raw: Raw) -> Size:
    """The (height, width) of a picture as it is shown, upright; its pixels are not read.

    Raises:
      ImageError: it is none.
    """
    raw = expanded(raw) if isinstance(raw, str) else raw
    try:
        with silence, _opened(raw, "picture") as picture:
            width, height = picture.size
            return (width, height) if _turn(picture) >= 5 else (height, width)
    except ImageError:
        raise
    except Exception as why:
        raise ImageError(_reason(why, raw)) from why


def check(fit: str, alpha: str = "blend") -> None:
    """Refuses words that `load` does not know.

    Raises:
      PixaceError: names the one that was meant.
    """
    planned(fit)
    if alpha not in ALPHAS:
        raise PixaceError(unknown("alpha", alpha, ALPHAS))


def parse_size(text: str) -> Size:
    """Reads "32" or "32x24", WIDTHxHEIGHT; returns (height, width)."""
    match = re.fullmatch(r"([1-9]\d{0,4})(?:[xX×]([1-9]\d{0,4}))?", text.strip())
    if not match:
        raise PixaceError(f"no size '{text}'; write WIDTHxHEIGHT in pixels, such as 32 or 32x24")
    return int(match[2] or match[1]), int(match[1])


def parse_background(text: str) -> tuple[int, int, int]:
    """Reads "white", "#rrggbb", "rgb(0, 64, 0)" and what else Pillow knows as a colour."""
    try:
        red, green, blue = ImageColor.getrgb(text.strip())[:3]
    except ValueError as why:
        raise PixaceError(f"no colour '{text}'; write a name like white, or #rrggbb") from why
    return red, green, blue


@contextmanager
def _opened(raw: Path | bytes | np.ndarray | Pillow.Image, name: str) -> Iterator[Pillow.Image]:
    """Yields the picture, not decoded yet where that can wait; closes what it opened."""
    if isinstance(raw, Pillow.Image):
        formats.check(raw)
        yield raw
    elif isinstance(raw, np.ndarray):
        yield _from_array(raw)
    else:
        with strangers.opened(raw) if isinstance(raw, Path) else io.BytesIO(raw) as file:
            yield formats.opened(file, name)


def _from_array(array: np.ndarray) -> Pillow.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    good = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not good or not array.size:
        raise ImageError(f"an array of shape {array.shape}, not (H, W), (H, W, 3) or (H, W, 4)")
    if np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):
            raise ImageError("an array of floats outside 0..1")
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ImageError(f"an array of {array.dtype}, not of uint8 or floats in 0..1")
    return Pillow.fromarray(np.ascontiguousarray(array))


def _fitted(
    picture: Pillow.Image,
    how: How,
    *,
    draft: bool,  # a draft changes the picture itself: not for one that the caller goes on using
) -> Pixels:
    size, claimed = how.size, picture.size
    extent = None
    lossy = isinstance(picture, JpegImageFile)
    if draft and size and not (how.exact or how.nearest) and isinstance(picture, JpegImageFile):
        (width, height), _ = planned_box(claimed, how, _turn(picture))
        if drafted := picture.draft(None, (2 * width, 2 * height)):
            extent = drafted[1][2:]  # not whole: the last row and column may jut out
    # A progressive JPEG is held whole by its decoder, however small the draft.
    held = claimed if "progressive" in picture.info else picture.size
    if held[0] * held[1] > MAX_PIXELS:
        raise ImageError(
            "claims {}x{} pixels, more than the limit of {:,}".format(*claimed, MAX_PIXELS)
        )
    if draft:
        picture = png.first_frame(picture)
    frame, tiles = canvas.frame(picture), list(getattr(picture, "tile", ()))
    picture.load()
    turn = _turn(picture)  # after loading: Pillow itself turns a TIFF, and finds EXIF late in a PNG
    profile, gamma = picture.info.get("icc_profile"), Gamma.of(picture.info)
    inner, box = planned_box(extent or picture.size, how, turn)
    picture = canvas.on_canvas(depth.eight_bit(picture, tiles), frame)
    if inner != picture.size or box != (0, 0, *inner):
        picture = resized(picture, inner, box, how, lossy)
    picture = gamma.in_srgb(picture) if gamma else in_srgb(picture, profile)
    picture = _flat(picture, how)
    if turn in TURNS:
        picture = picture.transpose(TURNS[turn])
    if size and picture.size != size[::-1]:
        sheet = Pillow.new("RGB", size[::-1], how.background or 0)
        sheet.paste(picture, ((size[1] - picture.width) // 2, (size[0] - picture.height) // 2))
        picture = sheet
    return np.array(picture)


def _turn(picture: Pillow.Image) -> int:
    """The EXIF orientation, 1..8; a picture whose EXIF is broken counts as upright."""
    try:
        turn = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # the same dozen kinds; the pixels may still be fine
        return 1
    return turn if turn in TURNS else 1


def _flat(picture: Pillow.Image, how: How) -> Pillow.Image:
    """RGB, with the background where the picture is transparent; RGBA, if there is none.

    Raises:
      ImageError: it was to be exact, and is half transparent somewhere.
    """
    if picture.mode not in ("LA", "RGBA"):
        return picture.convert("RGB")
    mask = picture.getchannel("A")
    if how.alpha == "threshold":
        mask = mask.point(lambda value: 255 * (value >= HALF))
    elif how.exact and any(mask.histogram()[1:255]):
        raise ImageError(
            "some pixels are half transparent, which exact colours cannot keep; choose "
            "--alpha threshold, or --colors kmeans:64"
        )
    colored = picture.convert("RGB")
    if how.background is None:
        colored.putalpha(mask)
        return colored
    sheet = Pillow.new("RGB", picture.size, how.background)
    sheet.paste(colored, mask=mask)
    return sheet


def _reason(why: Exception, raw: Raw) -> str:
    """What a person can make of an exception out of Pillow."""
    text = str(why)
    length = raw.stat().st_size if isinstance(raw, Path) and raw.is_file() else None
    length = len(raw) if isinstance(raw, bytes) else length
    if length == 0:
        return "empty, 0 bytes"
    match why:
        case strangers.NoFileError():
            return str(why.strerror)
        case FileNotFoundError():
            return "no such file"
        case PermissionError():
            return "may not be read (permission denied)"
        case IsADirectoryError():
            return "a folder, not a picture"
        case MemoryError():
            return "needs more memory than there is"
        case Pillow.DecompressionBombError():
            claim = re.search(r"\d+", text)
            claimed = int(claim[0]) if claim else 0
            return f"claims {claimed:,} pixels, more than the limit of {MAX_PIXELS:,}"
    if "truncated" in text.lower() and length is not None:
        return f"truncated after {length:,} bytes"
    if "unknown raw mode" in text:
        return UNKNOWN_TIFF
    return f"broken ({text or type(why).__name__})"
