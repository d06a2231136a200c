"""What every source of pictures can do, and what is known of one picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pixace.images.loader import Raw


@dataclass(frozen=True)
class Record:
    """What is known of one picture without reading it.

    Attributes:
      name: what errors and lists call it; unique in its source where file names are.
      group: near-duplicates share it, and a group is never split between training and validation.
      caption: words that describe the picture; each line is a caption of its own.
      label: its class.
      split: `train`, `validation` or `test`, where the data says so.
      unread: why its caption could not be read, if there is one.
    """

    name: str
    group: str
    caption: str | None = None
    label: str | None = None
    split: str | None = None
    unread: str | None = None


@runtime_checkable
class Source(Protocol):
    """Pictures in a fixed order, read one at a time.

    It can be pickled, so that worker processes read for themselves, and holds names at most:
    no picture is read before it is asked for.
    """

    @property
    def spec(self) -> str:
        """What the user named."""

    def __len__(self) -> int:
        """The number of pictures, readable or not."""

    def record(self, i: int) -> Record:
        """What is known of picture i, 0..len-1."""

    def read(self, i: int) -> "Raw":
        """Picture i as something that `loader.load` reads.

        Raises:
          ImageError: it cannot be had, for example from a damaged archive.
        """

    def fingerprint(self) -> str:
        """Another string when the pictures, their order or their captions are others.

        As cheap as it can be: of files it takes names, sizes and times of change.
        """
