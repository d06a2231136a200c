"""A file that lists pictures: where they are and, if wanted, their captions, labels and splits.

Tables are CSV and its kin or JSON Lines, with a column `image_path` and perhaps `caption`, `label`
and `split`, or what others call them; a text file may list paths alone. Paths are relative to the
file itself.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pixace.errors import ImageError, SourceError
from pixace.sources import columns, delimited, locating, texts
from pixace.sources.columns import CAPTION, LABEL, PATH, SPLIT
from pixace.sources.delimited import TableRow, TableRows
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.hierarchy import WORDS
from pixace.sources.source import Record
from pixace.storage import records

JSON = (".jsonl", ".ndjson")
PICTURE = re.compile(r".+\.(png|jpe?g|jfif|gif|bmp|tiff?|webp|avif|ppm|pgm)", re.IGNORECASE)
PIXEL = re.compile(r"(pixel|px?)[ _]?\d+(x\d+)?|\d+x\d+", re.IGNORECASE)


class Line(NamedTuple):
    """One picture: where it is, and what the table says of it."""

    image_path: str
    caption: str | None = None
    label: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Table:
    """The pictures that a table lists, in its order.

    Attributes:
      path: the table.
      lines: what it says of each picture.
      column: the column of paths, if the user named it.
    """

    path: Path
    lines: tuple[Line, ...]
    column: str = ""

    @property
    def spec(self) -> str:
        """The path as the user named it, with the column."""
        return f"{self.path}#{self.column}" if self.column else str(self.path)

    def __len__(self) -> int:
        return len(self.lines)

    def record(self, i: int) -> Record:
        """Caption, label and split as in the table."""
        name, caption, label, split = self.lines[i]
        return Record(name or f"{self.path.name}[{i}]", group_of(name), caption, label, split)

    def read(self, i: int) -> Path:
        """The path of the file.

        Raises:
          ImageError: there is none, or it is one of Windows that leads nowhere here.
        """
        name = self.lines[i].image_path
        if not name:
            raise ImageError(f"{self.path.name}[{i}]: the line has no {PATH}")
        path = self.path.parent / name
        if locating.is_foreign(name) and not locating.is_there(path):
            raise ImageError(f"{name}: a path of Windows; write it relative to the table, with /")
        return path

    def fingerprint(self) -> str:
        """Over all lines, and sizes and times of change of the pictures."""
        return fingerprint_of(
            self.path.parent, [line.image_path for line in self.lines], self.lines
        )


def open_table(path: Path, raw: bytes | None = None, column: str = "") -> Table:
    """Reads a table.

    Args:
      path: the file, or what it would be if its archive were a folder.
      raw: its bytes, if it is in an archive.
      column: the column of paths; none for one of the usual names.

    Raises:
      SourceError: its text cannot be read, it has no column of paths or no line, or a line does not
        fit; names the line.
    """
    try:
        found, rows = read_rows(path, raw, column)
        places = columns.purposes(found, column)
        if PATH not in places:
            raise SourceError(_no_paths(path, found, column))
        lines = [_line(row, places) for row in rows]
    except SourceError as why:
        raise SourceError(f"{path}: {why}") from why
    made = _table(path, lines, "add a line below the names of the columns")
    return replace(made, column=column)


def open_text(path: Path) -> Table | None:
    """Reads a text that has a path on each line, or a table, as Excel calls its own `.txt`.

    Raises:
      SourceError: a line does not fit.

    Returns:
      None if it is neither.
    """
    with path.open("rb") as file:
        start = texts.decoded(file.read(4096), whole=False) or ""
    first, *_ = re.split(r"[\r\n]", start.strip())
    if _may_name_picture(path.parent, first.strip()):
        return _open_list(path)
    return open_table(path) if delimited.begins(start, columns.has_paths) else None


def _open_list(path: Path) -> Table:
    try:
        names = [name.strip() for name in re.split(r"[\r\n]", _text(path))]
        lines = [Line(locating.checked(name)) for name in names if name]
    except SourceError as why:
        raise SourceError(f"{path}: {why}") from why
    return _table(path, lines, "write a path on each line")


def read_rows(path: Path, raw: bytes | None = None, column: str = "") -> TableRows:
    """The names of a table's columns, and its rows; see `open_table`.

    Raises:
      SourceError: it is no text, or a row does not fit.
    """
    text = _text(path, raw)
    if path.suffix.lower() in JSON:
        return _json_rows(text)
    return delimited.read(text, partial(columns.has_paths, path=column))


def _text(path: Path, raw: bytes | None = None) -> str:
    try:
        raw = path.read_bytes() if raw is None else raw
    except OSError as why:
        raise SourceError(f"cannot be read: {why.strerror}") from why
    text = texts.decoded(raw)
    if text is None:
        raise SourceError("is in no encoding that can be told; save it as text in UTF-8")
    return text


def _json_rows(text: str) -> TableRows:
    """Rows of JSON Lines; a column is what any line has."""
    found: dict[str, None] = {}
    objects = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            known = records.parsed(line)
        except ValueError as why:
            raise SourceError(f"line {number} is no JSON: {why}") from why
        if not isinstance(known, dict):
            raise SourceError(f'line {number} is no JSON object such as {{"file_name": "a.png"}}')
        found |= dict.fromkeys(known)
        objects.append((number, known))
    names = list(found)
    return TableRows(
        names, (TableRow(n, [known.get(name) for name in names]) for n, known in objects)
    )


def _line(row: TableRow, places: dict[str, int]) -> Line:
    cells = {purpose: row.cells[place] for purpose, place in places.items()}
    try:
        return Line(
            locating.checked(_said(PATH, cells[PATH]) or ""),
            _caption(cells.get(CAPTION)),
            _said(LABEL, cells.get(LABEL)),
            _split(_said(SPLIT, cells.get(SPLIT))),
        )
    except SourceError as why:
        raise SourceError(f"line {row.line}: {why}") from why


def _said(purpose: str, cell: object) -> str | None:
    """The text of a field; JSON knows numbers too."""
    if cell is None or isinstance(cell, str | int | float):
        return None if cell is None else str(cell).strip() or None
    raise SourceError(f"the {purpose} is no text: {json.dumps(cell)[:60]}")


def _caption(cell: object) -> str | None:
    """One caption, which may go over several lines; of a list each is one."""
    several = cell if isinstance(cell, list) else [cell]
    told = (_said(CAPTION, each) for each in several)
    lines = (" ".join(map(str.strip, text.splitlines())) for text in told if text)
    return "\n".join(lines) or None


def _split(cell: str | None) -> str | None:
    if cell is None:
        return None
    if cell.casefold() not in WORDS:
        raise SourceError(f"no split {cell[:40]!r}; write train, validation or test")
    return WORDS[cell.casefold()]


def _table(path: Path, lines: list[Line], mend: str) -> Table:
    if not lines:
        raise SourceError(f"{path} lists no pictures; {mend}")
    names = locating.located(path.parent, [line.image_path for line in lines])
    return Table(
        path, tuple(line._replace(image_path=name) for line, name in zip(lines, names, strict=True))
    )


def _no_paths(path: Path, found: list[str], column: str) -> str:
    """Why no column holds paths, and what to do."""
    if column:
        return f"no column {column}; columns found: {columns.listed(found)}"
    if any(_may_name_picture(path.parent, cell) for cell in found):
        first = columns.listed(found)
        return f"the first line must name the columns, such as {PATH},label; it is: {first}"
    if sum(bool(PIXEL.fullmatch(column)) for column in found) > len(found) / 2:
        return (
            f"{len(found):,} columns of pixels and no {PATH}; save the pixels as an array "
            "(n, height, width) in a .npy"
        )
    return (
        f"no column {PATH}; columns found: {columns.listed(found)}. Rename one, or name it: "
        f"{path.name}#COLUMN"
    )


def _may_name_picture(folder: Path, cell: str) -> bool:
    known = PICTURE.fullmatch(cell) or locating.URL.match(cell)
    return bool(cell) and (bool(known) or locating.is_there(folder / cell))
