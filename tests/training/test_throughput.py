"""The pace of a training: what counts as its time, and what does not."""

import jax
import pytest

from pixace.training import throughput


class Clock:
    """A clock that is set by hand, and a device whose work is done when it is waited for."""

    def __init__(self):
        self.now, self.queued = 100.0, 0.0

    def __call__(self):
        return self.now

    def wait(self, _):
        self.now, self.queued = self.now + self.queued, 0.0


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(throughput.time, "perf_counter", clock)
    monkeypatch.setattr(jax, "block_until_ready", clock.wait)
    return clock


def stepped(shown, clock, seconds):
    """A step that the device will take so long for."""
    clock.queued += seconds
    shown.stepped(None)


def test_compiling_and_evaluating_do_not_count_and_all_steps_do(clock):
    with throughput.Pace(0, 10, each=30) as shown:
        stepped(shown, clock, 50.0)  # compiles
        assert shown.since() is None
        for _ in range(3):
            stepped(shown, clock, 2.0)
        with shown.paused(None):
            clock.wait(None)  # an evaluation comes after the steps
            clock.now += 1000.0
        stepped(shown, clock, 4.0)
        clock.wait(None)  # as reading the loss does
        assert shown.since() == pytest.approx(4 * 30 / 10)
        assert shown.median == pytest.approx(12)


def test_nothing_is_known_before_the_first_line(clock):
    with throughput.Pace(3, 10, each=1) as shown:
        assert shown.median is None
