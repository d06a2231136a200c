"""Files that are whole or absent: written under a temporary name, renamed when done."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixace.errors import PixaceError


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
        target.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, target)
    except OSError as why:
        raise unwritable(target, why) from why
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def unwritable(target: Path, why: OSError) -> PixaceError:
    """The one line for a file that could not be written."""
    if why.errno in (errno.ENOSPC, errno.EDQUOT):
        return PixaceError(f"no space left on disk for {target}; free some or choose another place")
    return PixaceError(f"cannot write {target}: {why.strerror or why}; choose another place")
