"""One at a time: a file that says who is at work in a place, and that no crash leaves locked.

The system's own lock goes with its process, however that ends. Hosts that share a folder need not
know each other's locks; so the file is touched as long as it is held, and one that another host has
touched just now is held as well.
"""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from pixace.errors import PixaceError
from pixace.storage import records
from pixace.storage.atomic import writing

try:
    import fcntl
except ImportError:  # Windows, where touching is all there is
    fcntl = None  # type: ignore[assignment]

NAME = ".lock"
BEAT, SILENCE = 5.0, 30.0  # seconds from touch to touch, and after which nobody is there any more


@dataclass(frozen=True)
class Holder:
    """Who is at work.

    Attributes:
      doing: what.
      process: its number.
      host: its machine.
      since: date and time there.
    """

    doing: str
    process: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"{self.doing} (process {self.process} on {self.host}, since {self.since})"


@contextmanager
def alone(target: Path, doing: str) -> Iterator[None]:
    """Nobody else who asks so is at work there meanwhile.

    Args:
      target: a folder that exists, or a file that need not, in one that does.
      doing: what others are told.

    Raises:
      PixaceError: somebody is, and who; or the place cannot be written to.
    """
    place = target / NAME if target.is_dir() else target.with_name(f".{target.name}{NAME}")
    with writing(target), _taken(place, target) as file:
        since = f"{datetime.now():%Y-%m-%d %H:%M}"
        file.truncate(0)
        file.write(json.dumps(asdict(Holder(doing, os.getpid(), socket.gethostname(), since))))
        file.flush()
        over = threading.Event()
        touching = threading.Thread(target=_touch, args=(place, over), daemon=True)
        touching.start()
        try:
            yield
        finally:
            over.set()
            touching.join()
            with suppress(OSError):  # gone, or on a system that keeps open files
                place.unlink()


def _taken(place: Path, target: Path) -> IO[str]:
    """The file, whose lock this process has now.

    Raises:
      PixaceError: another process has it.
    """
    while True:
        file = place.open("a+", encoding="utf-8")
        try:
            touched, locked = os.fstat(file.fileno()), _lock(file)
            if _is_at(place, touched):
                holder = _holder(file)
                elsewhere = holder and not (locked and holder.host == socket.gethostname())
                if locked is False or (
                    elsewhere and _now(place.parent) - touched.st_mtime < SILENCE
                ):
                    said = holder or "by another process"
                    raise PixaceError(f"{target} is in use: {said}; wait until it is done")
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # who had it has just taken it away


def _lock(file: IO[str]) -> bool | None:
    """Whether the system gave the lock; None where it has none, as on some network drives."""
    if fcntl:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True
    return None


def _is_at(place: Path, found: os.stat_result) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(found, place.stat())
    except FileNotFoundError:
        return False


def _holder(file: IO[str]) -> Holder | None:
    """Who wrote into the file; None for nobody, or not yet."""
    file.seek(0)
    with suppress(ValueError):
        return records.read(Holder, records.parsed(file.read()))
    return None


def _now(folder: Path) -> float:
    """The time by the clock of who keeps the folder, which need not be this host's."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


def _touch(place: Path, over: threading.Event) -> None:
    """Touches the file now and then."""
    while not over.wait(BEAT):
        with suppress(OSError):
            os.utime(place)
