"""A `.mat` file of pictures, as SVHN's `train_32x32.mat`: (height, width, channels, N), labels `y`.

SVHN's label 10 is the digit 0.
"""

import functools
import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pixace.errors import SourceError
from pixace.sources.arrays import ArrayPictures, ArrayRows, as_labels, open_rows
from pixace.sources.folder import fingerprint_of
from pixace.sources.shapes import CHANNELS
from pixace.storage.strangers import TIGHTEST, explained, opened, refuse_bomb

SVHN = re.compile(r"(train|test|extra)_32x32\.mat")
# Of MATLAB's level 5 files: where the order of bytes stands, and elements with their tags.
ORDER, TAG = 126, 8
ARRAY, PACKED = 14, 15
LOOKED = 1 << 16  # bytes of a packed element that are looked at
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
    from scipy import io as scipy_io

    with explained(SourceError, path), opened(path) as file:
        _refuse_claims(file)
        try:
            found = scipy_io.loadmat(file)
        except NotImplementedError as why:
            raise SourceError(
                f"{path} is {HDF5}, which pixace does not read; save it again with -v7, or as .npy"
            ) from why
    arrays = {name: each for name, each in found.items() if isinstance(each, np.ndarray)}
    pictures = [name for name, each in arrays.items() if _are_pictures(each)]
    if len(pictures) != 1:
        listed = ", ".join(f"{name} {each.shape}" for name, each in arrays.items()) or "nothing"
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


def _refuse_claims(file: BinaryIO) -> None:
    """Looks at what packed arrays claim, as scipy makes room for it before it unpacks them.

    Raises:
      ValueError: they claim more than there can be in so few bytes.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(ORDER)
    number = "<II" if file.read(2) == b"IM" else ">II"
    while len(tag := file.read(TAG)) == TAG:
        kind, length = struct.unpack(number, tag)
        there, place = min(length, end - file.tell()), file.tell()
        if kind == PACKED:
            head = zlib.decompressobj().decompress(file.read(min(there, LOOKED)), LOOKED)
            for claimed in _claims(head, number):
                refuse_bomb(there, claimed)
                if claimed > TIGHTEST * there:
                    raise ValueError(f"it claims {claimed:,} bytes in {there:,} packed ones")
        file.seek(place + there)
    file.seek(0)


def _claims(head: bytes, number: str) -> Iterator[int]:
    """How long the elements of an array claim to be, and those of an array within."""
    place = 0
    while place + TAG <= len(head):
        kind, length = struct.unpack_from(number, head, place)
        if kind >> 16:  # its bytes stand in its tag
            length = 0
        yield length
        place += TAG if kind == ARRAY else TAG + -(-length // TAG) * TAG


def _are_pictures(array: np.ndarray) -> bool:
    return array.ndim == 4 and array.shape[2] in CHANNELS and array.dtype == np.uint8
