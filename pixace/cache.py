"""Where pixace keeps what it can make again: tokens of sources, and compiled programs."""

import os
from pathlib import Path


def folder() -> Path:
    """`$PIXACE_CACHE`, or `pixace` in the user's cache folder (`$XDG_CACHE_HOME`, `~/.cache`)."""
    if chosen := os.environ.get("PIXACE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixace"
