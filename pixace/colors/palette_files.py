"""Palettes as files: NumPy's arrays, and the kinds that drawing programs write.

    .npy   numbers (k, 3) or (k, 1), in -1..1, 0..1 or 0..255
    .hex   Lospec: rrggbb, one colour a line
    .gpl   GIMP: "GIMP Palette", then red, green and blue, 0..255, and a name
    .pal   JASC: "JASC-PAL", "0100", the number of colours, then red, green and blue
    .png   the colours of a picture, in the order in which they first appear, row by row

The strip that `palette_png.save_strip` writes is such a PNG; transparency in it is transparency.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from pixace.errors import PixaceError, TokenError
from pixace.runtime.pillow_warnings import silence
from pixace.storage import numpy_files, strangers
from pixace.storage.atomic import expanded
from pixace.storage.strangers import opened

HALF = 128  # the least alpha that counts as opaque
CLEAR = -1  # the code of transparency, beside 0xRRGGBB
MAX_PIXELS = 1 << 24  # of a picture
MAX_BYTES = 1 << 22  # bytes of a text; 32,768 colours with long names have less


def colors_of(path: Path) -> tuple[list[str], str]:
    """The colours of a file, by its suffix.

    Returns:
      Each as `rrggbb`, or `rrggbb00` for transparency; and the range that numbers were taken for,
      such as "-1..1", or "" where there is one only.

    Raises:
      TokenError: the file cannot be read, or holds no palette.
    """
    kind = path.suffix.lower()
    try:
        if kind == ".npy":
            return _of_array(path)
        if kind == ".png":
            return _of_picture(path), ""
        return TEXTS[kind](_lines(path)), ""
    except PixaceError:
        raise
    except Exception as why:  # NumPy and Pillow meet broken files with a dozen kinds of exceptions
        raise TokenError(
            f"cannot read the palette {path}: {strangers.said(why)}; {KINDS_SAID}"
        ) from why


def _of_array(path: Path) -> tuple[list[str], str]:
    with numpy_files.opened(expanded(path), mapped=False) as found:
        if not isinstance(found, np.ndarray):
            raise ValueError("it holds several arrays")
        table = found
    if table.size > MAX_PIXELS:
        raise ValueError(f"{table.size:,} numbers are no palette")
    if table.ndim != 2 or table.shape[1] not in (1, 3) or table.dtype.kind not in "fiu":
        raise TokenError(
            f"{path} is no palette: it holds {table.dtype} {table.shape}, "
            "not numbers of shape (k, 3) or (k, 1)"
        )
    are_bytes = table.dtype == np.uint8
    table = table.astype(np.float64)
    slack = 1e-3  # means of many pixels overshoot a little
    low, high = (table.min(), table.max()) if table.size else (0.0, 0.0)
    if low >= -1 - slack and high <= 1 + slack and not are_bytes:
        taken = "-1..1" if low < -slack else "0..1"
        table = (table + 1) / 2 * 255 if low < -slack else table * 255
    elif low >= -slack and high <= 255 + slack:
        taken = "0..255"
    else:  # NaN ends here too
        raise TokenError(
            f"{path} is no palette: its values run from {low:g} to {high:g}, "
            "not within -1..1, 0..1 or 0..255"
        )
    rgb = np.rint(table).clip(0, 255).astype(int)
    rows = np.broadcast_to(rgb, (len(rgb), 3)).tolist()
    return [_hex(row) for row in rows], taken


def _of_picture(path: Path) -> list[str]:
    """Opaque colours as they first appear, and transparency where it does.

    Transparent black that begins below the first row, and after all colours, only fills up.
    """
    with silence, opened(expanded(path)) as file:
        picture = Pillow.open(file, formats=["PNG"])
        if picture.width * picture.height > MAX_PIXELS:
            raise ValueError(f"a picture of more than {MAX_PIXELS:,} pixels is no palette")
        pixels = np.asarray(picture.convert("RGBA")).reshape(-1, 4)
        width = picture.width
    codes = pixels[:, :3].astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    opaque = pixels[:, 3] >= HALF
    found, first = np.unique(np.where(opaque, codes, CLEAR), return_index=True)
    order = np.argsort(first)
    ordered = [f"{code:06x}" for code in found[order].tolist()]
    if opaque.all():
        return ordered
    place = int(np.flatnonzero(found[order] == CLEAR)[0])
    at = int(first[order][place])
    fills = place == len(ordered) - 1 and at >= width and codes[at] == 0
    shown = f"{codes[at]:06x}"  # no other colour may be shown so
    ordered[place : place + 1] = [] if fills or shown in ordered else [f"{shown}00"]
    return ordered


def _lines(path: Path) -> list[str]:
    raw = strangers.whole(expanded(path), MAX_BYTES)
    return [line.strip() for line in raw.decode("utf-8-sig", "replace").splitlines()]


def _of_hex(lines: list[str]) -> list[str]:
    found = [(i, line.removeprefix("#").lower()) for i, line in enumerate(lines, 1) if line]
    for i, color in found:
        if not re.fullmatch("[0-9a-f]{6}", color):
            raise ValueError(f"line {i}, '{color:.20}', is no colour of six hexadecimal digits")
    return [color for _, color in found]


def _of_gimp(lines: list[str]) -> list[str]:
    if not lines or lines[0] != "GIMP Palette":
        raise ValueError("its first line is not 'GIMP Palette'")
    comment = re.compile(r"#|(name|columns|channels):", re.IGNORECASE)
    numbered = list(enumerate(lines, 1))[1:]
    return [_row(i, line) for i, line in numbered if line and not comment.match(line)]


def _of_jasc(lines: list[str]) -> list[str]:
    if not lines or lines[0] != "JASC-PAL":
        raise ValueError("its first line is not 'JASC-PAL'")
    count = int(lines[2]) if len(lines) > 2 and lines[2].isdigit() else -1
    found = [_row(i, line) for i, line in list(enumerate(lines, 1))[3:] if line]
    if count != len(found):
        raise ValueError(f"its third line should say {len(found)}, the number of its colours")
    return found


def _row(number: int, line: str) -> str:
    """The colour of a line that begins with red, green and blue."""
    parts = line.split()[:3]
    if len(parts) < 3 or not all(each.isdigit() and int(each) < 256 for each in parts):
        raise ValueError(f"line {number}, '{line:.20}', does not begin with three of 0 to 255")
    return _hex([int(each) for each in parts])


def _hex(row: list[int]) -> str:
    return "{:02x}{:02x}{:02x}".format(*row)


TEXTS: dict[str, Callable[[list[str]], list[str]]] = {
    ".hex": _of_hex,
    ".gpl": _of_gimp,
    ".pal": _of_jasc,
}
SUFFIXES = (".npy", *TEXTS, ".png")
KINDS_SAID = (
    "a palette is a NumPy file (.npy) of shape (k, 3) or (k, 1), Lospec's .hex, GIMP's .gpl, "
    "JASC's .pal or a .png"
)
