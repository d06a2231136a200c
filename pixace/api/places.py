"""Places for pictures, looked at before the time is spent to draw what goes there.

Nothing is written over that a call does not name: a folder for single pictures has no numbered
ones yet, and further pages of a collage are new files.
"""

import errno
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pixace.errors import PixaceError
from pixace.images.marks import NUMBERED
from pixace.storage.atomic import expanded, writing


@dataclass(frozen=True)
class Places:
    """Where the pictures of one call go; None is not written.

    Attributes:
      out: a collage, the first page of it if it has several.
      each: the folder for single pictures.
      gif: a film.
      paste: the folder for photos that pictures were pasted back into.
      maps: pictures with maps of what the model did not expect.
    """

    out: Path | None
    each: Path | None = None
    gif: Path | None = None
    paste: Path | None = None
    maps: Path | None = None

    def as_dict(self) -> dict[str, str | None]:
        """As `--json` prints it; `out` is always named."""
        named = {name: None if path is None else str(path) for name, path in vars(self).items()}
        return {name: path for name, path in named.items() if path or name == "out"}

    def refuse(self, photos: Iterable[str | Path]) -> None:
        """Refuses to write over one of the photos that a collage is made of.

        Raises:
          PixaceError: the collage would be written there.
        """
        taken = {os.path.realpath(expanded(photo)) for photo in photos}
        if self.out and os.path.realpath(self.out) in taken:
            raise PixaceError(f"{self.out} is one of the photos; name another file to write to")

    def pages(self, count: int) -> list[Path]:
        """Where the pages of a collage go: `out.png`, `out-2.png`, `out-3.png` and so on.

        Raises:
          PixaceError: a file of such a name, which nobody has named, exists.
        """
        if not self.out:
            return []
        stem, suffix = self.out.stem, self.out.suffix
        more = [self.out.with_name(f"{stem}-{page}{suffix}") for page in range(2, count + 1)]
        for page in more:
            if os.path.lexists(page):
                raise PixaceError(
                    f"{page} exists, and the collage has {count} pages, {self.out} to {more[-1]}; "
                    "move it, or name another file to write to"
                )
        return [self.out, *more]


def checked(
    out: str | Path | None,
    each: str | Path | None = None,
    gif: str | Path | None = None,
    paste: str | Path | None = None,
    maps: str | Path | None = None,
) -> Places:
    """Refuses early what would fail late, or do harm; see `Places`.

    Raises:
      PixaceError: nothing is to be written; a file has another kind of name, cannot be written or
        is in the way of the single pictures; or their folder has numbered pictures already.
    """
    place = Places(
        *(None if path is None else expanded(path) for path in (out, each, gif, paste, maps))
    )
    if place == Places(None):
        raise PixaceError("nothing to write without a collage; name a folder with --each")
    if place.maps and place.out and os.path.realpath(place.maps) == os.path.realpath(place.out):
        raise PixaceError(f"collage and maps would both go to {place.out}; name two files")
    for file, suffix in ((place.out, ".png"), (place.gif, ".gif"), (place.maps, ".png")):
        if file is not None:
            _check_file(file, suffix)
    for folder in filter(None, (place.each, place.paste)):
        _check_folder(folder)
        for file in (place.out, place.gif, place.maps):
            if file is not None and _in_the_way(file.absolute(), folder.absolute()):
                raise PixaceError(
                    f"{file} would be in the way of the pictures in {folder}; name another file"
                )
    if place.each and place.paste and os.path.realpath(place.each) == os.path.realpath(place.paste):
        raise PixaceError(
            f"both kinds of single pictures would go to {place.each}; name two folders"
        )
    return place


def file(named: str | Path, suffix: str) -> Path:
    """A single file to be written, of another kind than collages are; looked at likewise.

    Raises:
      PixaceError: it has another kind of name, or cannot be written.
    """
    path = expanded(named)
    _check_file(path, suffix)
    return path


def new_folder(named: str | Path) -> Path:
    """A folder as it is named, which is to be made as a whole.

    Raises:
      PixaceError: something of that name is there, or it cannot be made.
    """
    folder = expanded(named)
    _try(folder)
    if os.path.lexists(folder):
        raise PixaceError(f"{folder} exists already; name another folder, or remove it")
    return folder


def single(folder: Path, number: int, count: int) -> Path:
    """Where one of `count` single pictures goes; names are sorted as numbers are."""
    digits = max(4, len(str(count - 1)))
    return folder / f"{number:0{digits}d}.png"


def _check_file(file: Path, suffix: str) -> None:
    with writing(file):
        if file.is_dir():
            name = file / ("a" + suffix)
            raise PixaceError(f"{file} is a folder; name a file in it, such as {name}")
    if file.suffix.lower() != suffix:
        raise PixaceError(f"cannot write {file}: its name must end in {suffix}")
    _try(file)


def _check_folder(folder: Path) -> None:
    with writing(folder):
        if os.path.lexists(folder) and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "")
        here = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if numbered := [name for name in here if NUMBERED.fullmatch(name)]:
        raise PixaceError(
            f"{folder} has numbered pictures already, from {numbered[0]} to {numbered[-1]}, which "
            "would be mixed with the new ones; name another folder, or empty it"
        )
    _try(folder / "0000.png")


def _try(target: Path) -> None:
    """Makes a file beside `target`, or where its folder would be made, and takes it away again.

    Permissions alone do not tell: a disk may be read-only, or a name too long.
    """
    with writing(target):
        with suppress(FileNotFoundError):
            target.lstat()
        place = target.parent
        while not os.path.lexists(place):
            place = place.parent
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "")
        try:
            tempfile.NamedTemporaryFile(
                dir=place, prefix=f".{target.name}.", suffix=".part"
            ).close()
        except OSError as why:  # the message names the target
            raise OSError(why.errno, why.strerror) from why


def _in_the_way(file: Path, folder: Path) -> bool:
    """Whether a file would be where a folder must be, or one of the folder's numbered pictures."""
    is_single = file.parent == folder and NUMBERED.fullmatch(file.name)
    return file in (folder, *folder.parents) or bool(is_single)
