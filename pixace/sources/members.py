"""What is in a zip or tar file: names, sizes and places, with links followed.

Names that point outside ("../../x") are harmless, as nothing is ever unpacked to disk. What cannot
be read is listed all the same, with the reason, so that it is counted.
"""

import os
import posixpath
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pixace.sources import tars
from pixace.sources.naming import is_packed, may_be_picture
from pixace.sources.zipnames import name_of
from pixace.storage.strangers import said

LINK_LIMIT = 4096  # bytes of the path that a link is
SIDECARS = (".txt", ".caption", ".cap", ".cls", ".json")

LONGEST, DEEPEST = 4096, 64  # characters of a name, and folders one in another
ENDLESS = f"its name has more than {LONGEST:,} characters, or more than {DEEPEST} folders"
LOCKED = "encrypted with a password; unpack it first"
HOLES = "stored with holes; pack it again without --sparse"
INSIDE = "an archive inside the archive, whose pictures are not read; unpack it first"


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive.

    Attributes:
      name: its path.
      size: its bytes, unpacked.
      place: number (zip) or offset (tar).
      bad: why it cannot be read; or nothing.
      linked: whether the name is that of a link.
    """

    name: str
    size: int
    place: int
    bad: str = ""
    linked: bool = False


class Link(NamedTuple):
    """Another name of a file: the path as it was written, and seen from the archive's root."""

    to: str
    way: str


def zip_members(archive: zipfile.ZipFile, encoding: str | None) -> tuple[Member, ...]:
    """Lists a zip; see `zipnames` for the encoding."""
    files, links = [], {}
    for place, info in enumerate(archive.infolist()):
        name, locked = name_of(info, encoding), bool(info.flag_bits & 1)
        if name.endswith("/"):
            continue
        bad = LOCKED if locked else ""
        if stat.S_ISLNK(info.external_attr >> 16) and not locked:
            try:
                with archive.open(info) as link:
                    to = os.fsdecode(link.read(LINK_LIMIT))
            except Exception as why:  # damaged in one of a dozen ways: costs this link
                bad = f"cannot be unpacked ({said(why)})"
            else:
                links[name] = Link(to, posixpath.join(posixpath.dirname(name), to))
                continue
        files.append(Member(name, info.file_size, place, bad))
    return _listed(files, links)


def tar_members(path: Path, encoding: str | None) -> tuple[Member, ...]:
    """Lists a tar, compressed or not."""
    files, links = [], {}
    with tars.opened(path, encoding) as archive:
        for info in archive:
            name, to = info.name.removeprefix("./"), info.linkname
            if info.issym():
                links[name] = Link(to, posixpath.join(posixpath.dirname(name), to))
            elif info.islnk():
                links[name] = Link(to, to)
            elif info.issparse():
                files.append(Member(name, 0, -1, HOLES))
            elif info.isreg():
                files.append(Member(name, info.size, info.offset_data))
    return _listed(files, links)


def _listed(files: Sequence[Member], links: Mapping[str, Link]) -> tuple[Member, ...]:
    """What matters, each link beside what it leads to: to and fro is slow in some archives."""
    files = [_shortened(file) for file in files]
    kept = [_kept(file) for file in files if is_wanted(file.name)]
    links = {name: link for name, link in links.items() if _is_sensible(name, link.way)}
    if not links:
        return tuple(kept)
    found = {posixpath.normpath(file.name): file for file in files}
    folders = {folder for name in found for folder in _above(name)}
    ways = {posixpath.normpath(name): link.way for name, link in links.items()}
    for name, link in links.items():
        end = _end(link.way, ways)
        if is_wanted(name) and end not in folders:  # whose files are listed where they are
            file = found.get(end, Member(name, 0, -1, f"a link to {link.to}, which is not inside"))
            kept.append(replace(file, name=name, linked=True))
    return tuple(sorted(kept, key=lambda file: file.place))


def _is_sensible(*names: str) -> bool:
    return all(len(name) <= LONGEST and name.count("/") <= DEEPEST for name in names)


def _shortened(file: Member) -> Member:
    """The same, but for a name that no file on a disk could have, and that takes its time."""
    if _is_sensible(file.name):
        return file
    return replace(file, name=file.name.rpartition("/")[2][-100:], bad=ENDLESS)


def _end(way: str, ways: Mapping[str, str]) -> str:
    """Where a link leads at last, by other links and linked folders."""
    path = posixpath.normpath(way)
    for _ in range(40):  # as many as Linux follows
        for here in (path, *_above(path)):
            if here in ways:
                path = posixpath.normpath(ways[here] + path.removeprefix(here))
                break
        else:
            break
    return path


def _above(name: str) -> Iterator[str]:
    """The folders that a file lies in, the innermost first."""
    while name := name.rpartition("/")[0]:
        yield name


def _kept(file: Member) -> Member:
    return replace(file, bad=file.bad or INSIDE) if is_packed(file.name) else file


def is_wanted(name: str) -> bool:
    """Whether a member is a picture, may tell of one, or hides some."""
    tells = name.lower().endswith(SIDECARS) or is_packed(name)
    return may_be_picture(name) or (tells and may_be_picture(f"{name}.png"))
