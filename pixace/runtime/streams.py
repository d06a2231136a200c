"""The three standard streams, so that printing never fails for what is printed."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pixace.errors import PixaceError
from pixace.storage.atomic import writing


def prepare() -> None:
    """Makes the streams take any text, whatever they are.

    A stream that was closed leads nowhere: or the next file would get its number, and what is
    printed. One that cannot show a character shows a question mark.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123  stays open
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


@contextmanager
def answering() -> Iterator[None]:
    """Says in one line why an answer cannot be printed, where there is no room for it.

    Raises:
      PixaceError: the disk is full, for example.
    """
    try:
        with writing("stdout"):
            yield
    except PixaceError:
        with suppress(OSError):  # Python would try once more at the end, and complain once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def shows(text: str) -> bool:
    """Whether stdout can show all of a text."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
