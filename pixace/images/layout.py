"""The layout of a collage: how large it gets, and what still fits; numbers alone."""

import math
from dataclasses import dataclass, replace

from pixace.errors import ImageError, PixaceError

COMFORTABLE = 720  # pixels: about how wide a collage gets when no scale is asked for
MAX_SIDE = 10_000  # pixels: sides beyond this help nobody
FEWER = "show fewer images"
MAX_PIXELS = 1 << 27  # pixels that are drawn in one call: what fits in memory
MAX_FRAME_PIXELS = 1 << 24  # pixels of one frame of a film, whose frames take 3 GB then


@dataclass(frozen=True)
class Layout:
    """Cells of one size in a grid.

    Attributes:
      columns: cells in a row.
      rows: cells in a column.
      size: (height, width) of an image, in its own pixels.
      scale: pixels per pixel, 1 or more.
      gap: pixels between cells; None chooses by the size of the cells.
    """

    columns: int
    rows: int
    size: tuple[int, int]
    scale: int = 1
    gap: int | None = None

    @property
    def gutter(self) -> int:
        """Pixels between cells."""
        return min(8, max(2, self.size[1] * self.scale // 16)) if self.gap is None else self.gap

    @property
    def step(self) -> tuple[int, int]:
        """(height, width) of a cell with its gutter."""
        height, width = self.size
        return height * self.scale + self.gutter, width * self.scale + self.gutter

    @property
    def extent(self) -> tuple[int, int]:
        """(height, width) of all cells, without margins and labels."""
        down, across = self.step
        return self.rows * down - self.gutter, self.columns * across - self.gutter

    @property
    def most(self) -> tuple[int, int]:
        """(rows, columns) that there may be at this scale."""
        down, across = self.step
        return (MAX_SIDE + self.gutter) // down, (MAX_SIDE + self.gutter) // across

    @property
    def largest_scale(self) -> int:
        """The largest scale that fits; 0 if none does."""
        height, width = self.size
        bound = min(MAX_SIDE // (self.rows * height), MAX_SIDE // (self.columns * width))
        scales = (replace(self, scale=scale) for scale in range(bound, 0, -1))
        return next((one.scale for one in scales if max(one.extent) <= MAX_SIDE), 0)

    def enlarged(self, scale: int | None) -> "Layout":
        """The same at another scale; None takes a comfortable one, or a smaller one that fits.

        Raises:
          ImageError: it would be too large.
        """
        most = max(1, self.largest_scale)
        if scale is None:
            comfortable = round(COMFORTABLE / (self.columns * self.size[1]))
            return replace(self, scale=max(1, min(comfortable, most)))
        height, width = (wanted := replace(self, scale=scale)).extent
        if scale > most:
            raise ImageError(
                f"a collage of {width}x{height} pixels is too large; {MAX_SIDE} a side is the "
                f"most: choose --scale {most}, or {FEWER}"
            )
        return wanted


def arranged(
    count: int,
    size: tuple[int, int],
    *,
    columns: int | None = None,
    scale: int | None = None,
    gap: int | None = None,
    instead: str = FEWER,
) -> Layout:
    """Some images in one collage.

    Args:
      count: how many, 1 or more.
      size: (height, width) of each.
      columns: in a row; None makes the grid about as wide as high.
      scale: pixels per pixel; None makes it about 700 pixels wide, or as large as fits.
      gap: pixels between cells; None chooses.
      instead: what to do where even scale 1 is too large, for messages.

    Raises:
      ImageError: it would be too large.
    """
    height, width = size
    if columns is None:
        columns = max(1, round(math.sqrt(count * height / width)))
    columns = max(1, min(columns, count))
    one = Layout(columns, -(-count // columns), size, gap=gap)
    _refuse(one, one.rows, instead)
    return one.enlarged(scale)


def pages(
    rows: int,
    columns: int,
    size: tuple[int, int],
    *,
    scale: int | None = None,
    instead: str = FEWER,
) -> list[slice]:
    """Which rows go on which page.

    All on one, at whatever scale they fit. Rows that are too many even at scale 1 go on as few
    pages as can be, about equally many on each.

    Args:
      rows: how many, 1 or more.
      columns: images in a row.
      size: (height, width) of each.
      scale: pixels per pixel; None takes one that fits.
      instead: what to do where not even one row fits, for messages.

    Raises:
      ImageError: a row would be too wide, or the scale is too large.
    """
    one = Layout(columns, rows, size)
    _refuse(one, 1, instead)
    one.enlarged(scale)
    count = -(-rows // one.most[0])
    each = -(-rows // count)
    return [slice(start, start + each) for start in range(0, rows, each)]


def refuse_many(count: int, size: tuple[int, int]) -> None:
    """Refuses pictures that would not fit in memory, before any of them is there.

    Raises:
      PixaceError: so many of this (height, width) would not.
    """
    height, width = size
    if count > (most := MAX_PIXELS // (height * width)):
        raise PixaceError(
            f"{count:,} pictures of {width}x{height} pixels are too many at once; draw at most "
            f"{most:,}, and others with another --seed"
        )


def refuse_film(layout: Layout) -> None:
    """Refuses a film whose frames would not fit in memory.

    Raises:
      PixaceError: frames of this layout would not.
    """
    height, width = layout.extent
    if height * width > MAX_FRAME_PIXELS:
        raise PixaceError(
            f"a film of {width}x{height} pixels is too large; draw fewer pictures, or choose a "
            "smaller --scale"
        )


def _refuse(layout: Layout, rows: int, instead: str) -> None:
    """Refuses what is too large at any scale, with so many rows on a page."""
    (most_rows, most_columns), (height, width) = layout.most, layout.size
    if rows > most_rows or layout.columns > most_columns:
        raise ImageError(
            f"a collage of {layout.columns:,} columns and {rows:,} rows is too large; "
            f"of {width}x{height} pixels {most_columns:,} columns and {most_rows:,} rows are the "
            f"most: {instead}"
        )
