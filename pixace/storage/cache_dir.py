"""Where pixace keeps what it can make again: tokens of sources, and compiled programs."""

import errno
import os
from pathlib import Path

from pixace.errors import PixaceError
from pixace.storage.atomic import expanded


def folder() -> Path:
    """`$PIXACE_CACHE`, or `pixace` in the user's cache folder (`$XDG_CACHE_HOME`, `~/.cache`).

    Raises:
      PixaceError: there is no home folder.
    """
    if chosen := os.environ.get("PIXACE_CACHE"):
        return expanded(chosen)
    try:
        return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "pixace"
    except PixaceError as why:
        raise PixaceError(
            "there is no home folder to keep tokens in; set PIXACE_CACHE to a folder for them"
        ) from why


def made(part: str) -> Path:
    """A folder in there, made if need be.

    Raises:
      PixaceError: it cannot be made or not be written to.
    """
    place = folder() / part
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as why:
        said = (why.strerror or str(why)).lower()
        raise PixaceError(
            f"cannot write {place}: {said}; set PIXACE_CACHE to a folder that can be written to"
        ) from why
    return place
