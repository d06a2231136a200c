"""Ctrl-C, SIGTERM and SIGHUP as a wish to stop, which is heard between two steps."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

HANGUP = getattr(signal, "SIGHUP", None)  # a terminal was closed; Windows has none
WISHES = [each for each in (signal.SIGINT, signal.SIGTERM, HANGUP) if each is not None]


@contextmanager
def stopped_by_signal() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C, SIGTERM or SIGHUP into a flag; a second one acts as it always did.

    What the process is deaf to, it stays deaf to, such as SIGHUP under `nohup`. A terminal that is
    closed sends SIGHUP, and so does its shell: of these, a second one changes nothing.

    Yields:
      Whether a signal has come; good to ask until the process ends.
    """
    caught: list[int] = []
    usual: dict[int, Any] = {}

    def catch(number: int, frame: FrameType | None) -> None:
        is_first = not caught
        caught.append(number)
        restore(set(usual) - {HANGUP})
        if is_first:
            with suppress(OSError, RuntimeError):  # the terminal is gone, or printed on just now
                print("\nstopping: saving a checkpoint …", file=sys.stderr)

    def restore(numbers: set[int]) -> None:
        for number in numbers:
            signal.signal(number, usual[number])

    for number in WISHES:
        if signal.getsignal(number) in (signal.SIG_IGN, None):  # None: not Python's to put back
            continue
        try:
            usual[number] = signal.signal(number, catch)
        except ValueError:  # not in the main thread, where Python allows no handlers
            break
    try:
        yield lambda: bool(caught)
    finally:
        restore(set(usual))
