"""Files that are whole or absent: written under a temporary name, renamed when done."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixace.errors import PixaceError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENOTEMPTY, errno.ENAMETOOLONG),
)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside `target`; what is written there gets its name at the end.

    A file or a folder may be made there. When the body fails, it is removed and `target` stays as
    it was. An existing file is replaced; an existing folder must have been refused by the caller.

    Raises:
      PixaceError: the disk is full, or the place cannot be written to.
    """
    target = Path(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield draft
            draft.replace(target)
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        elif draft.exists():
            draft.unlink()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Says in one line why `target` cannot be written, where the operating system refuses.

    Raises:
      PixaceError: the disk is full, or the place cannot be written to.
    """
    try:
        yield
    except Exception as why:
        number = why.errno if isinstance(why, OSError) else None
        # Libraries in C++ and Rust report a full disk in exceptions of their own.
        if number in FULL or any(os.strerror(each) in str(why) for each in FULL):
            reason = "no space left on disk; free some or choose another place"
        elif number in REFUSED:
            reason = f"{os.strerror(number).lower()}; choose another place"
        else:
            raise
        raise PixaceError(f"cannot write {target}: {reason}") from why
