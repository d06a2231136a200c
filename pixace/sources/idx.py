"""MNIST's own format: `train-images-idx3-ubyte`, plain or `.gz`, with labels in a sibling file.

A folder that holds such files stands for its training pictures, never for test pictures: these are
the source `FOLDER/t10k-images-idx3-ubyte.gz`. Names may have dots, as some programs unpack them,
and more in front, as EMNIST's and QMNIST's.

Format: two zero bytes, 8 for uint8 or 12 for int32, the number of dimensions, each dimension as a
big-endian 32-bit number, then the values (LeCun, Cortes, Burges, "The MNIST database").
"""

import functools
import gzip
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pixace.errors import SourceError
from pixace.sources.arrays import ArrayPictures, ArrayRows, open_rows
from pixace.sources.folder import fingerprint_of
from pixace.storage.strangers import content, explained, opened, refuse_bomb

IMAGES = re.compile(r".*images?[-._]idx3[-._]ubyte(\.gz)?", re.IGNORECASE)
NAMES = re.compile(r".*[-._]idx\d[-._](ubyte|int)(\.gz)?", re.IGNORECASE)
TRAIN = re.compile(r"(?<![a-z])train(ing)?(?![a-z])")
TEST = re.compile(r"(?<![a-z0-9])(test\w*|t10k|valid(ation)?|val|dev)(?![a-z0-9])")
BYTES, NUMBERS = 8, 12
TYPES = {BYTES: "u1", NUMBERS: ">i4"}
MAX_BYTES = 4 * 2**30  # bytes of one file, unpacked; Fashion-MNIST has 47 MB


def is_idx(path: Path) -> bool:
    """Whether a file begins as idx pictures do, whatever its name."""
    try:
        return _read(path, 4)[:4] == b"\0\0\x08\x03"
    except Exception:  # packed in no sound way
        return False


def is_idx_name(name: str) -> bool:
    """Whether a path ends in a name that files of this format have, be it pictures or labels."""
    return bool(NAMES.fullmatch(name.rpartition("/")[2]))


def _has_pictures(name: str) -> bool:
    return bool(IMAGES.fullmatch(name.rpartition("/")[2]))


def training_images(folder: Path, names: Iterable[str]) -> Path | None:
    """The training pictures among the files below a folder, if there are any of this format.

    Args:
      folder: the folder.
      names: paths of the files from there, with slashes.

    Raises:
      SourceError: they are test pictures, or several sets of training pictures.
    """
    found = sorted(filter(_has_pictures, names), key=lambda name: (name.count("/"), name))
    if not found:
        return None
    first: dict[str, str] = {}  # of each set: packed and unpacked, or here and further down
    for name in found:
        stem = name.rpartition("/")[2].lower().removesuffix(".gz").replace(".", "-")
        first.setdefault(stem, name)
    training = [name for stem, name in first.items() if TRAIN.search(stem)]
    chosen = training or [name for stem, name in first.items() if not TEST.search(stem)]
    if len(chosen) == 1:
        return folder / chosen[0]
    listed = ", ".join(str(folder / name) for name in chosen or first.values())
    if chosen:
        raise SourceError(f"{folder} holds several sets of pictures; name one of: {listed}")
    raise SourceError(
        f"{folder} holds test pictures and none to train on; name them if they are meant: {listed}"
    )


def open_idx(path: Path, spec: str | None = None) -> ArrayRows:
    """Reads a file of pictures, and their labels where the sibling file is there.

    Raises:
      SourceError: one of them is broken, or they do not fit together.
    """
    labels = next((path for path in _label_files(path) if path.is_file()), None)
    beside = os.path.relpath(labels, path.parent) if labels else None
    stamp = fingerprint_of(path.parent, [name for name in (path.name, beside) if name])
    return open_rows(spec or str(path), functools.partial(_load, path, labels, stamp), stamp)


def _label_files(path: Path) -> Iterator[Path]:
    """Where the labels of a file of pictures may be; nowhere if its name says nothing.

    Beside it; or each of them in a folder of its own name.
    """
    for name in _label_names(path.name):
        yield path.with_name(name)
    if path.parent.name == path.name.removesuffix(".gz"):
        for name in _label_names(path.name):
            yield path.parent.with_name(name.removesuffix(".gz")) / name


def _label_names(name: str) -> Iterator[str]:
    """The names that the labels of a file of pictures may have, the likeliest first."""
    stem = name.removesuffix(".gz")
    plain = stem.replace("images", "labels")
    ways = (("idx3", "idx1"), ("-idx3", ".idx1"), (".idx3", "-idx1"), ("idx3-ubyte", "idx2-int"))
    for label in dict.fromkeys(plain.replace(*way) for way in ways):
        if label != stem:
            yield from (label, f"{label}.gz") if stem == name else (f"{label}.gz", label)


@functools.lru_cache(maxsize=4)
def _load(path: Path, labels: Path | None, _stamp: str) -> ArrayPictures:
    images = _array(path, BYTES, 3)
    if labels is None:
        return ArrayPictures(images, None)
    if "idx2" in labels.name:  # QMNIST's, with more than the label in each row
        return ArrayPictures(images, _texts(_array(labels, NUMBERS, 2)[:, 0]))
    return ArrayPictures(images, _texts(_array(labels, BYTES, 1)))


def _texts(labels: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, labels.tolist()))


def _array(path: Path, kind: int, dimensions: int) -> np.ndarray:
    start, dtype = 4 + 4 * dimensions, np.dtype(TYPES[kind])
    with explained(SourceError, path):
        head = _read(path, start)
        if len(head) < start or head[:4] != bytes((0, 0, kind, dimensions)):
            raise SourceError(f"{path} is no idx file of {dimensions} dimensions; get it again")
        shape = np.frombuffer(head, ">u4", dimensions, offset=4).astype(int).tolist()
        claimed = start + dtype.itemsize * int(np.prod(shape, dtype=object))
        if claimed > MAX_BYTES:
            raise SourceError(
                f"{path} claims {claimed:,} bytes, more than the limit of {MAX_BYTES:,}"
            )
        refuse_bomb(path.stat().st_size, claimed)
        data = _read(path, claimed)
    if len(data) < claimed:
        raise SourceError(
            f"{path} is truncated: {len(data):,} of the {claimed:,} bytes that {shape[0]:,} "
            "entries need; get it again"
        )
    return np.frombuffer(data, dtype, offset=start).reshape(shape)


def _read(path: Path, count: int) -> bytearray:
    """The first bytes of a file, unpacked if need be."""
    with opened(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        return content(gzip.GzipFile(fileobj=file) if packed else file, count)
