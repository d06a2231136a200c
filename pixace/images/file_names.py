"""Names of pictures as names of files in one folder, whatever the pictures are called."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

SUFFIX = ".png"
OWN = re.compile(r"\.(png|jpe?g|gif|webp|bmp|tiff?|ppm|avif|heic)$", re.IGNORECASE)
FORBIDDEN = '\\:*?"<>|'  # on some system or other
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories: control, format, halves, breaks
JOINER = "\u200d"  # of emoji
DEEPEST = 8  # folders
LONGEST = 200  # bytes of a part; systems take 255 or so


def file_names(names: Sequence[str]) -> list[PurePosixPath]:
    """A path in a folder for each picture, `.png` in place of its own suffix, all different.

    Folders stay folders. No path leads out of the folder, and no two are the same where upper and
    lower case are; what some system could not have in a name is an underscore.
    """
    found = [_parts(name) for name in names]
    taken = {"/".join(parts[:end]).lower() for parts in found for end in range(1, len(parts))}
    paths, numbers = [], Counter[str]()
    for *folders, stem in found:
        asked = path = PurePosixPath(*folders, stem + SUFFIX)
        while (lower := str(path).lower()) in taken:
            numbers[str(asked).lower()] += 1
            path = asked.with_name(f"{stem}-{1 + numbers[str(asked).lower()]}{SUFFIX}")
        taken.add(lower)
        paths.append(path)
    return paths


def _parts(name: str) -> list[str]:
    """Folders, and the file without its suffix."""
    plain = "".join("_" if _is_unsafe(each) else each for each in OWN.sub("", name))
    cut = [part.encode()[:LONGEST].decode(errors="ignore") for part in plain.split("/")]
    *folders, stem = [part.strip(". ") for part in cut]
    return [*filter(None, folders[-DEEPEST:]), stem or "_"]


def _is_unsafe(character: str) -> bool:
    odd = unicodedata.category(character) in UNSEEN and character != JOINER
    return odd or character in FORBIDDEN
