"""Captions of picture files: a text beside the picture, or what the name of an emoji spells out.

`cat.txt` beside `cat.jpg` is its caption, and so is `cat.jpg.txt`; of several lines each is a
caption. A comment inside the picture is none. Files of emoji
are named by their code points (`emoji_u1f468_1f3fb.png`); their captions are the Unicode names,
with joiners left out.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pixace.errors import SourceError
from pixace.sources import texts
from pixace.sources.groups import code_points
from pixace.storage.strangers import opened

MAX_TEXT_BYTES = 64 * 2**10  # bytes of a text that are read; a caption is a sentence or two
TELLING = 2  # the version of the way from texts to captions; another one may give others
SUFFIX = ".txt"
SUFFIXES = (SUFFIX, ".caption", ".cap")  # of texts, the best first

SILENT = {0x200D, 0xFE0E, 0xFE0F, 0xE007F}  # joiner, styles, the end of a flag's tags
SPOKEN = {
    0x1F3FB: "light skin tone",
    0x1F3FC: "medium light skin tone",
    0x1F3FD: "medium skin tone",
    0x1F3FE: "medium dark skin tone",
    0x1F3FF: "dark skin tone",
    0x1F9B0: "red hair",
    0x1F9B1: "curly hair",
    0x1F9B2: "bald",
    0x1F9B3: "white hair",
    0x2640: "woman",
    0x2642: "man",
    0x20E3: "keycap",
}
LETTERS = 0x1F1E6  # regional indicators, two of which are a flag
TAGS = 0xE0000  # letters of a region's flag, behind a black flag


class Caption(NamedTuple):
    """What a picture's text says, or why it could not be read."""

    text: str | None = None
    unread: str | None = None


def texts_by_stem(names: Iterable[str]) -> dict[str, str]:
    """The texts among some files, by their names without the suffix."""
    ranked = sorted(
        (SUFFIXES.index(suffix), name.removesuffix(name[-len(suffix) :]), name)
        for name in names
        if name.lower().endswith(SUFFIXES)
        and (suffix := PurePosixPath(name).suffix.lower()) in SUFFIXES
    )
    return {stem: name for _, stem, name in reversed(ranked)}


def text_name(name: str, texts: Mapping[str, str]) -> str | None:
    """The text beside a picture: `cat.txt` beside `cat.jpg`, or else `cat.jpg.txt`.

    Args:
      name: the picture's.
      texts: as `texts_by_stem` gives them.
    """
    if not texts:
        return None
    return texts.get(str(PurePosixPath(name).with_suffix(""))) or texts.get(name)


def caption_in(path: Path) -> Caption:
    """The captions in a file."""
    try:
        with opened(path) as file:
            return caption_of(path.name, file.read(MAX_TEXT_BYTES))
    except OSError as why:
        return Caption(None, f"its caption {path.name} cannot be read: {why.strerror}")


def caption_of(text: str, raw: bytes) -> Caption:
    """The captions in a text, by its name and bytes."""
    try:
        return Caption(decoded(raw))
    except SourceError as why:
        return Caption(None, f"its caption {PurePosixPath(text).name} {why}")


def decoded(raw: bytes) -> str | None:
    """Captions from the bytes of their file, one a line; none if they are blank.

    Raises:
      SourceError: the encoding cannot be told.
    """
    text = texts.decoded(raw[:MAX_TEXT_BYTES], whole=len(raw) < MAX_TEXT_BYTES)
    if text is None:
        raise SourceError("is in no encoding that can be told; save it as UTF-8")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(filter(None, lines)) or None


def spelled(name: str) -> str | None:
    """The caption of an emoji, by the name of its file; none of any other picture."""
    return unicode_names(code_points(PurePosixPath(name).stem))


def unicode_names(points: Sequence[int]) -> str | None:
    """The names of some code points in lower case; none if this Python is older than all of them.

    >>> unicode_names([0x1F468, 0x1F3FD, 0x200D, 0x1F33E])
    'man medium skin tone ear of rice'
    >>> unicode_names([0x1F1EB, 0x1F1F7])
    'flag fr'
    """
    words, letters = [], ""
    for point in points:
        if LETTERS <= point < LETTERS + 26:
            letters += chr(ord("a") + point - LETTERS)
        elif TAGS < point < TAGS + 0x7F:
            letters += chr(point - TAGS)
        elif point not in SILENT:
            words.append(SPOKEN.get(point) or unicodedata.name(chr(point), "").lower())
    if letters:
        words.append(letters if words else f"flag {letters}")
    return " ".join(filter(None, words)) or None
