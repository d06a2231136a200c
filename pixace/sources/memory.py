"""Pictures that a program has at hand: an array of them, or a list of files, arrays and others."""

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pixace.errors import ImageError, SourceError
from pixace.ranges import said
from pixace.sources.arrays import ArrayPictures, ArrayRows, extent_of, open_rows
from pixace.sources.folder import fingerprint_of
from pixace.sources.groups import group_of
from pixace.sources.naming import folder_label, readable
from pixace.sources.scale import Scale, common_scale, eight_bit, extent, scale_of
from pixace.sources.shapes import as_picture, as_pictures
from pixace.sources.sidecar import SUFFIXES, Caption, caption_in, spelled
from pixace.sources.source import Record

if TYPE_CHECKING:
    from PIL import Image as Pillow

    Item = Path | bytes | np.ndarray | Pillow.Image

TURN = 0x0112  # EXIF's number for which side is up


@dataclass(frozen=True, eq=False)
class Several:
    """A list of pictures.

    Attributes:
      items: paths, bytes of files, arrays (H, W) or (H, W, channels), and Pillow's images.
      labels: whether the folders that hold the files are their labels.
      scale: of floats, which of them are black and white: one for all arrays.
    """

    items: "tuple[Item, ...]"
    labels: bool = False
    scale: Scale | None = None

    @property
    def spec(self) -> str:
        """How many there are."""
        return f"list of {len(self.items)} pictures"

    def __len__(self) -> int:
        return len(self.items)

    def record(self, i: int) -> Record:
        """Of a file as in a folder; all others have a number and nothing else."""
        item = self.items[i]
        if not isinstance(item, Path):
            return Record(f"list[{i}]", f"list[{i}]")
        name = readable(str(item))
        label = folder_label(name) if self.labels else None
        caption, unread = _caption(item)
        return Record(name, group_of(name), caption, label, unread=unread)

    def read(self, i: int) -> "Item":
        """The item as it was given; of an array, the picture in uint8."""
        item = self.items[i]
        if not isinstance(item, np.ndarray):
            return item
        try:
            return eight_bit(item, self.scale)
        except ValueError as why:
            raise ImageError(f"list[{i}]: {why}") from why

    def fingerprint(self) -> str:
        """Over contents; of files over names, sizes and times of change, of their texts too."""
        return self._stamp

    @cached_property
    def _stamp(self) -> str:
        return hashlib.sha256(b"".join(map(_contents, self.items))).hexdigest()


def open_memory(data: Any, labels: bool = False) -> ArrayRows | Several:
    """Takes an array of pictures, or a row of pictures of any kind.

    Args:
      data: an array as in a `.npy` file, NumPy's or what can become one; or a list or other
        row of paths, bytes, arrays and Pillow's images.
      labels: label files with the folder that holds them.

    Raises:
      SourceError: it is neither, or empty, or something in it is no picture.
    """
    if hasattr(data, "__array__"):
        array = np.asarray(data)
        if array.dtype.kind not in "OU":
            return _open_array(array)
        data = array.tolist()
    if isinstance(data, str | bytes | dict) or not isinstance(data, Iterable):
        raise SourceError(
            f"{said(data)} is no source of pictures; give the name of one, an array (N, H, W) or "
            "(N, H, W, 3), or a list of pictures"
        )
    items = tuple(_picture(item, f"list[{i}]") for i, item in enumerate(data))
    if not items:
        raise SourceError("the list holds no pictures; give at least one")
    extents = [extent(item) if isinstance(item, np.ndarray) else None for item in items]
    names = [f"list[{i}]" for i in range(len(items))]
    return Several(items, labels, common_scale(extents, names, "the list"))


def _open_array(array: np.ndarray) -> ArrayRows:
    """The rows of an array; the stamp is made of all bytes."""
    spec = f"array {array.shape}"
    images, said = as_pictures(array, "the array")
    if not images.size:
        raise SourceError(f"{spec} holds no pictures; give one that does")
    stamp = hashlib.sha256(_contents(images)).hexdigest()
    rows = open_rows(spec, functools.partial(ArrayPictures, images, None, said), stamp)
    return replace(rows, scale=scale_of(extent_of(rows), "the array"))


def _picture(item: Any, name: str) -> "Item":
    """An item of a list, if it may be a picture."""
    from PIL import Image as Pillow

    if isinstance(item, str):
        return Path(item)
    if isinstance(item, Path | bytes | Pillow.Image):
        return item
    if not hasattr(item, "__array__"):
        raise SourceError(
            f"{name} is {said(item)} and no picture; a list holds paths, bytes, arrays and "
            "Pillow's images"
        )
    return as_picture(np.asarray(item), name)


def _caption(path: Path) -> Caption:
    """The text beside a file, or an emoji's name."""
    try:
        text = next((text for text in _texts(path) if text.is_file()), None)
    except ValueError:  # no name that a file could have
        text = None
    return caption_in(text) if text else Caption(spelled(path.name))


def _texts(path: Path) -> list[Path]:
    """The names that its text may have, the best first."""
    suffixes = [*SUFFIXES, *map(str.upper, SUFFIXES)]
    return [path.parent / f"{stem}{end}" for stem in (path.stem, path.name) for end in suffixes]


def _contents(item: "Item") -> bytes:
    """What is another for another picture, in 32 bytes or in all of them."""
    if isinstance(item, Path):
        return fingerprint_of(Path(), map(str, (item, *_texts(item)))).encode()
    if isinstance(item, bytes):
        return hashlib.sha256(item).digest()
    if isinstance(item, np.ndarray):
        kind = f"{item.dtype.str} {item.shape} ".encode()
        return hashlib.sha256(kind + np.ascontiguousarray(item).tobytes()).digest()
    try:
        seen = [item.info.get(name) for name in ("transparency", "icc_profile")]
        seen += [item.mode, item.size, item.getpalette("RGBA"), item.getexif().get(TURN)]
        return hashlib.sha256(repr(seen).encode() + item.tobytes()).digest()
    except Exception as why:  # broken in one of a dozen ways: reading it will say so
        return type(why).__name__.encode()
