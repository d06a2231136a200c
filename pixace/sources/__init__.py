"""Where pictures come from: folders, archives, tables, arrays, TFDS, memory, what is built in."""

from pixace.sources.limited import limited
from pixace.sources.opening import Data, open_source
from pixace.sources.source import Record, Source

__all__ = ["Data", "Record", "Source", "limited", "open_source"]
