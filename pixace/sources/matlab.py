"""A `.mat` file of pictures, as SVHN's `train_32x32.mat`: (height, width, channels, N), labels `y`.

SVHN's label 10 is the digit 0.
"""

import functools
import re
from pathlib import Path

import numpy as np

from pixace.errors import SourceError
from pixace.sources import matlab_file
from pixace.sources.arrays import ArrayPictures, ArrayRows, as_labels, open_rows
from pixace.sources.folder import fingerprint_of
from pixace.sources.matlab_file import UnreadVersionError
from pixace.sources.shapes import CHANNELS
from pixace.storage.strangers import explained, opened

SVHN = re.compile(r"(train|test|extra)_32x32\.mat")
HDF5 = "as MATLAB 7.3 writes it (HDF5)"


def open_matlab(path: Path) -> ArrayRows:
    """Opens a file.

    Raises:
      SourceError: it is broken, of another version, or holds no array of pictures, or several.
    """
    stamp = fingerprint_of(path.parent, [path.name])
    return open_rows(str(path), functools.partial(_load, path, stamp), stamp)


@functools.lru_cache(maxsize=2)
def _load(path: Path, _stamp: str) -> ArrayPictures:
    with explained(SourceError, path), opened(path) as file:
        try:
            found = list(matlab_file.arrays(file))
        except UnreadVersionError as why:
            raise SourceError(
                f"{path} is {HDF5}, which pixace does not read; save it again with -v7, or as .npy"
            ) from why
    arrays = {each.name: each.numbers for each in found if each.numbers is not None}
    pictures = [name for name, each in arrays.items() if _are_pictures(each)]
    if len(pictures) != 1:
        listed = ", ".join(f"{each.name} {each.shape}" for each in found) or "nothing"
        raise SourceError(
            f"{path} holds {listed}; pixace reads one array of uint8 (H, W, 3, N); save the "
            "pictures as .npy"
        )
    images = np.ascontiguousarray(np.moveaxis(arrays[pictures[0]], 3, 0))
    given = arrays.get("y", np.empty(0))
    labels = as_labels(given.reshape(-1) if 1 in given.shape else given)  # rows or columns
    if SVHN.fullmatch(path.name):
        labels = tuple("0" if label == "10" else label for label in labels)
    return ArrayPictures(images, labels if len(labels) == len(images) else None)


def _are_pictures(array: np.ndarray) -> bool:
    return array.ndim == 4 and array.shape[2] in CHANNELS and array.dtype == np.uint8
