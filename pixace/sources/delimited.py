"""Rows of CSV and its kin: fields between commas, semicolons, tabs or bars, quoted where need be.

A row that does not fit is refused with its line. To guess what was meant is to lose captions, or
to give pictures those of others.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pixace.errors import SourceError

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAID = re.compile(r'"?sep=([,\t;|])"?[ ,;\t|]*\n', re.IGNORECASE)  # a first line of Excel's
UNCLOSED = "a quote is opened and not closed"
INSIDE = 'a quote stands inside a field; write it twice, and quotes around the field: "a ""b"" c"'


class TableRow(NamedTuple):
    """One row, and the number of its first line, from 1."""

    line: int
    cells: Sequence[object]


class TableRows(NamedTuple):
    """The names of the columns, and the rows below."""

    columns: list[str]
    rows: Iterator[TableRow]


def read(text: str, fits: Callable[[list[str]], bool]) -> TableRows:
    """Reads a table whose first line names the columns.

    Args:
      text: the table, with line ends of any kind.
      fits: whether these columns are what is looked for; tells separators apart.

    Raises:
      SourceError: there is a row, as soon as it is asked for, that does not fit; names the line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    said = SAID.match(text)
    start = 2 if said else 1
    text = text[said.end() :] if said else text
    likely = [said[1]] if said else _likely(text)
    separator = next((each for each in likely if fits(_header(text, each))), likely[0])
    rows = _rows(text, separator, start)
    columns = _names(next(rows, TableRow(start, [])))
    return TableRows(columns, _fitting(rows, columns, separator))


def begins(text: str, fits: Callable[[list[str]], bool]) -> bool:
    """Whether a text begins with the names of such columns."""
    first = re.split(r"[\r\n]", SAID.sub("", text.replace("\r\n", "\n").lstrip()))[0]
    return any(fits(_header(first, separator)) for separator in _likely(first))


def _likely(text: str) -> list[str]:
    """The separators in the first line, the most frequent first."""
    first = text.lstrip("\n").partition("\n")[0]
    found = sorted(filter(first.count, SEPARATORS), key=first.count, reverse=True)
    return found or [","]


def _header(text: str, separator: str) -> list[str]:
    """The names of the columns, if this is the separator."""
    try:
        return _names(next(_rows(text, separator, 1), TableRow(1, [])))
    except SourceError:
        return []


def _names(row: TableRow) -> list[str]:
    return [str(cell).strip() for cell in row.cells]


def _rows(text: str, separator: str, start: int) -> Iterator[TableRow]:
    """All rows but blank lines, however many fields they have."""
    taken: list[str] = []  # the lines of a row

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline="\n"):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        line = start + reader.line_num
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as why:
            raise SourceError(f"line {line}: {_said(why)}") from why
        if any('"' in cell for cell in cells) and _has_stray_quote("".join(taken), separator):
            raise SourceError(f"line {line}: {INSIDE}")
        if cells:
            yield TableRow(line, cells)


def _said(why: csv.Error) -> str:
    """The trouble with a row."""
    if "unexpected end" in str(why):
        return UNCLOSED
    if "expected after" in str(why):
        return INSIDE
    return f"{why}; perhaps {UNCLOSED}"


def _has_stray_quote(row: str, separator: str) -> bool:
    """Whether a field that does not begin with a quote has one; between tabs that is usual."""
    if separator == "\t":
        return False
    part = re.escape(separator)
    return '"' in re.sub(rf'(^|{part}) *"(?:[^"]|"")*"(?={part}|\n?$)', r"\1", row)


def _fitting(rows: Iterator[TableRow], columns: list[str], separator: str) -> Iterator[TableRow]:
    """The rows that have something in them, and a field for each named column or the first alone.

    Of two fields for three columns nobody knows which one is missing.
    """
    named = max((i + 1 for i, column in enumerate(columns) if column), default=0)
    for row in rows:
        count = len(row.cells)
        if not any(map(str.strip, map(str, row.cells))):
            continue
        if 1 < count < named or any(row.cells[len(columns) :]):
            raise SourceError(
                f"line {row.line} has {count} field{'s' * (count != 1)} for {named} columns; put "
                f"quotes around a field that has a {SEPARATORS[separator]} in it"
            )
        yield TableRow(row.line, [*row.cells, *[""] * (len(columns) - count)])
