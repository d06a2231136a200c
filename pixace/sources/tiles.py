"""Sprite sheets and strips, cut into their tiles: each tile is a picture of its own.

Tiles lie side by side from the upper left corner on, with nothing between; `sheet.png[3,1]` is the
fourth of the second row. What is no whole tile at the right and at the bottom is cut off, and tiles
in which there is nothing are left out: of one colour, or wholly transparent.

Which tiles there are is looked for once, when it is first asked; and as tiles of a sheet are asked
for one after another, each process holds one sheet.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pixace.errors import ImageError, SourceError
from pixace.images import loader
from pixace.sources.source import Record, Source

NAMED = 10  # sheets of which something is said; the rest are only counted


class Tile(NamedTuple):
    """Where a tile is, and what it shares with those that are equal to it."""

    sheet: int
    column: int
    row: int
    group: str


class Listing(NamedTuple):
    """What was found: the tiles, or sheets that could not be cut; and what is to be said of it."""

    tiles: list[Tile | int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Tiles:
    """The tiles of a source's pictures.

    Attributes:
      source: the sheets.
      size: (height, width) of a tile.
      held: the sheet that was cut last, by its number.
    """

    source: Source
    size: tuple[int, int]
    held: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def spec(self) -> str:
        """What the user named."""
        return self.source.spec

    @property
    def notes(self) -> tuple[str, ...]:
        """How many tiles there are, and what is not among them; a line each."""
        return self._listing.notes

    def __len__(self) -> int:
        return len(self._listing.tiles)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "held": {}}

    def record(self, i: int) -> Record:
        """As of the sheet, but with a group of its own, or with tiles that are equal."""
        tile = self._listing.tiles[i]
        if isinstance(tile, int):
            return self.source.record(tile)
        sheet = self.source.record(tile.sheet)
        return replace(sheet, name=f"{sheet.name}[{tile.column},{tile.row}]", group=tile.group)

    def read(self, i: int) -> np.ndarray:
        """Tile i, uint8 (height, width, 3), or 4 with transparency."""
        tile = self._listing.tiles[i]
        height, width = self.size
        if isinstance(tile, int):
            self._sheet(tile)  # complains
            raise ImageError(f"{self.source.record(tile).name}: has changed while it was read")
        top, left = tile.row * height, tile.column * width
        return self._sheet(tile.sheet)[top : top + height, left : left + width]

    def fingerprint(self) -> str:
        """Over that of the sheets, and the size of the tiles."""
        identity = (self.source.fingerprint(), self.size)
        return hashlib.sha256(repr(identity).encode()).hexdigest()

    def _sheet(self, number: int) -> np.ndarray:
        """The pixels of a sheet.

        Raises:
          ImageError: it cannot be read, or is smaller than a tile.
        """
        if number not in self.held:
            name = self.source.record(number).name
            pixels = loader.load(self.source.read(number), None, background=None, name=name)
            if pixels.shape[0] < self.size[0] or pixels.shape[1] < self.size[1]:
                own = "{1}x{0}".format(*pixels.shape)
                raise ImageError(f"{name}: {own} pixels, less than a tile of {self._said}")
            self.held.clear()
            self.held[number] = pixels
        return self.held[number]

    @property
    def _said(self) -> str:
        return "{1}x{0}".format(*self.size)

    @cached_property
    def _listing(self) -> Listing:
        tiles: list[Tile | int] = []
        lines: list[str] = []
        height, width = self.size
        empty = 0
        for number in range(len(self.source)):
            try:
                pixels = self._sheet(number)
            except (ImageError, OSError):  # a bad picture, like any other: reading it will say so
                tiles.append(number)
                continue
            for column, row, tile in self._cut(pixels):
                if _is_empty(tile):
                    empty += 1
                else:
                    tiles.append(Tile(number, column, row, _group(tile)))
            across, down = pixels.shape[1] % width, pixels.shape[0] % height
            if across or down:
                own = "{1}x{0}".format(*pixels.shape)
                lines.append(
                    f"{self.source.record(number).name}: {own} pixels are no whole tiles of "
                    f"{self._said}; cut off at the right {across}, at the bottom {down}"
                )
        found = sum(not isinstance(tile, int) for tile in tiles)
        if not tiles:
            raise SourceError(
                f"{self.spec} has {empty:,} tiles of {self._said}, and all are empty; choose "
                "another size of tiles"
            )
        if len(lines) > NAMED:
            lines[NAMED:] = [f"{len(lines) - NAMED:,} more sheets are no whole tiles"]
        sheets = "1 picture" if len(self.source) == 1 else f"{len(self.source):,} pictures"
        many = f"{found:,} tiles of {self._said} in {sheets}"
        lines.insert(0, f"{self.spec}: {many}; {empty:,} empty ones are left out")
        return Listing(tiles, tuple(lines))

    def _cut(self, pixels: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yields column, row and pixels of every whole tile, row by row."""
        height, width = self.size
        for row in range(pixels.shape[0] // height):
            for column in range(pixels.shape[1] // width):
                top, left = row * height, column * width
                yield column, row, _seen(pixels[top : top + height, left : left + width])


def _seen(tile: np.ndarray) -> np.ndarray:
    """The same without the colours of what is transparent."""
    return tile * (tile[..., 3:] > 0) if tile.shape[2] == 4 else tile


def _is_empty(tile: np.ndarray) -> bool:
    return bool((tile == tile[0, 0]).all())


def _group(tile: np.ndarray) -> str:
    return "tile:" + hashlib.sha256(np.ascontiguousarray(tile).tobytes()).hexdigest()[:16]
