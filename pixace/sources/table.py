"""A CSV or TSV file that lists pictures: column `image_path`, and `caption` and `label` if wanted.

Paths are relative to the table itself. The separator is the one of comma, semicolon and tab that
the first line has most of; quotes are as spreadsheets write them.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pixace.errors import ImageError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.source import Record

PATH, CAPTION, LABEL = "image_path", "caption", "label"


class Line(NamedTuple):
    """One picture: where it is, and what the table says of it."""

    image_path: str
    caption: str | None
    label: str | None


@dataclass(frozen=True)
class Table:
    """The pictures that a table lists, in its order."""

    path: Path
    lines: tuple[Line, ...]

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.path)

    def __len__(self) -> int:
        return len(self.lines)

    def record(self, i: int) -> Record:
        """Caption and label as in the table."""
        name, caption, label = self.lines[i]
        return Record(name or f"{self.path.name}[{i}]", group_of(name), caption, label)

    def read(self, i: int) -> Path:
        """The path of the file."""
        if not self.lines[i].image_path:
            raise ImageError(f"{self.path.name}[{i}]: the line has no {PATH}")
        return self.path.parent / self.lines[i].image_path

    def fingerprint(self) -> str:
        """Over all lines, and sizes and times of change of the pictures."""
        return fingerprint_of(
            self.path.parent, [line.image_path for line in self.lines], self.lines
        )


def open_table(path: Path) -> Table:
    """Reads a table.

    Raises:
      SourceError: it is no text, has no column `image_path` or no line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise SourceError(f"cannot read {path}: {why}; save it as text in UTF-8") from why
    first = text.partition("\n")[0]
    separator = max(",\t;", key=first.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restkey="")
    columns = [column.strip() for column in rows.fieldnames or ()]
    rows.fieldnames = columns
    if PATH not in columns:
        found = ", ".join(columns) or "none"
        raise SourceError(f"{path} has no column {PATH}; columns found: {found}. Rename one")
    try:
        lines = tuple(_line(row) for row in rows)
    except csv.Error as why:
        raise SourceError(f"cannot read {path}, line {rows.line_num}: {why}") from why
    if not lines:
        raise SourceError(f"{path} lists no pictures; add a line below the names of the columns")
    return Table(path, lines)


def _line(row: dict[str, str | None]) -> Line:
    return Line((row[PATH] or "").strip(), row.get(CAPTION) or None, row.get(LABEL) or None)
