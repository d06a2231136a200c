"""A palette: each pixel takes the nearest of some given colours.

"Nearest" is by squared distance in RGB, exactly; the earliest colour wins a tie. Colours that are
twice in a palette share the first one's id, the canonical one. In text the colours are spelled
out, `palette:000000,ff0000,…`, so a spec needs no file beside it; `palette:FILE` reads one.

One colour may stand for transparency: `ffffff00`, two more digits as in CSS. In pictures it is
shown by its red, green and blue, which no other colour of the palette has.

Source: Chen et al. 2020, "Generative Pretraining from Pixels" (512 colours found by k-means).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pixace.colors.nearest import Nearest, search
from pixace.colors.palette_files import SUFFIXES, colors_of
from pixace.colors.table import look_up
from pixace.errors import TokenError

MAX_COLORS = 1 << 15  # colours
BLOCK_PIXELS = 1 << 15  # pixels; what one block asks for, the next one finds known
CLEAR = "00"  # the alpha of a colour that stands for transparency


@dataclass(frozen=True)
class Palette:
    """`palette:rrggbb,rrggbb,…`: given colours, in hexadecimal; at most one of them `rrggbb00`."""

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

    @property
    def table(self) -> np.ndarray:
        """Uint8 (size, 3): red, green and blue of each id."""
        return _rgb(self.colors)

    @property
    def transparent(self) -> int | None:
        """The id that stands for transparency, if there is one."""
        clear = (i for i, color in enumerate(self.colors) if len(color) > 6)
        return next(clear, None)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (..., 3) to canonical ids, int32 (...).

        Every colour's answer is kept, in one table of 32 MB that costs memory only where it is
        touched: photographs repeat their colours so often that looking up is what counts.
        """
        known = _known(self.colors)
        flat = pixels.reshape(-1, 3)
        ids = np.empty(len(flat), np.int32)
        for start in range(0, len(flat), BLOCK_PIXELS):
            block = flat[start : start + BLOCK_PIXELS]
            codes = block[:, 0].astype(np.intp) << 16
            codes |= block[:, 1].astype(np.intp) << 8
            codes |= block[:, 2]
            answers = known.take(codes)
            new = np.flatnonzero(answers == 0)
            if len(new):
                answers[new] = _searched(self.colors)(block[new]) + 1
                known[codes[new]] = answers[new]
            np.subtract(answers, 1, out=ids[start : start + BLOCK_PIXELS], dtype=np.int32)
        return ids.reshape(pixels.shape[:-1])

    def decode(self, ids: np.ndarray) -> np.ndarray:
        """Ids (...) to uint8 (..., 3)."""
        return look_up(self.table, ids)


def parse(settings: str) -> Palette:
    """Reads the part after `palette:`: colours in hexadecimal, or the path of a file."""
    if is_file(settings):
        return read(Path(settings))[0]
    colors = settings.lower().split(",")
    if not all(re.fullmatch(f"[0-9a-f]{{6}}({CLEAR})?", color) for color in colors):
        raise TokenError(
            f"palette:{settings:.60} is no colour scheme: it takes a file, palette:FILE with "
            f"one of {', '.join(SUFFIXES)}, or colours as six hexadecimal digits, "
            "palette:000000,ffffff"
        )
    clear = [color[:6] for color in colors if len(color) > 6]
    if len(clear) > 1 or (clear and clear[0] in colors):
        raise TokenError(
            f"palette:{settings:.60} is no colour scheme: one colour at most, which is no other "
            f"colour of the palette too, may stand for transparency, such as {clear[0]}{CLEAR}"
        )
    return _checked(colors)


def is_file(settings: str) -> bool:
    """Whether the part after `palette:` names a file."""
    return settings.lower().endswith(SUFFIXES)


def of(table: Iterable[Iterable[int]]) -> Palette:
    """The palette of some colours, integers (k, 3) in 0..255.

    Raises:
      TokenError: there are none, or too many.
    """
    return _checked(["{:02x}{:02x}{:02x}".format(*row) for row in table])


def read(path: Path) -> tuple[Palette, str]:
    """The colours of a file; see `palette_files`.

    Returns:
      The palette, and the range that its numbers were taken for, such as "-1..1", or "".

    Raises:
      TokenError: the file cannot be read, or holds no palette.
    """
    colors, taken = colors_of(path)
    try:
        return _checked(colors), taken
    except TokenError as why:
        raise TokenError(f"{path}: {why}") from why


def _checked(colors: list[str]) -> Palette:
    if not 1 <= len(colors) <= MAX_COLORS:
        raise TokenError(f"a palette has 1 to {MAX_COLORS:,} colours, this one {len(colors):,}")
    return Palette(tuple(colors))


@cache
def _rgb(colors: tuple[str, ...]) -> np.ndarray:
    """Uint8 (k, 3)."""
    digits = "".join(color[:6] for color in colors)
    return np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(-1, 3)


@cache
def _known(colors: tuple[str, ...]) -> np.ndarray:
    """Uint16 (2**24,): id + 1 of each colour 0xRRGGBB asked for so far, else 0."""
    return np.zeros(1 << 24, np.uint16)


@cache
def _searched(colors: tuple[str, ...]) -> Nearest:
    return search(_rgb(colors))
