"""What a folder holds, written down beside it: its files and their checksums."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pixace.storage import records, sealed
from pixace.storage.atomic import whole

FILES = "files"


def place(folder: Path) -> Path:
    """Where it is written."""
    return folder.with_name(f"{folder.name}.json")


def write(folder: Path, **facts: Any) -> None:
    """Writes down what a folder holds, and what else there is to say of it.

    Raises:
      PixaceError: the place cannot be written to.
    """
    with whole(place(folder)) as draft:
        text = sealed.dumps({**facts, FILES: _sums(folder)}, indent=1)
        draft.write_text(text + "\n", encoding="utf-8")


def facts(folder: Path) -> Mapping[str, Any]:
    """What else was said of a folder.

    Raises:
      ValueError: it is damaged.
      OSError: it is not there.
    """
    return sealed.unsealed(records.parsed(place(folder).read_text(encoding="utf-8")))


def damage(folder: Path) -> str | None:
    """What of a folder is not as it was written down; None if all is. Reads every byte."""
    try:
        wanted = facts(folder)[FILES]
    except (OSError, ValueError):
        return place(folder).name
    found = _sums(folder)
    names = sorted({*wanted} | {*found})
    return next((name for name in names if wanted.get(name) != found.get(name)), None)


def _sums(folder: Path) -> dict[str, str]:
    """The checksum of each file, by its path in the folder."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            sums[path.relative_to(folder).as_posix()] = digest
    return sums
