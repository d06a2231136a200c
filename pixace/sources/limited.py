"""Some pictures of a large source, to try things quickly."""

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pixace.sources.source import Record, Source

if TYPE_CHECKING:
    from pixace.images.loader import Raw


@dataclass(frozen=True)
class Limited:
    """So many pictures of a source, the same ones each time.

    They are taken evenly: one out of each stretch of the source. Which one of a stretch is left to
    chance, though always the same: of pictures in the order cat, dog, cat, dog, every second one
    would be a cat.

    Attributes:
      source: all pictures.
      count: how many are taken, at most as many as there are.
    """

    source: Source
    count: int

    @property
    def spec(self) -> str:
        """What the user named."""
        return self.source.spec

    @property
    def notes(self) -> tuple[str, ...]:
        """As the source has them."""
        return getattr(self.source, "notes", ())

    def __len__(self) -> int:
        return self.count

    def record(self, i: int) -> Record:
        """As the source has it."""
        return self.source.record(self._place(i))

    def read(self, i: int) -> "Raw":
        """As the source reads it."""
        return self.source.read(self._place(i))

    def fingerprint(self) -> str:
        """Over that of the source and the number."""
        return hashlib.sha256(f"{self.source.fingerprint()} {self.count}".encode()).hexdigest()

    def _place(self, i: int) -> int:
        start, end = (at * len(self.source) // self.count for at in (i, i + 1))
        return start + zlib.crc32(b"%d" % i) % (end - start)


def limited(source: Source, count: int | None) -> Source:
    """At most `count` pictures of a source; all of them where it has no more, or for None."""
    return source if count is None or count >= len(source) else Limited(source, count)
