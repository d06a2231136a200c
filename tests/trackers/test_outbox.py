"""The outbox: nobody waits, order is kept, and what cannot be sent is counted."""

import threading
import time

import pytest

from pixace.trackers import outbox
from pixace.trackers.outbox import Outbox, UnreachableError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Tries again at once."""
    monkeypatch.setattr(outbox, "PAUSE", 0.01)
    monkeypatch.setattr(outbox, "FIRST_WAIT", 0.01)


class Server:
    """Keeps what it gets; away for some tries, or for ever."""

    def __init__(self, away=0):
        self.away = away
        self.envelopes = []
        self.tries = 0

    def __call__(self, letters):
        self.tries += 1
        if self.tries <= self.away:
            raise UnreachableError("no answer")
        if "bad" in letters:
            raise ValueError("what is this?")
        self.envelopes.append(list(letters))

    @property
    def letters(self):
        return [letter for envelope in self.envelopes for letter in envelope]


def test_letters_arrive_in_order_and_alike_ones_together(capsys):
    server = Server()
    box = Outbox("server", server)
    box.put(1, 2, "a", "b", 3)
    assert box.close() == 0
    assert server.envelopes == [[1, 2], ["a", "b"], [3]]
    assert capsys.readouterr().err == ""


def test_an_envelope_has_its_limit():
    server = Server()
    box = Outbox("server", server)
    box.put(*range(250))
    assert box.close() == 0
    assert [len(envelope) for envelope in server.envelopes] == [100, 100, 50]


def test_a_server_that_comes_back_gets_everything_and_is_complained_of_once(capsys):
    server = Server(away=3)
    box = Outbox("server", server)
    box.put(1, 2)
    while not server.envelopes:
        time.sleep(0.01)
    box.put(3)
    assert box.close() == 0
    assert server.letters == [1, 2, 3]
    said = capsys.readouterr().err
    assert said.count("server cannot be reached, and will be tried again (no answer)") == 1
    assert said.count("server can be reached again, and catches up") == 1


def test_a_server_that_stays_away_is_tried_once_more_at_the_end(monkeypatch):
    monkeypatch.setattr(outbox, "FIRST_WAIT", 1000.0)
    server = Server(away=10**9)
    box = Outbox("server", server)
    box.put(1, 2, "a")
    while not server.tries:
        time.sleep(0.01)
    assert box.close() == 3
    assert server.tries == 2


def test_a_server_that_hangs_keeps_nobody(monkeypatch):
    monkeypatch.setattr(outbox, "PATIENCE", 0.2)
    gone = threading.Event()
    box = Outbox("server", lambda letters: gone.wait(60))
    box.put(1)
    box.put("a")
    assert box.close() == 2
    gone.set()


def test_what_is_refused_is_lost_alone_and_said_once(capsys):
    server = Server()
    box = Outbox("server", server)
    box.put(1, "bad", 2, "bad", 3)
    assert box.close() == 2
    assert server.letters == [1, 2, 3]
    said = capsys.readouterr().err
    assert said.count("server refuses something, and goes without it (what is this?)") == 1


def test_what_waits_is_bounded_and_the_oldest_of_its_kind_makes_room():
    server = Server(away=1)
    box = Outbox("server", server, most={int: 3})
    box.put("begin")
    while not server.tries:
        time.sleep(0.01)
    with box._changed:  # the server cannot come back meanwhile
        for number in range(10):
            box._make_room(int)
            box._waiting.append(number)
    assert box.close() == 7
    assert server.letters == ["begin", 7, 8, 9]
