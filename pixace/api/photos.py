"""Photos as files: their pictures, and what is needed to know them again."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixace.errors import ImageError
from pixace.storage.atomic import expanded

if TYPE_CHECKING:
    from pixace.arrays import Image


@dataclass(frozen=True)
class Photos:
    """Photos that could be read.

    Attributes:
      paths: where they are, from the root on.
      sums: SHA-256 of their bytes.
      images: uint8 (height, width, 3), all of one size.
      skipped: the others, each with the reason.
    """

    paths: list[str]
    sums: list[str]
    images: list["Image"]
    skipped: list[str]

    def told(self, which: slice) -> dict[str, Any]:
        """What a picture's file says about some of them."""
        return {"photos": self.paths[which], "sha256": self.sums[which]}


def read(
    files: Iterable[str | Path], fitted: Callable[[str | Path], "Image"], *, strict: bool = False
) -> Photos:
    """Reads photos.

    Args:
      files: their paths.
      fitted: reads one and brings it to its size.
      strict: raise the error of a bad photo instead of skipping it.

    Raises:
      ImageError: none could be read, or one could not and `strict` is set.
    """
    photos = Photos([], [], [], [])
    for file in files:
        try:
            path = expanded(file)
            if path.is_dir():
                raise ImageError(f"{file} is a folder; name the pictures, such as {file}/*.jpg")
            image, checksum = fitted(file), _checksum(path)
        except ImageError as why:
            if strict:
                raise
            photos.skipped.append(str(why))
        else:
            photos.images.append(image)
            photos.paths.append(str(path.absolute()))
            photos.sums.append(checksum)
    if not photos.images:
        raise ImageError(f"no photo to complete: {'; '.join(photos.skipped) or 'none was named'}")
    return photos


def refuse_changed(paths: Iterable[str], sums: Iterable[str], instead: str) -> None:
    """Refuses photos that are others than they were.

    Args:
      paths: where they were.
      sums: SHA-256 of their bytes at that time.
      instead: what to do about it, for messages.

    Raises:
      ImageError: names the first that has changed or is gone.
    """
    for path, before in zip(paths, sums, strict=True):
        if not Path(path).is_file():
            raise ImageError(f"{path} is gone; {instead}")
        if _checksum(path) != before:
            raise ImageError(f"{path} has changed since; {instead}")


def _checksum(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
      ImageError: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise ImageError(f"{path}: {why.strerror}") from why
