"""Recognises what kind of source the user has named."""

from pathlib import Path

from pixace.errors import SourceError
from pixace.names import unknown
from pixace.sources import builtin
from pixace.sources.arrays import open_arrays
from pixace.sources.folder import open_folder
from pixace.sources.source import Source

BUILTIN = {"digits": builtin.open_digits}


def open_source(spec: str | Path | Source, labels: bool = False) -> Source:
    if not isinstance(spec, str | Path):
        return spec
    if spec in BUILTIN:
        return BUILTIN[spec]()
    path = Path(spec).expanduser()
    if path.is_dir():
        return open_folder(path, labels)
    if path.suffix.lower() in (".npy", ".npz"):
        return open_arrays(path)
    raise SourceError(unknown("source", str(spec), BUILTIN))
