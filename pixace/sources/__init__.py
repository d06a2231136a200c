"""Where pictures come from: folders, archives, tables, arrays, TFDS and what is built in."""

from pixace.sources.opening import open_source
from pixace.sources.source import Record, Source

__all__ = ["Record", "Source", "open_source"]
