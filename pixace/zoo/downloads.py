"""Large files from the web: gone on with after a break, checked, and whole or absent.

What has come so far stands beside the target, `.NAME.part`, and in `.NAME.part.json` which version
of which file it is part of: a file that has changed meanwhile is begun anew.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pixace.errors import WebError
from pixace.runtime import web
from pixace.runtime.progress import progress_bar
from pixace.storage import records
from pixace.storage.atomic import writing
from pixace.storage.lock import alone

SECONDS = 60.0  # to wait for each next part
PACE = 10_000  # bytes a second: who is slower in all is not waited for
MOST = 4 << 30  # bytes


def download(
    address: str,
    target: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    allow_private: bool = False,
    seconds: float = SECONDS,
    check: Callable[[Path], Any] = lambda path: None,
    progress: bool = False,
) -> None:
    """Fetches a file.

    Args:
      address: with http:// or https:// in front.
      target: where to.
      sha256: what its bytes must come to, in hexadecimal digits, if that is known.
      size: how many bytes it must have, if that is known.
      allow_private: whether this machine and the local network may be asked, too.
      seconds: to wait for each next part.
      check: looks at the whole file before it gets its name, and raises what is wrong with it.
      progress: a live bar on stderr.

    Raises:
      WebError: it cannot be had, or is not the file that was meant; what has come is kept for the
        next time, unless it is wrong.
      PixaceError: it cannot be written, or another process is downloading it; or as `check`.
    """
    part = target.with_name(f".{target.name}.part")
    note = part.with_name(part.name + ".json")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(target, f"downloading {target.name}"):
            _fetch(address, part, note, size, allow_private, seconds, progress)
            try:
                if sha256 and (found := _checksum(part)) != sha256:
                    raise WebError(
                        f"{address} is not the file that was meant: its SHA-256 is {found}, not "
                        f"{sha256}; nothing of it was kept"
                    )
                check(part)
            except BaseException:
                part.unlink()
                note.unlink()
                raise
            part.replace(target)
            note.unlink()


def _fetch(
    address: str,
    part: Path,
    note: Path,
    size: int | None,
    allow_private: bool,
    seconds: float,
    progress: bool,
) -> None:
    """Brings `part` up to the whole file."""
    before = _noted(note, address) if part.exists() else None
    # The last byte once more: of a part that is whole already, nothing could be asked for.
    done = max(0, part.stat().st_size - 1) if before else 0
    headers = {"Range": f"bytes={done}-", "If-Range": before} if before and done else {}
    how: dict[str, Any] = {"allow_private": allow_private, "seconds": seconds, "pace": PACE}
    with web.opened(address, headers=headers, **how) as answer:
        begin = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
        if answer.status != 206 or begin is None or int(begin[1]) != done:
            done = 0
        whole = None if answer.length is None else done + answer.length
        if size is not None and whole not in (None, size):
            raise WebError(f"{address} has {whole:,} bytes and should have {size:,}")
        if (whole or 0) > MOST:
            raise WebError(f"{address} has {whole:,} bytes, more than the limit of {MOST:,}")
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        note.write_text(json.dumps({"address": address, "tag": tag}), encoding="utf-8")
        with (
            part.open("r+b" if done else "wb") as file,
            progress_bar(
                part.name[1 : -len(".part")],
                whole or 0,
                "B",
                done=done,
                progress=progress,
                unit_scale=True,
            ) as bar,
        ):
            file.seek(done)
            for block in answer.blocks():
                done += len(block)
                if done > (size or MOST):
                    raise WebError(f"{address} has more bytes than {size or MOST:,}")
                file.write(block)
                bar.update(len(block))
            file.flush()
            os.fsync(file.fileno())
    if size is not None and done < size:
        raise WebError(f"{address} has {done:,} bytes and should have {size:,}")


def _noted(note: Path, address: str) -> str | None:
    """How the server called the version that has come in part; None if that cannot be trusted."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        noted = records.parsed(note.read_text(encoding="utf-8"))
        if noted.get("address") == address and not str(noted.get("tag")).startswith("W/"):
            return noted.get("tag") or None
    return None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
