"""The models that can be had by their names: where each is, and how to know it.

A registry is a JSON file, `{"models": [{"name": …, "url": …, "sha256": …, "size": …, "licence": …,
"about": …}]}`. One comes with pixace; `$PIXACE_REGISTRY` names another one, which adds to it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import ConfigError
from pixace.runtime.addresses import SECRET, is_address, shown
from pixace.storage import records

OWN = Path(__file__).with_name("registry.json")
VARIABLE = "PIXACE_REGISTRY"


@dataclass(frozen=True)
class Entry:
    """A model that can be had.

    Attributes:
      name: which it then has.
      url: where it is.
      sha256: of the file, in hexadecimal digits.
      size: of the file in bytes.
      licence: under which it may be used.
      about: what it draws, in a line.
    """

    name: str
    url: str
    sha256: str
    size: int
    licence: str
    about: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w][\w.-]*", self.name):
            raise ValueError(f"{self.name!r} is no name")
        if not is_address(self.url):
            raise ValueError(f"{self.url!r} is no address on the web")
        if shown(self.url) != self.url:
            raise ValueError(f"{shown(self.url)} {SECRET}")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"{self.sha256!r} is no SHA-256")
        if self.size < 1:
            raise ValueError(f"{self.size} bytes is no size")


def known() -> dict[str, Entry]:
    """All models that can be had, by name.

    Raises:
      ConfigError: the registry that the environment names is none.
    """
    own = _read(OWN)
    named = os.environ.get(VARIABLE)
    return own | _read(Path(named).expanduser()) if named else own


def _read(path: Path) -> dict[str, Entry]:
    try:
        listed = records.parsed(path.read_text(encoding="utf-8"))["models"]
        entries = [records.read(Entry, each, "entry", partly=True) for each in listed]
    except (OSError, ValueError, TypeError, KeyError) as why:
        raise ConfigError(f"{path} is no registry of models: {why}; see {VARIABLE}") from why
    return {entry.name: entry for entry in entries}
