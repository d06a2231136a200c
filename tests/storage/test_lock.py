"""Folders in which one process is at work at a time."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixace.errors import PixaceError
from pixace.storage import lock
from pixace.storage.lock import alone

HOLDS = """
import sys, time
from pathlib import Path
from pixace.storage.lock import alone
with alone(Path(sys.argv[1]), "training"):
    print("holds", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that is at work in the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def left(folder, *, host="elsewhere", seconds=0.0):
    """A lock as one leaves it whose host cannot be asked."""
    place = folder / lock.NAME
    place.write_text(
        json.dumps({"doing": "training", "process": 7, "host": host, "since": "2026-01-02 03:04"})
    )
    then = time.time() - seconds
    os.utime(place, (then, then))
    return place


def test_nothing_is_left(tmp_path):
    for _ in range(2):
        with alone(tmp_path, "training"):
            said = json.loads((tmp_path / lock.NAME).read_text())
            assert (said["process"], said["host"]) == (os.getpid(), socket.gethostname())
        assert not [*tmp_path.iterdir()]


def test_the_second_is_told_of_the_first(tmp_path, other):
    with pytest.raises(PixaceError) as why, alone(tmp_path, "me"):
        pass
    assert str(why.value).startswith(
        f"{tmp_path} is in use: training (process {other.pid} on {socket.gethostname()}, since 20"
    )
    assert str(why.value).endswith("wait until it is done")


def test_a_crash_leaves_nothing_locked(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / lock.NAME).exists()
    with alone(tmp_path, "me"):
        assert json.loads((tmp_path / lock.NAME).read_text())["doing"] == "me"


def test_what_another_host_touched_just_now_is_held(tmp_path):
    place = left(tmp_path)
    with pytest.raises(PixaceError, match="process 7 on elsewhere, since 2026-01-02 03:04"):
        alone(tmp_path, "me").__enter__()
    assert [*tmp_path.iterdir()] == [place], "and stays as it was"
    left(tmp_path, seconds=2 * lock.SILENCE)
    with alone(tmp_path, "me"):
        pass


def test_without_locks_of_the_system_being_touched_is_enough(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock.fcntl, "flock", unknown)
    with (
        alone(tmp_path, "first"),
        pytest.raises(PixaceError, match="in use: first"),
        alone(tmp_path, "second"),
    ):
        pass
    left(tmp_path, host=socket.gethostname(), seconds=2 * lock.SILENCE)
    with alone(tmp_path, "third"):
        pass


def test_it_is_touched_as_long_as_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.01)
    with alone(tmp_path, "me"):
        place = tmp_path / lock.NAME
        os.utime(place, (0, 0))
        until = time.monotonic() + 10
        while place.stat().st_mtime < 1e9:
            assert time.monotonic() < until, "nobody touches it"


def test_what_another_takes_away_meanwhile_is_asked_for_once_more(tmp_path, monkeypatch):
    """It was opened before, and locked after: such a file is nobody's."""
    own, taken_away = lock._lock, []

    def late(file):
        if not taken_away:
            taken_away.append(file.name)
            Path(file.name).unlink()
        return own(file)

    monkeypatch.setattr(lock, "_lock", late)
    with alone(tmp_path, "me"):
        assert (tmp_path / lock.NAME).exists()
    assert taken_away


@pytest.mark.parametrize("text", ["", "{", "[]", '{"doing": 1}'])
def test_of_a_holder_who_says_nothing_of_himself_nothing_is_said(tmp_path, text):
    with alone(tmp_path, "me"):
        (tmp_path / lock.NAME).write_text(text)
        with pytest.raises(PixaceError, match="is in use: by another process; wait"):
            alone(tmp_path, "you").__enter__()
