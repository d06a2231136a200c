"""Ctrl-C and SIGTERM as a wish to stop, which is heard between two steps."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def stopped_by_signal() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C or SIGTERM into a flag; a second one acts as it always did."""
    caught: list[int] = []
    usual: dict[int, Any] = {}

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        restore()
        print("\nstopping: saving a checkpoint …", file=sys.stderr)

    def restore() -> None:
        for number, handler in usual.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            usual[number] = signal.signal(number, catch)
        except ValueError:  # not in the main thread, where Python allows no handlers
            break
    try:
        yield lambda: bool(caught)
    finally:
        restore()
