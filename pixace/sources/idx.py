"""MNIST's own format: `train-images-idx3-ubyte`, plain or `.gz`, with labels in a sibling file.

A folder that holds such files stands for its training pictures; the test pictures are the source
`FOLDER/t10k-images-idx3-ubyte.gz`.

Format: two zero bytes, 8 for uint8, the number of dimensions, each dimension as a big-endian
32-bit number, then the values (LeCun, Cortes, Burges, "The MNIST database").
"""

import functools
import gzip
import zlib
from pathlib import Path

import numpy as np

from pixace.errors import SourceError
from pixace.sources.arrays import Pictures, Rows, open_rows
from pixace.sources.folder import fingerprint_of

LIMIT = 4 * 2**30  # bytes of one file, unpacked; Fashion-MNIST has 47 MB


def is_idx(path: Path) -> bool:
    """Whether a file begins as idx pictures do, whatever its name."""
    try:
        return _read(path, 4)[:4] == b"\0\0\x08\x03"
    except (OSError, EOFError, zlib.error):
        return False


def training_images(folder: Path) -> Path | None:
    """The training pictures among the idx files of a folder, if there are any."""
    found = sorted(folder.glob("*images-idx3-ubyte*"))
    return next((path for path in found if path.name.startswith("train")), next(iter(found), None))


def open_idx(path: Path, spec: str | None = None) -> Rows:
    """Reads a file of pictures, and their labels where the sibling file is there.

    Raises:
      SourceError: one of them is broken, or they do not fit together.
    """
    siblings = (path.with_name(name) for name in _label_names(path.name))
    labels = next((sibling for sibling in siblings if sibling.is_file()), None)
    stamp = fingerprint_of(path.parent, [file.name for file in (path, labels) if file])
    return open_rows(spec or str(path), functools.partial(_load, path, labels, stamp), stamp)


def _label_names(name: str) -> list[str]:
    """The names that the labels of a file of pictures may have; none if its name says nothing."""
    label = name.replace("images", "labels").replace("idx3", "idx1")
    return [] if label == name else [label, label.removesuffix(".gz"), f"{label}.gz"]


@functools.lru_cache(maxsize=4)
def _load(path: Path, labels: Path | None, _stamp: str) -> Pictures:
    images = _array(path, 3)
    return Pictures(images, tuple(map(str, _array(labels, 1).tolist())) if labels else None)


def _array(path: Path, dimensions: int) -> np.ndarray:
    start = 4 + 4 * dimensions
    try:
        head = _read(path, start)
        if len(head) < start or head[:4] != bytes((0, 0, 8, dimensions)):
            raise SourceError(f"{path} is no idx file of {dimensions} dimensions; get it again")
        shape = np.frombuffer(head, ">u4", dimensions, offset=4).astype(int).tolist()
        claimed = start + int(np.prod(shape, dtype=object))
        if claimed > LIMIT:
            raise SourceError(f"{path} claims {claimed:,} bytes, more than the limit of {LIMIT:,}")
        data = _read(path, claimed)
    except (OSError, EOFError, zlib.error) as why:
        raise SourceError(f"cannot read {path}: {why}; get it again") from why
    if len(data) < claimed:
        raise SourceError(
            f"{path} is truncated: {len(data):,} of the {claimed:,} bytes that {shape[0]:,} "
            "entries need; get it again"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _read(path: Path, count: int) -> bytes:
    """The first bytes of a file, unpacked if need be."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        return file.read(count)
