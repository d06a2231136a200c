"""Pictures that are the rows of one array: `.npy` and `.npz` files, and what else loads as one.

A `.npy` file is read through a memory map; of floats it is looked through once, for their range.
Which shapes are pictures stands in `shapes.py`, and what numbers mean in `scale.py`. Objects are
never unpickled: a file could run programs that way.
"""

import functools
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixace.errors import ImageError, SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.own import names_tokenizer
from pixace.sources.scale import Extent, Scale, eight_bit, extent, scale_of
from pixace.sources.shapes import as_pictures
from pixace.sources.source import Record
from pixace.storage import numpy_files, strangers
from pixace.storage.numpy_files import OBJECTS, Arrays

IMAGES = ("images", "x", "x_train", "train_images", "data", "arr_0")  # in .npz files, best first
LABELS = ("labels", "label", "y", "targets", "target")

HEADER = "header.json"  # of token sets
BESIDE = (("images", "labels"), ("imgs", "labels"), ("x", "y"), ("X", "y"))  # names of files


class ArrayPictures(NamedTuple):
    """An array of pictures, and the label of each where there are any."""

    images: np.ndarray
    labels: tuple[str, ...] | None
    said: str = ""  # how the array was read, where that is not plain to see


@dataclass(frozen=True)
class ArrayRows:
    """The rows of an array.

    Attributes:
      spec: what the user named.
      load: gives the array; called in each process anew, so it should remember.
      count: the number of rows.
      stamp: changes when the array does.
      scale: of floats, which of them are black and white.
      notes: how the array was read, where that is not plain to see.
    """

    spec: str
    load: Callable[[], ArrayPictures]
    count: int
    stamp: str
    scale: Scale | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.count

    def record(self, i: int) -> Record:
        """Name: `FILE[i]`."""
        labels = self.load().labels
        name = f"{os.path.basename(self.spec)}[{i}]"  # noqa: PTH119  the spec may be no path
        return Record(name, name, label=labels[i] if labels else None)

    def read(self, i: int) -> np.ndarray:
        """Row i, uint8."""
        try:
            return eight_bit(self.load().images[i], self.scale)
        except ValueError as why:
            raise ImageError(f"{self.record(i).name}: {why}") from why

    def fingerprint(self) -> str:
        """The stamp."""
        return self.stamp


def open_rows(spec: str, load: Callable[[], ArrayPictures], stamp: str) -> ArrayRows:
    """Loads an array once, to see that it holds pictures; of floats, its scale is still to come.

    Raises:
      SourceError: it holds none, or other than one label each.
    """
    images, labels, said = load()
    if not images.size:  # none, or as many as one likes of no pixels
        raise SourceError(f"{spec} holds no pictures; name another file")
    if labels is not None and len(labels) != len(images):
        raise SourceError(f"{spec} holds {len(images)} pictures but {len(labels)} labels")
    return ArrayRows(spec, load, len(images), stamp, notes=(said,) if said else ())


def open_arrays(path: Path, array: str | None = None) -> ArrayRows:
    """Opens a `.npy` or `.npz` file.

    Args:
      path: the file.
      array: the name of the array in a `.npz` file; None takes the one that looks like pictures.

    Raises:
      SourceError: it is broken, no array in it can be pictures, or its floats may mean one thing
        or another.
    """
    rows = open_unscaled(path, array)
    return replace(rows, scale=scale_of(extent_of(rows), rows.spec))


def open_unscaled(path: Path, array: str | None = None) -> ArrayRows:
    """The same, for one file of several whose numbers have one scale."""
    if is_token_set(path.parent):
        raise SourceError(
            f"{path} holds tokens and no pictures; train on them with: pixace train {path.parent}"
        )
    spec = f"{path}#{array}" if array else str(path)
    beside = label_file(path)
    stamp = fingerprint_of(path.parent, [each.name for each in (path, beside) if each], array)
    return open_rows(spec, functools.partial(_load, path, array, beside, stamp), stamp)


def is_token_set(folder: Path) -> bool:
    """Whether a folder is one of pixace's own, with tokens in arrays."""
    return names_tokenizer(folder / HEADER)


def label_file(path: Path) -> Path | None:
    """The file of labels beside one of pictures, as `k49-train-labels.npz` or `y_train.npy`."""
    for pictures, labels in BESIDE:
        name = re.sub(rf"(?<![a-z]){pictures}(?![a-z])", labels, path.name, flags=re.IGNORECASE)
        if name != path.name and (beside := path.with_name(name)).is_file():
            return beside
    return None


def extent_of(rows: ArrayRows) -> Extent | None:
    """The extent of an array's floats; a process looks through the same ones once."""
    if rows.stamp not in _extents:
        _extents[rows.stamp] = extent(rows.load().images)
    return _extents[rows.stamp]


_extents: dict[str, Extent | None] = {}  # by stamp


@functools.lru_cache(maxsize=4)
def _load(path: Path, array: str | None, beside: Path | None, _stamp: str) -> ArrayPictures:
    labels, name = None, str(path)
    with _opened(path) as loaded:
        if isinstance(loaded, np.ndarray):
            found = loaded
        else:
            chosen = _named(loaded, path, array)
            name, found = f"{path}#{chosen}", loaded[chosen]
            labels = _labels(loaded, chosen, _counts(found))
    if labels is None and beside is not None:
        labels = _labels_beside(beside, _counts(found))
    shaped = as_pictures(found, name, len(labels) if labels else None)
    return ArrayPictures(shaped.images, labels, shaped.said)


@contextmanager
def _opened(path: Path) -> Iterator[np.ndarray | Arrays]:
    """A memory map, or the arrays of a `.npz` file by name.

    Raises:
      SourceError: it is broken, also where that shows later.
    """
    try:
        with numpy_files.opened(path) as loaded:
            yield loaded
    except (OSError, ValueError) as why:
        reason = strangers.said(why)
        reason = reason if reason == OBJECTS else f"it is broken ({reason})"
        raise SourceError(f"cannot read {path}: {reason}") from why


def _counts(array: np.ndarray) -> tuple[int, ...]:
    """How many pictures an array may hold: they are its first axis, or its fourth."""
    return array.shape[:1] + array.shape[3:4]


def _labels_beside(path: Path, counts: Collection[int]) -> tuple[str, ...] | None:
    """The labels in a file of their own, if it holds nothing else and one for each picture."""
    with _opened(path) as loaded:
        if isinstance(loaded, np.ndarray):
            return _fitting(loaded, counts)
        return _fitting(loaded[loaded.files[0]], counts) if len(loaded.files) == 1 else None


def _named(loaded: Arrays, path: Path, array: str | None) -> str:
    if array is not None:
        if array not in loaded.files:
            raise SourceError(f"{path} has no array '{array}'; known: {', '.join(loaded.files)}")
        return array
    lower = {name.lower(): name for name in reversed(loaded.files)}
    for name in IMAGES:
        if name in lower:
            return lower[name]
    if len(loaded.files) == 1:
        return loaded.files[0]
    raise SourceError(
        f"{path} holds {', '.join(loaded.files) or 'nothing'}; name the pictures, such as "
        f"{path}#{(loaded.files or ['images'])[0]}"
    )


def _labels(loaded: Arrays, images: str, counts: Collection[int]) -> tuple[str, ...] | None:
    """Labels that belong to an array: `y_test` to `x_test`, `train_labels` to `train_images`.

    Args:
      loaded: the file.
      images: the array's name.
      counts: how many pictures it may hold.
    """
    lower = {name.lower(): name for name in reversed(loaded.files)}
    own = images.lower()
    for partner in (own.replace("x", "y", 1), own.replace("images", "labels"), *LABELS):
        name = lower.get(partner, images)
        if name != images and (labels := _fitting(loaded[name], counts)):
            return labels
    return None


def _fitting(array: np.ndarray, counts: Collection[int]) -> tuple[str, ...] | None:
    """The labels that an array holds, if there are as many as pictures."""
    labels = as_labels(array) if set(array.shape) & set(counts) else ()
    return labels if labels and len(labels) in counts else None


def as_labels(array: np.ndarray) -> tuple[str, ...]:
    """The labels that an array holds: words, numbers, or rows with a one in the label's place."""
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "biuf":
        one_hot = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
        return tuple(map(str, array.argmax(axis=1).tolist())) if one_hot else ()
    if array.ndim not in (1, 2):
        return ()
    if array.dtype.kind == "f" and (array == np.rint(array)).all():
        array = array.astype(np.int64)
    return tuple(str(label) for label in array.reshape(-1).tolist())
