"""Paths as people name them, why one cannot be used, and files that are whole or absent.

What is written gets a temporary name, and its own when it is done. Who writes it stands in that
name, so that what a killed process leaves is cleared by the next one that writes the same.
"""

import errno
import os
import re
import shutil
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id

from pixace.errors import PixaceError
from pixace.storage.strangers import NoFileError

DAY = 24 * 3600  # seconds
FULL = (errno.ENOSPC, errno.EDQUOT)
# Told by libraries in C++ and Rust too, in exceptions of their own that quote the system's words.
QUOTED = (*FULL, errno.EFBIG, errno.EROFS, errno.EIO)
# Why a file cannot be used, by the system's number: what to do about it. All else that a system
# may say is no fault of a file's, and more likely one of ours.
ADVICE = {
    **dict.fromkeys(FULL, "free some or choose another place"),
    errno.EFBIG: "raise the limit (ulimit -f) or choose another place",
    errno.ENAMETOOLONG: "choose a shorter one",
    errno.EINVAL: "choose another name",
    errno.ENOENT: "look whether its name is right, and whether it is still there",
    errno.ELOOP: "mend the link or choose another place",
    errno.EIO: "see whether the disk is well, or choose another place",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit (ulimit -n)"),
    **dict.fromkeys(
        (
            *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
            *(errno.ENOTEMPTY, errno.EBUSY, errno.ETXTBSY, errno.ENODEV, errno.ENXIO),
            *(errno.EOPNOTSUPP, errno.ESTALE, errno.EXDEV, errno.EMLINK),
        ),
        "choose another place",
    ),
}
# What Python says by itself, before it asks the system.
BY_PYTHON = {"embedded null": errno.EINVAL, "Symlink loop": errno.ELOOP}


def expanded(named: str | Path) -> Path:
    """A path as a person or an environment variable names it: `~` is the home folder.

    Raises:
      PixaceError: there is no such home folder.
    """
    try:
        return Path(named).expanduser()
    except RuntimeError as why:
        raise PixaceError(
            f"there is no home folder to find {named} in; set HOME, or write the whole path"
        ) from why


def reason(why: BaseException) -> str | None:
    """What is the matter with a file and what to do about it; None if that is not what `why` says.

    >>> reason(OSError(errno.EROFS, "as the system says it"))
    "read-only file system; choose another place"
    """
    if isinstance(why, NoFileError):
        return f"{why.strerror}; name a file"
    number = why.errno if isinstance(why, OSError) else None
    if number is None:
        text = str(why)
        if isinstance(why, ValueError | RuntimeError):
            for words, number in BY_PYTHON.items():
                if words in text:
                    return f"{text.lower()}; {ADVICE[number]}"
        number = next((each for each in QUOTED if os.strerror(each) in text), None)
    if number not in ADVICE:
        return None
    words = "no space left on disk" if number in FULL else os.strerror(number).lower()
    return f"{words}; {ADVICE[number]}"


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target`; what is written there gets its name at the end.

    A file or a folder may be made there. When the body fails, it is removed and `target` stays as
    it was. An existing file is replaced; an existing folder must have been refused by the caller.

    Raises:
      PixaceError: the disk is full, or the place cannot be written to.
    """
    target = Path(target)
    draft = _draft(target)
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            for rest in _rests(target):
                _remove(rest)
            yield draft
            draft.replace(target)
    finally:
        with suppress(OSError, ValueError):  # never made, or where nothing can be
            _remove(draft)


def _draft(target: Path) -> Path:
    """The temporary name that this thread gives a file."""
    return target.with_name(f".{target.name}.{_host()}-{os.getpid():x}-{get_native_id():x}.part")


def _host() -> str:
    """Which machine this is, in four letters."""
    return f"{zlib.crc32(socket.gethostname().encode()) & 0xFFFF:04x}"


def _rests(target: Path) -> list[Path]:
    """Drafts of a file that nobody is writing any more.

    Of another host nobody knows, unless it was a day ago.
    """
    own = re.compile(rf"\.{re.escape(target.name)}\.([0-9a-f]{{4}})-([0-9a-f]+)-[0-9a-f]+\.part")
    rests: list[Path] = []
    for path in target.parent.iterdir():
        if not (found := own.fullmatch(path.name)):
            continue
        import psutil  # late, as there is hardly ever one

        host, process = found[1], int(found[2], 16)
        with suppress(FileNotFoundError):  # it has got its name just now
            if host != _host():
                left = path.stat().st_mtime < time.time() - DAY
            else:  # a process of the same number as this one was another, before
                left = path == _draft(target) or not psutil.pid_exists(process)
            if left:
                rests.append(path)
    return rests


def _remove(path: Path) -> None:
    """Removes a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Takes a folder away, at once for all who look for it; who reads in it may end doing so.

    Its name goes first, so that nobody meets half of it. Others may do the same meanwhile.

    Raises:
      PixaceError: its place cannot be written to.
    """
    away = folder.with_name(f".{folder.name}.{get_native_id()}.discarded")
    with writing(folder), suppress(FileNotFoundError):
        folder.replace(away)
        shutil.rmtree(away)


@contextmanager
def writing(target: Path | str) -> Iterator[None]:
    """Says in one line why `target` cannot be written, where the operating system refuses.

    Raises:
      PixaceError: the disk is full, or the place cannot be written to.
    """
    try:
        yield
    except PixaceError:
        raise
    except Exception as why:
        said = reason(why)
        if said is None or _elsewhere(why, target):
            raise
        raise PixaceError(f"cannot write {target}: {said}") from why


def _elsewhere(why: BaseException, target: Path | str) -> bool:
    """Whether an exception names a file that has nothing to do with the one to be written."""
    named = getattr(why, "filename", None)
    if not isinstance(named, str | bytes):
        return False
    place, other = Path(target).parent.absolute(), Path(os.fsdecode(named)).absolute()
    return place not in (other, *other.parents) and other not in place.parents
