"""Emoji, drawn from the system's Noto Color Emoji font; their Unicode names are the captions.

One picture for each single character that the font draws: no flags, skin tones or other sequences.
They are 128x128 with a transparent surrounding, so the background is free to choose.
"""

import functools
import shutil
import struct
import subprocess
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pixace.errors import ImageError, MissingError, PixaceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import emoji_group
from pixace.sources.sidecar import unicode_names
from pixace.sources.source import Record
from pixace.storage.atomic import expanded

if TYPE_CHECKING:
    from PIL import Image as Pillow
    from PIL import ImageFont

FONT = "NotoColorEmoji.ttf"
PLACES = (
    "/usr/share/fonts/truetype/noto",  # Debian, Ubuntu
    "/usr/share/fonts/noto",  # Arch, Alpine
    "/usr/share/fonts/google-noto-emoji",  # older Fedora
    "/usr/share/fonts/google-noto-color-emoji-fonts",  # Fedora
    "~/.local/share/fonts",
    "~/.fonts",
)
STRIKE = 109  # the one size in pixels that the font's bitmaps have; each is 136x128
SIDE = 128
# Joiners, variation selectors, combining marks, private characters, skin tones: no pictures.
NOT_DRAWN = ("Cc", "Cf", "Cs", "Co", "Mn", "Me", "Sk", "Zs")


@dataclass(frozen=True)
class Emoji:
    """The characters of one emoji font."""

    font: Path
    characters: str

    @property
    def spec(self) -> str:
        """Always "emoji"."""
        return "emoji"

    def __len__(self) -> int:
        return len(self.characters)

    def record(self, i: int) -> Record:
        """Caption: the Unicode name in lower case; none if this Python is older than the emoji."""
        point = ord(self.characters[i])
        return Record(f"emoji_u{point:04x}", emoji_group([point]), unicode_names([point]))

    def read(self, i: int) -> "Pillow.Image":
        """The picture, RGBA 128x128."""
        from PIL import Image as Pillow
        from PIL import ImageDraw

        try:
            font = _font(self.font)
            box = font.getbbox(self.characters[i])
            picture = Pillow.new("RGBA", (SIDE, SIDE))
            corner = ((SIDE - box[0] - box[2]) / 2, (SIDE - box[1] - box[3]) / 2)
            ImageDraw.Draw(picture).text(corner, self.characters[i], font=font, embedded_color=True)
        except OSError as why:
            raise ImageError(f"{self.record(i).name}: cannot be drawn ({why})") from why
        return picture

    def fingerprint(self) -> str:
        """Over the font's size and time of change, and the characters."""
        return fingerprint_of(self.font.parent, [self.font.name], self.characters)


def open_emoji() -> Emoji:
    """Finds the font and what it draws.

    Raises:
      MissingError: there is no such font, or one that Pillow cannot draw in colour.
    """
    font = _find()
    if font is None:
        raise MissingError(
            "no emoji font; install it with: apt-get install fonts-noto-color-emoji "
            "(elsewhere, put NotoColorEmoji.ttf into ~/.local/share/fonts)"
        )
    try:
        _font(font)
        drawn = _covered(font.read_bytes())
    except (OSError, struct.error, KeyError, StopIteration) as why:
        raise MissingError(
            f"{font} has no bitmaps of {STRIKE} pixels to draw; put Google's NotoColorEmoji.ttf "
            "(the one with CBDT bitmaps) into ~/.local/share/fonts"
        ) from why
    return Emoji(font, "".join(character for character in drawn if _is_picture(character)))


def _find() -> Path | None:
    for place in PLACES:
        with suppress(PixaceError, OSError):  # no home folder, or no way into it
            if (font := expanded(place) / FONT).is_file():
                return font
    if shutil.which("fc-list"):
        listed = subprocess.run(
            ["fc-list", ":family=Noto Color Emoji", "--format=%{file}\n"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.splitlines()
        return next((Path(file) for file in sorted(listed) if Path(file).is_file()), None)
    return None


@functools.lru_cache(maxsize=1)
def _font(path: Path) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(path), STRIKE)


def _is_picture(character: str) -> bool:
    regional_indicator = "\U0001f1e6" <= character <= "\U0001f1ff"
    ascii_base = character < "\x80"  # digits, # and *: only drawn as part of keycaps
    plain = unicodedata.category(character) not in NOT_DRAWN
    return plain and not regional_indicator and not ascii_base


def _covered(font: bytes) -> str:
    """All characters that a font has a glyph for, by its full (format 12) character map.

    Source: OpenType specification, tables "Font file" and "cmap".
    """
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4s4xI", font, 12 + 16 * i) for i in range(tables))
    cmap = dict(records)[b"cmap"]
    (maps,) = struct.unpack_from(">H", font, cmap + 2)
    starts = [cmap + struct.unpack_from(">I", font, cmap + 8 + 8 * i)[0] for i in range(maps)]
    full = next(start for start in starts if struct.unpack_from(">H", font, start) == (12,))
    (runs,) = struct.unpack_from(">I", font, full + 12)
    characters: list[str] = []
    for i in range(runs):
        first, last, _ = struct.unpack_from(">3I", font, full + 16 + 12 * i)
        characters.extend(map(chr, range(first, last + 1)))
    return "".join(characters)
