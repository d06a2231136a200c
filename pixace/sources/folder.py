"""A folder of pictures, at any depth.

Links to files and folders are followed, but no folder is entered twice, so a link that leads up
again is harmless; a link that leads nowhere is a picture that cannot be read. Left out are hidden
files and folders, thumbnails and waste of systems and network drives, and what pixace itself wrote:
runs, collages, single pictures, unless there is nothing else. The order is that of the paths.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pixace.errors import ImageError, SourceError
from pixace.images.marks import is_marked
from pixace.sources.groups import group_of
from pixace.sources.hierarchy import Standing, folder_of, is_plain, standings
from pixace.sources.naming import may_be_entered, may_be_picture, readable
from pixace.sources.own import RUN, WRITTEN, is_run, without_own
from pixace.sources.sidecar import Caption, caption_in, spelled, text_name, texts_by_stem
from pixace.sources.source import Record

PACKED = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")


@dataclass(frozen=True)
class Folder:
    """The pictures below `root`.

    Attributes:
      root: the folder.
      names: paths of the pictures from there, with slashes.
      labels: whether the folders that hold them are their labels.
      texts: paths of the texts beside them, by their names without the suffix.
      standings: what the folders say of their pictures.
      unseen: whether a picture of pixace's own may be among them.
      notes: what was left out that is no waste, a line each.
    """

    root: Path
    names: tuple[str, ...]
    labels: bool
    texts: Mapping[str, str] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    unseen: bool = False
    notes: tuple[str, ...] = ()

    @property
    def spec(self) -> str:
        """The path as the user named it."""
        return str(self.root)

    def __len__(self) -> int:
        return len(self.names)

    def record(self, i: int) -> Record:
        """Caption: a text beside it, or an emoji's name. Label, on request, and split: folders."""
        name = readable(self.names[i])
        split, label = self.standings[folder_of(self.names[i])]
        caption, unread = self._caption(self.names[i])
        label = label if self.labels else None
        return Record(name, group_of(name), caption, label, split, unread)

    def _caption(self, name: str) -> Caption:
        text = text_name(name, self.texts)
        return caption_in(self.root / text) if text else Caption(spelled(name))

    def read(self, i: int) -> Path:
        """The path of the file.

        Raises:
          ImageError: it is a link that leads nowhere, or was written by pixace.
        """
        path, name = self.root / self.names[i], readable(self.names[i])
        if path.is_symlink() and not path.exists():
            to = readable(str(path.readlink()))
            raise ImageError(f"{name}: a link to {to}, which is not there")
        if self.unseen and name[-4:].lower() in WRITTEN and is_marked(path):
            raise ImageError(f"{name}: written by pixace itself, and no picture to learn from")
        return path

    def fingerprint(self) -> str:
        """Over names, sizes and times of change, of the texts too; and what folders say."""
        files = [*self.names, *sorted(self.texts.values())]
        if is_plain(self.standings, self.labels):
            return fingerprint_of(self.root, files)
        return fingerprint_of(self.root, files, sorted(self.standings.items()))


def listed(root: Path) -> list[str]:
    """Paths of all files below a folder, sorted; see `files_below`.

    Raises:
      SourceError: a folder in it may not be read.
    """
    try:
        return sorted(files_below(root))
    except OSError as why:
        raise SourceError(f"cannot list {why.filename or root}: {why.strerror or why}") from why


def open_folder(root: Path, files: Sequence[str], labels: bool = False) -> Folder:
    """The pictures among the files of a folder.

    Args:
      root: the folder.
      files: what is in it, as `listed` gives them.
      labels: label pictures with their folders.

    Raises:
      SourceError: no file in it may be a picture.
    """
    pictures = [name for name in files if may_be_picture(name)]
    names, unseen = without_own(root, pictures)
    if not names:
        raise SourceError(f"{root} holds no pictures; name a folder that does")
    texts = texts_by_stem(files)
    used = {text_name(name, texts) for name in names} if texts else set()
    texts = {stem: name for stem, name in texts.items() if name in used}
    notes = tuple(_left_out(files, len(pictures) - len(names)))
    return Folder(root, names, labels, texts, standings(set(map(folder_of, names))), unseen, notes)


def _left_out(files: Iterable[str], own: int) -> Iterator[str]:
    """What is among the files that a user may have meant to be learned from, a line each."""
    if own:
        yield f"left out: {own:,} that pixace itself wrote; name a folder of them alone to use them"
    if packed := [name for name in files if name.lower().endswith(PACKED)]:
        some = ", ".join(map(readable, packed[:3])) + ", …" * (len(packed) > 3)
        yield f"not looked into: {some}; unpack what is to be learned from"


def files_below(root: Path) -> Iterator[str]:
    """Paths of all files below a folder, in no order, relative and with slashes.

    A link that leads nowhere counts as a file. Folders that hold no pictures of the user's own are
    not entered.
    """
    entered = set()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        status = (root / below).stat()
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        folders, files = [], []
        with os.scandir(root / below) as entries:
            for entry in entries:
                name = f"{below}/{entry.name}" if below else entry.name
                if _is_folder(entry):
                    if may_be_entered(entry.name):
                        folders.append(name)
                elif _is_file(entry):
                    files.append(name)
        if below and f"{below}/{RUN}" in files and is_run(root / below):
            continue
        yield from files
        waiting.extend(sorted(folders, reverse=True))  # so that of two links, always the same wins


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError:
        return True  # reading it will say why it cannot be


def fingerprint_of(root: Path, names: Iterable[str], *more: object) -> str:
    """Over names, sizes and times of change of files, and whatever else decides the pictures."""
    digest = hashlib.sha256(repr(more).encode())
    for name in names:
        try:
            status = (root / name).stat()
            seen = (status.st_size, status.st_mtime_ns)
        except (OSError, ValueError):  # gone, or never there: reading it will say so
            seen = None
        digest.update(os.fsencode(f"{name}\0{seen}\0"))
    return digest.hexdigest()
