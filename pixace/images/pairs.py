"""Pictures above others that belong to them, as cells of a collage."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixace.arrays import Image, Images


def in_pairs(above: "Images", below: "Images", columns: int) -> list["Image | None"]:
    """Rows of the first and rows of the second in turn; the last ones are filled up with nothing.

    Args:
      above: uint8 `(n, height, width, 3)`.
      below: as many, of the same size.
      columns: side by side.
    """
    cells: list[Image | None] = []
    for start in range(0, len(above), columns):
        for pictures in (above, below):
            row = pictures[start : start + columns]
            cells += [*row, *[None] * (columns - len(row))]
    return cells
