"""Photos to be completed: as files, with what is needed to know them again, and in memory."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pixace.errors import ImageError, WebError
from pixace.runtime.addresses import is_address
from pixace.sources import web_photos
from pixace.storage.atomic import expanded
from pixace.storage.strangers import opened

if TYPE_CHECKING:
    from pixace.arrays import Image
    from pixace.images.loader import Raw


@dataclass(frozen=True)
class PhotoFiles:
    """Photos as a picture's file names them.

    Attributes:
      photos: where they are: paths from the root on, or addresses on the web.
      sha256: of their bytes, in hexadecimal digits.
    """

    photos: list[str]
    sha256: list[str]

    def __getitem__(self, which: slice) -> Self:
        return replace(self, photos=self.photos[which], sha256=self.sha256[which])

    def __post_init__(self) -> None:
        if len(self.photos) != len(self.sha256):
            raise ValueError(f"{len(self.photos)} photos have {len(self.sha256)} checksums")

    def here(self, made: str | Path) -> list[str]:
        """The very photos in the folder one is in, by their names.

        Whoever made the picture chose their places: these are neither opened nor fetched.

        Args:
          made: the picture, for messages.

        Raises:
          ImageError: names the first that is not there, or has changed.
        """
        found = [Path.cwd() / Path(place).name for place in self.photos]
        for path, place, before in zip(found, self.photos, self.sha256, strict=True):
            if not path.is_file():
                raise ImageError(
                    f"no {path.name} is in this folder, and places that a picture names are not "
                    f"opened; name the photos: pixace complete {place} … --again {made}"
                )
            if _checksum(path) != before:
                raise ImageError(
                    f"{path} has changed since; to finish photos as they are now, name them: "
                    f"pixace complete … --again {made}"
                )
        return [str(path) for path in found]


@dataclass(frozen=True)
class Photos:
    """Photos that could be read.

    Attributes:
      files: where they are.
      raw: what each was read from, a path or bytes.
      images: uint8 (height, width, 3), all of one size.
      skipped: the others, each with the reason.
    """

    files: PhotoFiles
    raw: "list[Raw]"
    images: list["Image"]
    skipped: list[str]


def read(
    files: Sequence[str | Path],
    fitted: Callable[["Raw", str | None], "Image"],
    *,
    strict: bool = False,
    allow_private: bool = False,
) -> Photos:
    """Reads photos.

    Args:
      files: their paths, or addresses on the web.
      fitted: reads one, which has a name perhaps, and brings it to its size.
      strict: raise the error of a bad photo instead of skipping it.
      allow_private: whether addresses on this machine and in the local network are fetched, too.

    Raises:
      ImageError: none could be read, or one could not and `strict` is set.
      WebError: `strict` is set, and one on the web cannot be had.
    """
    photos = Photos(PhotoFiles([], []), [], [], [])
    there = web_photos.fetched(_addresses(files), allow_private=allow_private)
    for file in files:
        try:
            body = there.get(str(file))
            if isinstance(body, WebError):
                raise body
            if body is not None:
                image, checksum, place = fitted(body, str(file)), _digest(body), str(file)
            else:
                path = expanded(file)
                if path.is_dir():
                    raise ImageError(f"{file} is a folder; name the pictures, such as {file}/*.jpg")
                image, checksum, place = fitted(file, None), _checksum(path), str(path.absolute())
        except (ImageError, WebError) as why:
            if strict:
                raise
            photos.skipped.append(str(why))
        else:
            photos.raw.append(file if body is None else body)
            photos.images.append(image)
            photos.files.photos.append(place)
            photos.files.sha256.append(checksum)
    if not photos.images:
        raise ImageError(f"no photo to complete: {'; '.join(photos.skipped) or 'none was named'}")
    return photos


def several(pictures: "Raw | Iterable[Raw]") -> list[Any]:
    """One picture or several, as a list."""
    if hasattr(pictures, "__array__"):
        pictures = np.asarray(pictures)
        return list(pictures) if pictures.ndim in (1, 4) else [pictures]
    if isinstance(pictures, str | bytes) or not isinstance(pictures, Iterable):
        return [pictures]
    return [np.asarray(each) if hasattr(each, "__array__") else each for each in pictures]


def _addresses(photos: Iterable[str | Path]) -> list[str]:
    return [str(each) for each in photos if is_address(each)]


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _checksum(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
      ImageError: it cannot be read.
    """
    try:
        with opened(Path(path)) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as why:
        raise ImageError(f"{path}: {why.strerror}") from why
