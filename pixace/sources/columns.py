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


def purposes(columns: Sequence[str], path: str = "") -> dict[str, int]:
    """The places of the columns that hold paths, captions, labels and splits, where there are any.

    Args:
      columns: their names.
      path: the name of the one that holds paths; none for one of the usual names.

    Raises:
      SourceError: two columns may be the one.
    """
    names = [_plain(column) for column in columns]
    found = {}
    for purpose, others in OTHERS.items():
        named = purpose == PATH and path
        for known in ([_plain(path)],) if named else ([purpose], others):
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


def has_paths(columns: Sequence[str], path: str = "") -> bool:
    """Whether one of them is for the paths of pictures; `path` as for `purposes`."""
    known = [_plain(path)] if path else [PATH, *OTHERS[PATH]]
    return any(_plain(column) in known for column in columns)


def listed(columns: Sequence[str]) -> str:
    """Their names for a message, no matter how many there are."""
    text = ", ".join(columns) or "none"
    return text if len(text) <= LISTED else f"{text[:LISTED]}… ({len(columns):,} in all)"


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().casefold())
