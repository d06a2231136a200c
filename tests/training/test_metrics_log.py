"""Metrics: units, and a log that survives being cut short and resumed."""

import json
import math
from contextlib import suppress
from pathlib import Path

import pytest

from pixace.evaluation.likelihood import bits_per_pixel
from pixace.training.metrics_log import MetricsLog, read


def test_one_token_a_pixel_costs_its_nats_in_bits():
    assert bits_per_pixel(math.log(256), length=64, pixels=64) == pytest.approx(8)


def test_fewer_tokens_than_pixels_share_their_cost():
    assert bits_per_pixel(math.log(256), length=16, pixels=64) == pytest.approx(2)


def test_lines_come_back_as_written(tmp_path):
    with MetricsLog(tmp_path) as log:
        log.write(10, loss=1.5)
        log.write(20, validation_loss=1.25)
    assert read(tmp_path / "metrics.jsonl") == [
        {"step": 10, "loss": 1.5},
        {"step": 20, "validation_loss": 1.25},
    ]


def test_resuming_drops_what_will_be_done_again(tmp_path):
    with MetricsLog(tmp_path) as log:
        for step in (10, 20, 30):
            log.write(step, loss=float(step))
    with MetricsLog(tmp_path, since=20) as log:
        log.write(30, loss=0.5)
    assert [line["loss"] for line in read(tmp_path / "metrics.jsonl")] == [10, 20, 0.5]


def test_a_crash_while_lines_are_dropped_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    with MetricsLog(tmp_path) as log:
        log.write(10, loss=1.0)
        log.write(20, loss=2.0)
    before = (tmp_path / "metrics.jsonl").read_text()

    def crash(self, text, **_):
        self.write_bytes(text.encode()[: len(text) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", crash)
    with pytest.raises(KeyboardInterrupt):
        MetricsLog(tmp_path, since=10)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]
    assert (tmp_path / "metrics.jsonl").read_text() == before


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps({"step": 1, "loss": 2.0}) + '\n{"step": 2, "lo')
    assert read(path) == [{"step": 1, "loss": 2.0}]


@pytest.mark.parametrize(
    "damage",
    [b'{"step": 2, "lo', b"[2]", b'{"loss": 1.0}', b'{"step": 2, "loss": "\xff"}', b"[" * 9999],
    ids=lambda it: it[:16],
)
def test_a_damaged_line_takes_no_other_with_it(tmp_path, damage):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 2.0}\n' + damage + b'\n{"step": 3, "loss": 1.0}\n')
    assert [line["step"] for line in read(path)] == [1, 3]
    with MetricsLog(tmp_path, since=3) as log:
        log.write(4, loss=0.5)
    assert [line["step"] for line in read(path)] == [1, 3, 4]


class Told:
    """A tracker that remembers what it is told."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *what: self.calls.append((name, *what))


def test_trackers_are_told_everything_and_the_end(tmp_path):
    told = Told()
    with MetricsLog(tmp_path, trackers=[told]) as log:
        log.write(1, loss=2.0)
        log.picture(1, "samples", "picture")
        log.artifact(tmp_path / "model")
    assert told.calls == [
        ("numbers", 1, {"loss": 2.0}),
        ("picture", 1, "samples", "picture"),
        ("artifact", tmp_path / "model"),
        ("finish", "finished"),
    ]


@pytest.mark.parametrize(("error", "status"), [(None, "stopped"), (ValueError, "failed")])
def test_trackers_are_told_of_another_end(tmp_path, error, status):
    told = Told()
    with suppress(ValueError), MetricsLog(tmp_path, trackers=[told]) as log:
        log.status = "stopped"
        if error:
            raise error
    assert told.calls == [("finish", status)]
