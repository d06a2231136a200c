"""Several sources as one: the shards of a large set, batches, or a folder of arrays."""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from pixace.sources.source import Record, Source

if TYPE_CHECKING:
    from pixace.images.loader import Raw


@dataclass(frozen=True)
class Joined:
    """The pictures of some sources, one source after the other.

    Attributes:
      spec: what the user named.
      parts: the sources.
      names: of the parts, in front of the names of their pictures; "" where these tell enough.
      splits: of the parts, for records that name none; empty where nothing says so.
      labels: likewise.
    """

    spec: str
    parts: tuple[Source, ...]
    names: tuple[str, ...]
    splits: tuple[str | None, ...] = ()
    labels: tuple[str | None, ...] = ()

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(map(len, self.parts)))

    @property
    def notes(self) -> tuple[str, ...]:
        """How the first part was read that has something to say of that; the others are alike."""
        return next(filter(None, (getattr(part, "notes", ()) for part in self.parts)), ())

    def __len__(self) -> int:
        return self._ends[-1]

    def record(self, i: int) -> Record:
        """As its part has it; a group that is the picture's own gets the longer name too."""
        which, within = self._place(i)
        record = self.parts[which].record(within)
        if self.names[which]:
            name = f"{self.names[which]}/{record.name}"
            group = name if record.group == record.name else record.group
            record = replace(record, name=name, group=group)
        split = self.splits[which] if self.splits else None
        label = self.labels[which] if self.labels else None
        return replace(record, split=record.split or split, label=record.label or label)

    def read(self, i: int) -> "Raw":
        """As its part reads it."""
        which, within = self._place(i)
        return self.parts[which].read(within)

    def fingerprint(self) -> str:
        """Over those of the parts, in their order."""
        every = "\n".join(part.fingerprint() for part in self.parts)
        return hashlib.sha256(every.encode()).hexdigest()

    def _place(self, i: int) -> tuple[int, int]:
        """Which part picture i is in, and where."""
        which = bisect_right(self._ends, i)
        return which, i - (self._ends[which - 1] if which else 0)
