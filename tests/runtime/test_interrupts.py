"""Signals are wishes to stop, heard once; what a process is deaf to stays unheard."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from pixace.runs.run_folder import Run
from pixace.runtime.interrupts import stopped_by_signal


@pytest.fixture
def hangup():
    """Puts back what SIGHUP does."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_of_them_is_heard(number, hangup, capsys):
    before = signal.getsignal(number)
    with stopped_by_signal() as stopped:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()
    assert stopped(), "also when all is done"
    assert signal.getsignal(number) is before
    assert capsys.readouterr().err == "\nstopping: saving a checkpoint …\n"


def test_a_second_hangup_changes_nothing_and_ctrl_c_still_ends_it(hangup, capsys):
    with stopped_by_signal() as stopped:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert capsys.readouterr().err.count("stopping") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_was_ignored_at_the_start_stays_ignored(number, hangup):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with stopped_by_signal() as stopped:
            os.kill(os.getpid(), number)
            assert not stopped()
            assert signal.getsignal(number) is signal.SIG_IGN
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_a_terminal_that_is_gone_does_not_disturb(hangup, monkeypatch):
    class Gone:
        def write(self, _):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    with stopped_by_signal() as stopped:
        os.kill(os.getpid(), signal.SIGHUP)
        assert stopped()


BEHIND_A_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize("deaf", [False, True], ids=["closed", "nohup"])
def test_closing_the_terminal_saves(tiny, tiny_pictures, tmp_path, deaf):
    """A real terminal, with the bar on it."""
    sets = [f"--set={line}" for line in tiny]
    words = [
        *(sys.executable, "-m", "pixace", "train", str(tiny_pictures), "--gin", "base", *sets),
        *("--steps", "1000000", "--set=train.evaluate_every = 1000000"),
        *("--runs", str(tmp_path), "--name", "long"),
    ]
    # In a process of its own, as this one has JAX's threads and must not fork.
    terminal, inside = pty.openpty()
    began = subprocess.Popen(
        [sys.executable, "-c", BEHIND_A_TERMINAL, "deaf" if deaf else "", *words],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    log = tmp_path / "long" / "metrics.jsonl"
    os.set_blocking(terminal, False)
    try:
        _wait(lambda: _drain(terminal) and log.exists() and log.stat().st_size > 500)
        os.close(terminal)
        time.sleep(1)
        if not deaf:
            _wait(lambda: Run(tmp_path / "long").read().status != "running")
        description = Run(tmp_path / "long").read()
        if deaf:
            assert began.poll() is None, "it goes on"
            assert description.status == "running"
        else:
            assert description.status == "stopped"
            assert (tmp_path / "long" / "checkpoints" / str(description.step)).is_dir()
            assert (tmp_path / "long" / "model.safetensors").exists()
    finally:
        began.kill()
        began.wait()


def _drain(terminal):
    with contextlib.suppress(BlockingIOError):
        os.read(terminal, 10_000)
    return True


def _wait(done):
    for _ in range(1200):
        if done():
            return
        time.sleep(0.1)
    raise TimeoutError
