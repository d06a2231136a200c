"""An outbox: what is to be sent waits here, and a thread of its own sends it.

Whoever puts something in never waits. While the other side cannot be reached, the thread tries
again, less and less often, and what waits is bounded: the oldest of its kind makes room.
"""

import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from typing import Any

from tqdm import tqdm

from pixace.runtime.printable import printable

PAUSE = 1.0  # seconds in which letters gather, so that many go in one envelope
TOGETHER = 100  # letters of one kind in an envelope
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0  # seconds between two tries
PATIENCE = 60.0  # seconds without any progress before the end stops waiting


class UnreachableError(Exception):
    """The other side does not answer; it may later."""


class Outbox:
    """Sends letters in their order, each once it can be, in the background.

    Args:
      name: of the other side, for people.
      send: sends letters that are all of one type; called by one thread only. It raises
        `UnreachableError` when they should be sent again later. Anything else that it raises loses
        them, and is said once.
      most: for a type of letter, how many of them may wait.
    """

    def __init__(
        self, name: str, send: Callable[[list[Any]], None], most: dict[type, int] | None = None
    ) -> None:
        self._name, self._send, self._most = name, send, most or {}
        self._waiting: deque[Any] = deque()
        self._changed = threading.Condition()
        self._closing = self._failing = self._has_complained = False
        self._moved = time.monotonic()
        self.lost = 0  # letters that made room, or that the other side refused
        self._thread = threading.Thread(target=self._run, name=f"outbox {name}", daemon=True)
        self._thread.start()

    def put(self, *letters: Any) -> None:
        """Hands letters over; returns at once."""
        with self._changed:
            for letter in letters:
                self._make_room(type(letter))
                self._waiting.append(letter)
            self._changed.notify_all()

    def close(self) -> int:
        """Waits until everything is sent, or it is plain that it will not be.

        Returns:
          How many letters never arrived.
        """
        with self._changed:
            self._closing = True
            self._moved = time.monotonic()
            self._changed.notify_all()
        while self._thread.is_alive() and time.monotonic() - self._moved < PATIENCE:
            self._thread.join(0.1)
        with self._changed:
            return self.lost + len(self._waiting)

    def say(self, text: str) -> None:
        """Tells people something of the other side."""
        tqdm.write(printable(f"warning: {self._name} {text}"), file=sys.stderr)

    def _run(self) -> None:
        wait = FIRST_WAIT
        while envelope := self._next():
            was_last_try = self._closing
            try:
                self._send(envelope)
            except UnreachableError as why:
                self._complain(f"cannot be reached, and will be tried again ({_line(why)})")
                self._failing = True
                if was_last_try:
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, wait)
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            except Exception as why:
                self.lost += len(envelope)
                self._complain(f"refuses something, and goes without it ({_line(why)})")
            else:
                if self._failing:
                    self.say("can be reached again, and catches up")
                    self._has_complained = False
                self._failing, wait = False, FIRST_WAIT
            with self._changed:
                self._moved = time.monotonic()
                for letter in envelope:  # some may have made room meanwhile
                    if self._waiting and self._waiting[0] is letter:
                        self._waiting.popleft()

    def _next(self) -> list[Any]:
        """The letters to be sent next; none when all is done and the outbox is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(lambda: self._closing, PAUSE)
            alike = takewhile(lambda letter: type(letter) is type(self._waiting[0]), self._waiting)
            return list(islice(alike, TOGETHER))

    def _make_room(self, kind: type) -> None:
        most = self._most.get(kind)
        if most is not None and _count(self._waiting, kind) >= most:
            oldest = next(letter for letter in self._waiting if type(letter) is kind)
            self._waiting.remove(oldest)
            self.lost += 1

    def _complain(self, text: str) -> None:
        if not self._has_complained:
            self.say(f"{text}; the training is not disturbed")
        self._has_complained = True


def _count(letters: Iterable[Any], kind: type) -> int:
    return sum(type(letter) is kind for letter in letters)


def _line(why: BaseException) -> str:
    text = " ".join(str(why).split()) or type(why).__name__
    text = re.sub(r"//[^/@\s]*@", "//", text)  # no passwords out of addresses
    return text if len(text) <= 160 else f"{text[:159]}…"
