"""Whether a model's pictures are new, or copies of what it learned from.

A copy is much nearer to one training picture than to the next ones. How much is too much, held-out
pictures say: nobody copied these, and some are near to one all the same.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from pixace.arrays import Images
from pixace.data.token_set import TokenSet
from pixace.evaluation.neighbours import Neighbours, nearest
from pixace.images.collage import collage
from pixace.images.pairs import in_pairs
from pixace.spacing import evenly

SHOWN = 64  # pairs of a figure, and how many side by side
SIDE_BY_SIDE = 16
HELD_OUT = 1000  # pictures; more say little more
RARE = 0.01  # the share of held-out pictures that would count as copies


@dataclass(frozen=True)
class Novelty:
    """How near pictures are to the training pictures.

    Attributes:
      pictures: how many were looked at.
      distance: median of the distances to the nearest training picture, as in `Neighbours`.
      held_out: the same of held-out pictures; None where there are none.
      near: a copy's distance is below this share of the next ones': that of 99 of 100 held-out
        pictures is above. None likewise.
      copies: how many of the pictures are that near; None likewise.
    """

    pictures: int
    distance: float
    held_out: float | None
    near: float | None
    copies: int | None

    def __str__(self) -> str:
        if self.held_out is None:
            return f"{self.distance:.1f} from the nearest training picture; none is held out"
        return (
            f"{self.distance:.1f} from the nearest training picture, held-out ones "
            f"{self.held_out:.1f}; {self.copies:,} of {self.pictures:,} are copies"
        )


@dataclass(frozen=True)
class Judge:
    """Knows how near held-out pictures are to the training pictures.

    Attributes:
      data: both.
      held_out: of the held-out ones that were looked at; None where there are none.
      among: how many training pictures are searched, evenly spread; None for all.
    """

    data: TokenSet
    held_out: Neighbours | None
    among: int | None = None

    @classmethod
    def of(cls, data: TokenSet, most: int = HELD_OUT, among: int | None = None) -> "Judge":
        """Looks at so many held-out pictures, evenly spread, or at all of fewer.

        Args:
          data: held-out and training pictures.
          most: held-out ones.
          among: training pictures that are searched, likewise; None for all.
        """
        held = data.split("validation")
        if not len(held):
            return cls(data, None, among)
        rows = held.rows(evenly(len(held), min(most, len(held))))
        return cls(data, nearest(data.tokenizer.decode(rows), data, among), among)

    @property
    def near(self) -> float | None:
        """What counts as a copy is relatively nearer."""
        if self.held_out is None:
            return None
        return float(np.quantile(self.held_out.relative, RARE, method="lower"))

    def neighbours(self, pictures: Images) -> Neighbours:
        """The nearest training pictures; `pictures` as `nearest` takes them."""
        return nearest(pictures, self.data, self.among)

    def copies(self, found: Neighbours) -> np.ndarray:
        """Which pictures are copies, bool `(n,)`; none where nothing is held out to compare."""
        return found.relative < (-np.inf if self.near is None else self.near)

    def figure(self, pictures: Images, found: Neighbours) -> UInt8[np.ndarray, "_ _ 3"]:
        """Pictures above the training pictures that they are nearest to, relatively nearest first.

        Copies have a frame.
        """
        order = np.argsort(found.relative, kind="stable")[:SHOWN]
        columns = min(SIDE_BY_SIDE, len(order))
        cells = in_pairs(pictures[order], found.pictures(self.data)[order], columns)
        labels = ["drawn", "learned from"] * (len(cells) // columns // 2)
        places = np.flatnonzero(self.copies(found)[order])
        framed = 2 * columns * (places // columns) + places % columns
        return collage(cells, columns=columns, row_labels=labels, framed=framed.tolist())

    def novelty(self, found: Neighbours) -> Novelty:
        """The same in numbers."""
        return Novelty(
            pictures=len(found.rows),
            distance=float(np.median(found.distances)),
            held_out=float(np.median(self.held_out.distances)) if self.held_out else None,
            near=self.near,
            copies=int(self.copies(found).sum()) if self.held_out else None,
        )
