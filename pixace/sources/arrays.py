"""Pictures that are the rows of one array: `.npy` and `.npz` files, and what else loads as one.

A `.npy` file is read through a memory map. Arrays are (N, H, W) or (N, H, W, channels) with 1, 3
or 4 channels, uint8 or floats in 0..1; (N, channels, H, W), as PyTorch keeps them, is turned.
Objects are never unpickled: a file could run programs that way.
"""

import functools
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixace.errors import SourceError
from pixace.sources.folder import fingerprint_of
from pixace.sources.source import Record

IMAGES = ("images", "x", "x_train", "train_images", "data", "arr_0")  # in .npz files, best first
LABELS = ("labels", "label", "y", "targets", "target")


class Pictures(NamedTuple):
    """An array of pictures, and the label of each where there are any."""

    images: np.ndarray
    labels: tuple[str, ...] | None


@dataclass(frozen=True)
class Rows:
    """The rows of an array.

    Attributes:
      spec: what the user named.
      load: gives the array; called in each process anew, so it should remember.
      count: the number of rows.
      stamp: changes when the array does.
    """

    spec: str
    load: Callable[[], Pictures]
    count: int
    stamp: str

    def __len__(self) -> int:
        return self.count

    def record(self, i: int) -> Record:
        """Name: `FILE[i]`."""
        labels = self.load().labels
        name = f"{os.path.basename(self.spec)}[{i}]"  # noqa: PTH119  the spec may be no path
        return Record(name, name, label=labels[i] if labels else None)

    def read(self, i: int) -> np.ndarray:
        """Row i."""
        return self.load().images[i]

    def fingerprint(self) -> str:
        """The stamp."""
        return self.stamp


def open_rows(spec: str, load: Callable[[], Pictures], stamp: str) -> Rows:
    """Loads an array once, to see that it holds pictures.

    Raises:
      SourceError: it holds none, or other than one label each.
    """
    images, labels = load()
    if not len(images):
        raise SourceError(f"{spec} holds no pictures; name another file")
    if labels is not None and len(labels) != len(images):
        raise SourceError(f"{spec} holds {len(images)} pictures but {len(labels)} labels")
    return Rows(spec, load, len(images), stamp)


def open_arrays(path: Path, array: str | None = None) -> Rows:
    """Opens a `.npy` or `.npz` file.

    Args:
      path: the file.
      array: the name of the array in a `.npz` file; None takes the one that looks like pictures.

    Raises:
      SourceError: it is broken, or no array in it can be pictures.
    """
    spec = f"{path}#{array}" if array else str(path)
    stamp = fingerprint_of(path.parent, [path.name], array)
    return open_rows(spec, functools.partial(_load, path, array, stamp), stamp)


@functools.lru_cache(maxsize=4)
def _load(path: Path, array: str | None, _stamp: str) -> Pictures:
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":  # how zip files begin, and so .npz
                images = np.load(path, mmap_mode="r", allow_pickle=False)
                return Pictures(as_pictures(images, str(path)), None)
            file.seek(0)
            with np.load(file, allow_pickle=False) as loaded:
                name = _named(loaded, path, array)
                images = as_pictures(loaded[name], f"{path}#{name}")
                return Pictures(images, _labels(loaded, name, len(images)))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as why:
        reason = f"it is broken ({why})"
        if "pickle" in str(why) or "Python objects" in str(why):
            reason = "it holds Python objects; save numbers"
        raise SourceError(f"cannot read {path}: {reason}") from why


def as_pictures(images: np.ndarray, name: str) -> np.ndarray:
    """An array as rows of pictures, (N, H, W) or (N, H, W, channels).

    Raises:
      SourceError: it has another shape or type.
    """
    if images.ndim == 4 and images.shape[3] not in (1, 3, 4) and images.shape[1] in (1, 3, 4):
        images = np.moveaxis(images, 1, 3)
    right_shape = images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3, 4))
    if not right_shape or not (images.dtype == np.uint8 or images.dtype.kind == "f"):
        raise SourceError(
            f"{name} is {images.dtype} {images.shape}; pictures are (N, H, W) or (N, H, W, 3), "
            "uint8 or floats in 0..1"
        )
    return images


def _named(loaded: np.lib.npyio.NpzFile, path: Path, array: str | None) -> str:
    if array is not None:
        if array not in loaded.files:
            raise SourceError(f"{path} has no array '{array}'; known: {', '.join(loaded.files)}")
        return array
    for name in IMAGES:
        if name in loaded.files:
            return name
    if len(loaded.files) == 1:
        return loaded.files[0]
    raise SourceError(
        f"{path} holds {', '.join(loaded.files) or 'nothing'}; name the pictures, such as "
        f"{path}#{(loaded.files or ['images'])[0]}"
    )


def _labels(loaded: np.lib.npyio.NpzFile, images: str, count: int) -> tuple[str, ...] | None:
    """Labels that belong to an array: `y_test` to `x_test`, `train_labels` to `train_images`."""
    partners = (images.replace("x", "y", 1), images.replace("images", "labels"), *LABELS)
    for name in partners:
        if name != images and name in loaded.files and loaded[name].size == count:
            return tuple(str(label) for label in loaded[name].reshape(-1).tolist())
    return None
