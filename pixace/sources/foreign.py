"""Kinds of data sets that are not read: what they are, and what to do."""

from pathlib import Path

UNPACK = "write its pictures into a folder, a tar or Parquet, and name that"
KINDS = {
    ".mdb": "LMDB (as LSUN's)",
    ".lmdb": "LMDB (as LSUN's)",
    ".h5": "HDF5",
    ".hdf5": "HDF5",
    ".tfrecord": "TFRecord",
    ".tfrecords": "TFRecord",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".beton": "FFCV's",
    ".rec": "MXNet's RecordIO",
    ".pt": "PyTorch's",
    ".pth": "PyTorch's",
    ".pkl": "a pickle",
    ".pickle": "a pickle",
}
LMDB = "data.mdb"


def foreign(path: Path) -> str | None:
    """What a file or folder is and what to do, if it is of a known kind that is not read."""
    if path.is_dir():
        path = path / LMDB
        if not path.is_file():
            return None
    kind = KINDS.get(path.suffix.lower())
    if kind is None and path.is_file() and "tfrecord" in path.name.lower():
        kind = KINDS[".tfrecord"]
    return f"{kind}, which pixace does not read; {UNPACK}" if kind else None
