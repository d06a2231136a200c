"""What the columns of a table are for, by their names."""

import re
from collections.abc import Sequence

from pixace.errors import SourceError

PATH, CAPTION, LABEL, SPLIT = "image_path", "caption", "label", "split"

# What others call them; ours come first. Capitals and blanks around do not matter.
OTHERS = {
    PATH: [
        *("file_name", "filename", "file_path", "filepath"),
        *("image_name", "image_file", "image", "path"),
    ],
    CAPTION: ["text", "comment"],
    LABEL: ["class"],
    SPLIT: [],
}
LISTED = 100  # characters of names that a message lists


def purposes(columns: Sequence[str]) -> dict[str, int]:
    """The places of the columns that hold paths, captions, labels and splits, where there are any.

    Raises:
      SourceError: two columns may be the one.
    """
    names = [_plain(column) for column in columns]
    found = {}
    for purpose, others in OTHERS.items():
        for known in ([purpose], others):
            places = [i for i, name in enumerate(names) if name in known]
            if len(places) > 1:
                first, second = (columns[i] for i in places[:2])
                raise SourceError(
                    f"the columns {first} and {second} may both be the {purpose}; rename or remove "
                    "one"
                )
            if places:
                found[purpose] = places[0]
                break
    return found


def has_paths(columns: Sequence[str]) -> bool:
    """Whether one of them is for the paths of pictures."""
    return any(_plain(column) in (PATH, *OTHERS[PATH]) for column in columns)


def listed(columns: Sequence[str]) -> str:
    """Their names for a message, no matter how many there are."""
    text = ", ".join(columns) or "none"
    return text if len(text) <= LISTED else f"{text[:LISTED]}… ({len(columns):,} in all)"


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().casefold())
