"""What a token set remembers of how it was made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pixace.data.shards import File

if TYPE_CHECKING:
    from pixace.sources import Source

FORMAT = 3
HEADER = "header.json"


@dataclass(frozen=True)
class Origin:
    """Where pictures came from."""

    source: str
    fingerprint: str
    pictures: int

    @classmethod
    def of(cls, source: "Source") -> "Origin":
        """What is to be remembered of a source."""
        return cls(source.spec, source.fingerprint(), len(source))


@dataclass(frozen=True)
class Header:
    """How a set was made; `header.json` holds just these fields.

    Attributes:
      format: version of the layout.
      tokenizer: its spec.
      origin: the source of the pictures.
      validation: the source of the validation pictures, if they have their own.
      validation_fraction: share of the pictures asked for; 0 when it was not needed, as a source
        of their own or marks said which.
      fit: crop, pad, stretch, center or nearest, as `pixace.images.loader.load` takes it.
      background: RGB below transparent pictures.
      fitting: the version of the way from file to pixels; another one may give other tokens.
      splits: rows of each split.
      files: the files of the set, shards in order.
      skipped: number of pictures that could not be read.
      skipped_first: the first of them, "NAME: reason".
      unread: number of captions that could not be read.
      unread_first: the first of them, likewise.
      marked: where pictures say themselves what they are for, how many say what.
      left_out: pictures in neither split, counted by why: `test`, `validation`, … as they are
        marked, or `equal` to one on the other side.
      repeated: rows that are equal to one before; equal ones are all on one side.
      alpha: what became of half-transparent pixels, blend or threshold.
      notes: what else there is to say of the pictures, such as how sheets were cut; a line each.
    """

    format: int
    tokenizer: str
    origin: Origin
    validation: Origin | None
    validation_fraction: float
    fit: str
    background: tuple[int, int, int]
    fitting: str
    splits: dict[str, int]
    files: tuple[File, ...]
    skipped: int
    skipped_first: tuple[str, ...]
    unread: int
    unread_first: tuple[str, ...]
    marked: dict[str, int]
    left_out: dict[str, int]
    repeated: int
    alpha: str
    notes: tuple[str, ...]

    @property
    def listed(self) -> int:
        """All pictures: trained on, held out, skipped and left out."""
        return self.origin.pictures + (self.validation.pictures if self.validation else 0)
