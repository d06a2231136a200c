"""CIFAR-10 and CIFAR-100 as they are given out: batches in Python's pickles, or in plain bytes.

A folder of batches, a tar of such a folder, or one batch. Labels have the names that stand beside
the batches; `test_batch` and `test` are the test pictures, all others are for training. Pickles are
read as mere data, see `storage.safe_pickle`.

Format: a picture is 1,024 bytes of red, 1,024 of green, 1,024 of blue, row by row; in the binary
version one byte (CIFAR-10) or two (CIFAR-100: coarse, fine) with its label stand in front
(Krizhevsky, "The CIFAR-10 dataset", www.cs.toronto.edu/~kriz/cifar.html).
"""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from pixace.errors import ImageError, RunError, SourceError
from pixace.sources import tars
from pixace.sources.folder import fingerprint_of
from pixace.sources.joined import Joined
from pixace.sources.source import Record
from pixace.storage import safe_pickle
from pixace.storage.strangers import content, explained, opened

TEN = re.compile(r"(data_batch_\d+|test_batch)(\.bin)?")
HUNDRED = re.compile(r"(train|test)(\.bin)?")  # if one of these lies beside it:
HUNDRED_NAMES = ("meta", "fine_label_names.txt")
NAMES = ("batches.meta", "batches.meta.txt", *HUNDRED_NAMES)
FIELDS = ("labels", "fine_labels")  # of pickles
NAMING = ("label_names", "fine_label_names")
SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
CLASSES = 1 << 16  # more than there are
MAX_BYTES = 256 << 20  # bytes of one file
GLANCE = 4  # members of a tar that are looked at to see whether it is one of these
FOLDER = "cifar-10"  # begins the name of the folder in all four tars


@dataclass(frozen=True)
class Batch:
    """The pictures of one file.

    Attributes:
      root: the folder or tar that holds it.
      name: its path from there.
      labels: of all pictures.
      split: `train` or `test`.
      stamp: changes when the file does.
    """

    root: Path
    name: str
    labels: tuple[str, ...]
    split: str
    stamp: str

    @property
    def spec(self) -> str:
        """The path of the file."""
        return str(self.root / self.name)

    def __len__(self) -> int:
        return len(self.labels)

    def record(self, i: int) -> Record:
        """Label and split; the name is `BATCH[i]`."""
        name = f"{PurePosixPath(self.name).name}[{i}]"
        return Record(name, name, label=self.labels[i], split=self.split)

    def read(self, i: int) -> np.ndarray:
        """Picture i, uint8 (32, 32, 3)."""
        try:
            with explained(SourceError, self.spec):
                return np.moveaxis(_pictures(self.root, self.name, self.stamp)[i], 0, 2)
        except SourceError as why:
            raise ImageError(f"{self.record(i).name}: {why}") from why

    def fingerprint(self) -> str:
        """Over size and time of change of the file."""
        return self.stamp


def is_cifar(path: Path) -> bool:
    """Whether a file is a batch, or a tar of a folder of batches."""
    if TEN.fullmatch(path.name) or HUNDRED.fullmatch(path.name):
        return path.name in batches_in(entry.name for entry in path.parent.iterdir())
    try:
        with tars.opened(path) as tar:
            glance = takewhile(lambda member: member.size <= MAX_BYTES, islice(tar, GLANCE))
            return any(FOLDER in member.name for member in glance) and bool(
                batches_in(member.name for member in tar)
            )
    except Exception:  # no tar; or who reads archives will say what is wrong
        return False


def batches_alone(names: Sequence[str], pictures: Collection[str]) -> list[str]:
    """The batches among the files below a folder, unless there are pictures too.

    Args:
      names: paths of all files, relative and with slashes.
      pictures: those that may be pictures by their names, as batches of pickles may.

    Raises:
      SourceError: they are in several folders.
    """
    found = _batches_of(names)
    known = {name for batches in found.values() for name in batches}
    known |= {f"{folder}/{name}".lstrip("/") for folder in found for name in NAMES}
    if not found or not known.issuperset(pictures):
        return []
    if len(found) > 1:
        listed = ", ".join(folder or "." for folder in found)
        raise SourceError(f"there are batches of CIFAR in several folders; name one of: {listed}")
    return next(iter(found.values()))


def batches_in(names: Iterable[str]) -> list[str]:
    """The batches among files: those of the first folder that holds any, for training first."""
    return next(iter(_batches_of(names).values()), [])


def _batches_of(names: Iterable[str]) -> dict[str, list[str]]:
    """The batches in each folder that holds any, for training first."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    batches = {}
    for folder in sorted(folders):
        files = {name.rpartition("/")[2]: name for name in folders[folder]}
        kind = HUNDRED if any(name in files for name in HUNDRED_NAMES) else TEN
        found = [name for file, name in files.items() if kind.fullmatch(file)]
        if found:
            batches[folder] = sorted(found, key=lambda name: (_split(name) == "test", name))
    return batches


def open_cifar(path: Path, spec: str | None = None) -> Joined:
    """Opens a folder of batches, a tar of one, or a batch.

    Args:
      path: where it is.
      spec: what the user named; None means the path.

    Raises:
      SourceError: it is broken.
    """
    alone = path.is_file() and not tars.is_tar(path)
    root = path.parent if alone else path
    with explained(SourceError, path):
        batches = [path.name] if alone else batches_in(name for name, _ in _files(root, None))
        labels, classes = _labels(root, batches)
    named = {
        name: tuple(classes[i] if i < len(classes) else str(i) for i in numbers)
        for name, numbers in labels.items()
    }
    parts = tuple(
        Batch(root, name, named[name], _split(name), _stamp(root, name)) for name in batches
    )
    return Joined(spec or str(path), parts, ("",) * len(parts))


def _split(name: str) -> str:
    return "test" if "test" in name.rpartition("/")[2] else "train"


def _stamp(root: Path, name: str) -> str:
    """Of a file, or of the tar that holds it."""
    path = root / name if root.is_dir() else root
    return fingerprint_of(path.parent, [path.name], name)


def _labels(root: Path, batches: Sequence[str]) -> tuple[dict[str, list[int]], list[str]]:
    """The labels of all pictures, as numbers, and the names of the classes where they are there."""
    folder = batches[0][: -len(batches[0].rpartition("/")[2])]
    labels: dict[str, list[int]] = {}
    classes: list[str] = []
    for name, raw in _files(root, {*batches, *(folder + each for each in NAMES)}):
        if name in batches:
            labels[name] = _content(raw, root / name)[1]
            if not labels[name]:
                raise SourceError(f"{root / name} holds no pictures; get it again")
        elif name.endswith(".txt"):
            classes = raw.decode("utf-8", "replace").split()
        else:
            found = _fields(raw, root / name)
            names = next((found[field] for field in NAMING if field in found), ())
            classes = [str(safe_pickle.text(each)) for each in names]
    return labels, classes


def _files(root: Path, wanted: Collection[str] | None) -> Iterator[tuple[str, bytes]]:
    """Names and contents of files in a folder or a tar; no contents where all names are wanted.

    Raises:
      SourceError: one is too large.
    """
    if root.is_dir():
        for path in sorted(root.iterdir()):
            if path.is_file() and (wanted is None or path.name in wanted):
                with opened(path) as batch:
                    yield path.name, _read(batch, root / path.name) if wanted else b""
        return
    with tars.opened(root) as tar:
        for member in tar:
            if member.isreg() and (wanted is None or member.name in wanted):
                file = tar.extractfile(member)
                yield member.name, _read(file, root / member.name) if wanted and file else b""


def _read(file: IO[bytes], path: Path) -> bytes:
    raw = bytes(content(file, MAX_BYTES + 1))
    if len(raw) > MAX_BYTES:
        raise SourceError(f"{path} is larger than {MAX_BYTES:,} bytes, and no batch of CIFAR")
    return raw


@functools.lru_cache(maxsize=2)
def _pictures(root: Path, name: str, _stamp: str) -> np.ndarray:
    """All pictures of a batch, uint8 (N, 3, 32, 32)."""
    raw = next((raw for _, raw in _files(root, {name})), None)
    if raw is None:
        raise SourceError("its file is gone")
    return _content(raw, root / name)[0]


def _content(raw: bytes, path: Path) -> tuple[np.ndarray, list[int]]:
    """Pictures and labels of a batch.

    Raises:
      SourceError: it is broken.
    """
    if path.suffix == ".bin":
        head = 1 if TEN.fullmatch(path.name) else 2
        if len(raw) % (head + PIXELS):
            raise SourceError(f"{path} is cut short: {len(raw):,} bytes; get it again")
        rows = np.frombuffer(raw, np.uint8).reshape(-1, head + PIXELS)
        return rows[:, head:].reshape(-1, *SHAPE), rows[:, head - 1].tolist()
    found = _fields(raw, path)
    try:
        data = safe_pickle.array(found.get("data"))
        labels = _numbers(next(found[field] for field in FIELDS if field in found))
        if data.dtype != np.uint8 or data.shape != (len(labels), PIXELS):
            raise ValueError(f"{data.dtype} {data.shape} and {len(labels)} labels")
        if min(labels, default=0) < 0 or max(labels, default=0) >= CLASSES:
            raise ValueError(f"labels beyond 0 to {CLASSES:,}")
    except (ValueError, TypeError, StopIteration) as why:
        raise SourceError(f"{path} is no batch of CIFAR: {str(why) or 'no labels'}") from why
    return data.reshape(-1, *SHAPE), labels


def _numbers(labels: Any) -> list[int]:
    """Labels as numbers, from a list or an array of them.

    Raises:
      ValueError: they are something else.
    """
    if not isinstance(labels, list):
        labels = (
            safe_pickle.array(labels).astype(np.int64, casting="same_kind").reshape(-1).tolist()
        )
    if not all(isinstance(each, int | safe_pickle.Record) for each in labels):
        raise ValueError("its labels are no numbers")
    return [safe_pickle.whole_number(each) for each in labels]


def _fields(raw: bytes, path: Path) -> dict[str, Any]:
    """The dictionary that a pickle holds, with texts as its keys."""
    try:
        found = safe_pickle.parsed(raw, path, "batches of CIFAR", encoding="bytes")
    except RunError as why:
        raise SourceError(str(why)) from why
    if not isinstance(found, dict):
        raise SourceError(f"{path} is no batch of CIFAR: {type(found).__name__}, not a dictionary")
    return {str(safe_pickle.text(key)): value for key, value in found.items()}
