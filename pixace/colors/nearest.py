"""The nearest of some colours, exactly and fast.

The cube of all colours is cut into 64 x 64 x 64 cells. For each cell a table lists the colours that
may be nearest to some pixel in it, and only these are measured: 1 to 3 of 512. A colour is left out
when another one, the nearest to the middle of the cell, is nearer to all of the cell. That can be
seen at one corner, since the difference of two squared distances is linear. The lists are made by
halving: the candidates of a cell are among those of the cell twice as large.

All distances are whole numbers, squares of Euclid's in RGB. The earliest of equally near colours
wins, as lists are kept in order.

Source: T. Kanungo et al. 2002, "An efficient k-means clustering algorithm" (the test at a corner).
"""

from dataclasses import dataclass

import numpy as np

LEVELS = 6  # halvings: cells are 4 wide
BLOCK_PIXELS = 1 << 15  # pixels measured at a time; their arrays stay in the processor's cache
EIGHTHS = np.indices((2, 2, 2)).reshape(3, 8).T.astype(np.int32)  # (red, green, blue) halves
# Of each byte its high bits, apart by two: cells are numbered by the halves they lie in, red first.
SPREAD = np.zeros(256, np.intp)
for _bit in range(LEVELS):
    SPREAD |= (np.arange(256) >> 8 - LEVELS + _bit & 1) << 3 * _bit


@dataclass(frozen=True, eq=False)
class Nearest:
    """A palette, ready to be searched.

    Attributes:
      palette: float32 (k, 4), for each colour c: -2c and |c|**2, so that a product with (p, 1) is
        its squared distance from p, less |p|**2; whole numbers below 2**24, so it is exact.
      starts: intp (cells + 1,): where the list of each cell begins and the last one ends.
      candidates: int32: all lists, one after the other, each in ascending order.
    """

    palette: np.ndarray
    starts: np.ndarray
    candidates: np.ndarray

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Uint8 (n, 3) to the lowest index of the nearest colour, int32 (n,)."""
        found = np.empty(len(pixels), np.int32)
        for start in range(0, len(pixels), BLOCK_PIXELS):
            found[start : start + BLOCK_PIXELS] = self._search(pixels[start : start + BLOCK_PIXELS])
        return found

    def _search(self, pixels: np.ndarray) -> np.ndarray:
        points = np.ones((len(pixels), 4), np.float32)
        points[:, :3] = pixels
        red, green, blue = (SPREAD.take(pixels[:, axis]) for axis in range(3))
        cells = red << 2 | green << 1 | blue
        at, ends = self.starts.take(cells), self.starts.take(cells + 1)
        best = self.candidates.take(at)
        least = np.einsum("ij,ij->i", points, self.palette.take(best, axis=0))
        waiting = np.arange(len(pixels))
        while True:
            at += 1
            left = np.flatnonzero(at < ends)
            if not len(left):
                return best
            waiting, at, ends, points = waiting[left], at[left], ends[left], points[left]
            here = self.candidates.take(at)
            distance = np.einsum("ij,ij->i", points, self.palette.take(here, axis=0))
            closer = np.flatnonzero(distance < least[waiting])
            best[waiting[closer]] = here[closer]
            least[waiting[closer]] = distance[closer]


def search(palette: np.ndarray) -> Nearest:
    """Prepares a palette, uint8 (k, 3), at least one colour."""
    colors = palette.astype(np.int32)
    candidates = np.arange(len(colors), dtype=np.int32)
    cells = np.zeros(len(colors), np.int32)  # of each candidate
    corners = np.zeros((1, 3), np.int32)
    for level in range(1, LEVELS + 1):
        candidates, cells = _halved(colors[candidates], corners[cells], candidates, cells, level)
        corners = (corners[:, None] + EIGHTHS * (256 >> level)).reshape(-1, 3)
    starts = np.searchsorted(cells, np.arange((1 << 3 * LEVELS) + 1))
    points = colors.astype(np.float32)
    squares = (points * points).sum(axis=1, keepdims=True)
    return Nearest(np.concatenate([-2 * points, squares], axis=1), starts, candidates)


def _halved(
    points: np.ndarray, corners: np.ndarray, candidates: np.ndarray, cells: np.ndarray, level: int
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates of cells half as wide, from those of the cells that they are eighths of.

    Args:
      points: int32 (m, 3), the colours of the candidates.
      corners: int32 (m, 3), the darkest corners of their cells.
      candidates: int32 (m,), cell by cell and ascending in each.
      cells: int32 (m,), ascending; the eighths of cell c are 8c to 8c + 7.
      level: of the new cells; they are 256 / 2**level wide.
    """
    width = 256 >> level
    first = np.flatnonzero(np.diff(cells, prepend=-1))  # of each cell; none is without candidates
    squares = np.square(points).sum(axis=1)
    kept, new = [], []
    for number, eighth in enumerate(EIGHTHS):
        low = corners + width * eighth
        apart = squares - ((2 * low + (width - 1)) * points).sum(axis=1)  # from the cell's centre
        least = np.minimum.reduceat(apart, first)
        central = np.flatnonzero(apart == least[cells])
        central = central[np.diff(cells[central], prepend=-1) > 0][cells]
        # How much farther than the central colour, at the corner that favours a candidate most.
        ahead = points - points[central]
        favoured = low + (width - 1) * (ahead > 0)
        farther = squares - squares[central] - 2 * (favoured * ahead).sum(axis=1)
        stay = np.flatnonzero(farther <= 0)
        kept.append(candidates[stay])
        new.append(8 * cells[stay] + number)
    owners = np.concatenate(new)
    order = np.argsort(owners, kind="stable")
    return np.concatenate(kept)[order], owners[order]
