"""A Parquet file with a column of encoded pictures, as Hugging Face's data sets are stored.

The column holds the bytes of picture files, by themselves or as `{bytes, path}`. Labels are a
column of words, or of numbers whose names stand in the file's metadata (ClassLabel); captions are a
column of text. `FILE.parquet#COLUMN` names one column of pictures of several.

Rows are read a row group at a time, as they are stored; nothing but a row group is kept.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pixace.errors import ImageError, MissingError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.source import Record
from pixace.storage import records

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SUFFIX = ".parquet"
IMAGES = ("image", "img", "picture", "photo", "jpg", "png")  # names of columns, best first
LABELS = ("label", "labels", "class", "class_name", "category", "target", "fine_label", "y")
CAPTIONS = ("caption", "captions", "text", "description", "prompt", "title")
# What pyarrow raises of damaged files, under names of its own.
BROKEN = (OSError, ValueError, ArithmeticError, NotImplementedError, LookupError, MemoryError)


class Columns(NamedTuple):
    """Which columns are what, and the names of the classes."""

    image: str
    label: str | None
    caption: str | None
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Parquet:
    """The rows of a file.

    Attributes:
      spec: what the user named.
      path: the file.
      columns: which of them are read.
      starts: the number of the first row of each row group, and behind them the number of rows.
      stamp: changes when the file does.
    """

    spec: str
    path: Path
    columns: Columns
    starts: tuple[int, ...]
    stamp: str

    def __len__(self) -> int:
        return self.starts[-1]

    def record(self, i: int) -> Record:
        """Label and caption as the columns have them."""
        name = group = f"{self.path.name}[{i}]"
        texts = _texts(self.path, self.columns, self.stamp, os.getpid())
        if texts.paths is not None and (path := texts.paths[i].as_py()):
            group = emoji if (emoji := group_of(path)) != path else name
        label = None if texts.labels is None else texts.labels[i].as_py()
        caption = None if texts.captions is None else texts.captions[i].as_py()
        return Record(name, group, _caption(caption), _label(label, self.columns.classes))

    def read(self, i: int) -> bytes:
        """The bytes of the picture as stored."""
        group = int(np.searchsorted(self.starts, i, "right")) - 1
        place = (self.path, self.columns.image, self.stamp, os.getpid())
        with _explained(self.path, ImageError):
            found = _pictures(*place, group)[i - self.starts[group]].as_py()
        raw = found.get("bytes") if isinstance(found, dict) else found
        if not raw:
            raise ImageError(f"{self.path.name}[{i}]: there are no bytes in its row")
        return raw

    def fingerprint(self) -> str:
        """Over the size and time of change of the file."""
        return self.stamp


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does, whatever its name."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def open_parquet(path: Path, column: str | None = None) -> Parquet:
    """Opens a file.

    Args:
      path: the file.
      column: the pictures; None takes the one column that can be pictures.

    Raises:
      MissingError: pyarrow is not installed.
      SourceError: it is broken, or has no column of pictures, or several.
    """
    stamp = fingerprint_of(path.parent, [path.name], column)
    with _explained(path, SourceError):
        file = _opened(path, stamp, os.getpid())
        columns = _columns(path, file.schema_arrow, column)
        sizes = [file.metadata.row_group(g).num_rows for g in range(file.metadata.num_row_groups)]
    if not sum(sizes):
        raise SourceError(f"{path} holds no pictures; name another file")
    starts = (0, *np.cumsum(sizes).tolist())
    return Parquet(f"{path}#{column}" if column else str(path), path, columns, starts, stamp)


@contextmanager
def _explained(path: Path, kind: type[SourceError | ImageError]) -> Iterator[None]:
    """Turns what pyarrow raises into one line."""
    try:
        yield
    except ImportError as why:
        raise MissingError(
            f"{path} is Parquet, which needs pyarrow; install it with: "
            'pip install "pixace[parquet]"'
        ) from why
    except (
        OSError,
        ValueError,
        ArithmeticError,
        NotImplementedError,
        KeyError,
        MemoryError,
    ) as why:
        first = next(iter(str(why).splitlines()), "") or type(why).__name__
        raise kind(f"cannot read {path}: {first}; get it again") from why


@functools.lru_cache(maxsize=8)
def _opened(path: Path, _stamp: str, _process: int) -> "pq.ParquetFile":
    """An open file; each process has its own."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(path)


@functools.lru_cache(maxsize=1)
def _pictures(path: Path, column: str, stamp: str, process: int, group: int) -> "pa.ChunkedArray":
    return _opened(path, stamp, process).read_row_group(group, columns=[column]).column(0)


class Texts(NamedTuple):
    """What is small in a file, of all rows."""

    paths: "pa.ChunkedArray | None"
    labels: "pa.ChunkedArray | None"
    captions: "pa.ChunkedArray | None"


@functools.lru_cache(maxsize=8)
def _texts(path: Path, columns: Columns, stamp: str, process: int) -> Texts:
    import pyarrow as pa

    with _explained(path, SourceError):
        file = _opened(path, stamp, process)
        is_struct = pa.types.is_struct(file.schema_arrow.field(columns.image).type)
        names = [f"{columns.image}.path"] if is_struct else []
        small = [each for each in (columns.label, columns.caption) if each]
        table = file.read(columns=[*names, *small])

    def column(name: str | None) -> "pa.ChunkedArray | None":
        return table.column(name).combine_chunks() if name in table.column_names else None

    paths = column(columns.image)
    if paths is not None:
        paths = paths.field("path")
    return Texts(paths, column(columns.label), column(columns.caption))


def _columns(path: Path, schema: "pa.Schema", wanted: str | None) -> Columns:
    """Which columns are pictures, labels and captions.

    Raises:
      SourceError: none is pictures, or several and none of a usual name.
    """
    known = [field.name for field in schema if _may_be_pictures(field.type)]
    listed = ", ".join(schema.names)
    if wanted is not None and wanted not in known:
        raise SourceError(f"{path} has no column of pictures '{wanted}'; its columns: {listed}")
    usual = [name for name in IMAGES if name in known]
    image = wanted or next(iter(usual), None) or (known[0] if len(known) == 1 else None)
    if image is None and known:
        raise SourceError(
            f"{path} has several columns of pictures: {', '.join(known)}; name one, such as "
            f"{path}#{known[0]}"
        )
    if image is None:
        raise SourceError(f"{path} has no column of encoded pictures; its columns: {listed}")
    features = _features(schema)
    classed = [name for name in schema.names if "names" in features.get(name, ())]
    label = next((name for name in (*LABELS, *classed) if _is_label(schema, name)), None)
    caption = next((name for name in CAPTIONS if _is_text(schema, name)), None)
    names = features.get(label or "", {}).get("names") or ()
    return Columns(image, label, caption, tuple(map(str, names)))


def _may_be_pictures(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        found = kind.get_field_index("bytes")
        return found >= 0 and _may_be_pictures(kind.field(found).type)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_label(schema: "pa.Schema", name: str) -> bool:
    import pyarrow as pa

    if name not in schema.names:
        return False
    kind = schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_integer(kind) or _is_words(kind)


def _is_text(schema: "pa.Schema", name: str) -> bool:
    if name not in schema.names:
        return False
    kind = schema.field(name).type
    return _is_words(getattr(kind, "value_type", kind))


def _is_words(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _features(schema: "pa.Schema") -> dict[str, Any]:
    """What Hugging Face's library has written about the columns, by their names."""
    raw = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        found = records.parsed(raw)["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    found = found if isinstance(found, dict) else {}
    return {name: each for name, each in found.items() if isinstance(each, dict)}


def _label(value: Any, classes: tuple[str, ...]) -> str | None:
    """The label of a row; -1 stands for none, as where test pictures are not labelled."""
    if isinstance(value, int):
        if classes and 0 <= value < len(classes):
            return classes[value]
        return str(value) if value >= 0 else None
    return value or None


def _caption(value: Any) -> str | None:
    """One caption a line, each with its blanks as single ones."""
    texts = value if isinstance(value, list) else [value]
    lines = (" ".join(text.split()) for text in texts if text)
    return "\n".join(filter(None, lines)) or None
