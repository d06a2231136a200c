"""A palette: each pixel takes the nearest of some given colours.

"Nearest" is by squared distance in RGB, exactly; the earliest colour wins a tie. Colours that are
twice in a palette share the first one's id, the canonical one. In text the colours are spelled
out, `palette:000000,ff0000,…`, so a spec needs no file beside it; `palette:FILE.npy` reads one.

Source: Chen et al. 2020, "Generative Pretraining from Pixels" (512 colours found by k-means).
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pixace.colors.table import look_up
from pixace.errors import TokenError

MOST = 1 << 15  # colours
CHUNK = 1 << 17  # distances worked out at a time; float32, so half a megabyte


@dataclass(frozen=True)
class Palette:
    """`palette:rrggbb,rrggbb,…`: given colours, in hexadecimal."""

    colors: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of ids, canonical or not."""
        return len(self.colors)

    @property
    def spec(self) -> str:
        """All colours, spelled out."""
        return "palette:" + ",".join(self.colors)

    @property
    def canonical(self) -> np.ndarray:
        """Bool (size,): the colours that do not repeat an earlier one."""
        first = {color: i for i, color in reversed(list(enumerate(self.colors)))}
        return np.array([first[color] == i for i, color in enumerate(self.colors)])

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (..., 3) to canonical ids, int32 (...).

        Every colour's answer is kept, in one table of 32 MB that costs memory only where it is
        touched: photographs repeat their colours so often that looking up is what counts.
        """
        known = _known(self.colors)
        flat = pixels.reshape(-1, 3)
        codes = flat[:, 0].astype(np.intp) << 16 | flat[:, 1].astype(np.intp) << 8 | flat[:, 2]
        ids = known.take(codes)
        missing = ids == 0
        if missing.any():
            new = np.unique(codes[missing])
            known[new] = _nearest(new, _rgb(self.colors)) + 1
            ids = known.take(codes)
        return ids.reshape(pixels.shape[:-1]).astype(np.int32) - 1

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) to uint8 (..., 3)."""
        return look_up(_rgb(self.colors), ids)


def parse(settings: str) -> Palette:
    """Reads the part after `palette:`: colours in hexadecimal, or the path of a `.npy` file."""
    colors = settings.lower().split(",")
    if settings.endswith(".npy"):
        return Palette(_read(Path(settings)))
    if not all(re.fullmatch("[0-9a-f]{6}", color) for color in colors):
        raise TokenError(
            f"palette:{settings:.60} is no colour scheme: it takes a file, palette:FILE.npy, or "
            "colours as six hexadecimal digits, palette:000000,ffffff"
        )
    return Palette(_checked(colors))


def _read(path: Path) -> tuple[str, ...]:
    """Colours of a `.npy` file, (k, 3) or (k, 1), in -1..1, 0..1 or 0..255."""
    try:
        table = np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as why:
        reason = getattr(why, "strerror", None) or why
        raise TokenError(
            f"cannot read the palette {path}: {reason}; "
            "a palette is a NumPy file (.npy) of shape (k, 3) or (k, 1)"
        ) from why
    if table.ndim != 2 or table.shape[1] not in (1, 3) or table.dtype.kind not in "fiu":
        raise TokenError(
            f"{path} is no palette: it holds {table.dtype} {table.shape}, "
            "not numbers of shape (k, 3) or (k, 1)"
        )
    table = table.astype(np.float64)
    slack = 1e-3  # means of many pixels overshoot a little
    low, high = (table.min(), table.max()) if table.size else (0.0, 0.0)
    if low >= -1 - slack and high <= 1 + slack:
        table = (table + 1) / 2 * 255 if low < -slack else table * 255
    elif not (low >= -slack and high <= 255 + slack):  # NaN ends here too
        raise TokenError(
            f"{path} is no palette: its values run from {low:g} to {high:g}, "
            "not within -1..1, 0..1 or 0..255"
        )
    rgb = np.rint(table).clip(0, 255).astype(int)
    return _checked(["{:02x}{:02x}{:02x}".format(*np.broadcast_to(row, 3)) for row in rgb])


def _checked(colors: list[str]) -> tuple[str, ...]:
    if not 1 <= len(colors) <= MOST:
        raise TokenError(f"a palette has 1 to {MOST:,} colours, this one {len(colors):,}")
    return tuple(colors)


@cache
def _rgb(colors: tuple[str, ...]) -> np.ndarray:
    """Uint8 (k, 3)."""
    return np.frombuffer(bytes.fromhex("".join(colors)), np.uint8).reshape(-1, 3)


@cache
def _known(colors: tuple[str, ...]) -> np.ndarray:
    """Uint16 (2**24,): id + 1 of each colour 0xRRGGBB asked for so far, else 0."""
    return np.zeros(1 << 24, np.uint16)


def _nearest(codes: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Codes 0xRRGGBB (n,) to the lowest index of the nearest colour, intp (n,).

    The pixel's own square is left out, as it is the same for all colours. All numbers are whole and
    below 2**24, so float32 is exact.
    """
    points = palette.astype(np.float32)
    squares = (points * points).sum(axis=1)
    found = np.empty(len(codes), np.intp)
    rows = max(1, CHUNK // len(points))
    for start in range(0, len(codes), rows):
        part = codes[start : start + rows]
        pixels = np.stack([part >> 16, part >> 8 & 255, part & 255], axis=1).astype(np.float32)
        found[start : start + rows] = (squares - 2 * (pixels @ points.T)).argmin(axis=1)
    return found
