"""Metrics: units, and a log that survives being cut short and resumed."""

import json
import math

import pytest

from pixace.metrics import MetricsLog, bits_per_pixel, read


def test_one_token_a_pixel_costs_its_nats_in_bits():
    assert bits_per_pixel(math.log(256), length=64, pixels=64) == pytest.approx(8)


def test_fewer_tokens_than_pixels_share_their_cost():
    assert bits_per_pixel(math.log(256), length=16, pixels=64) == pytest.approx(2)


def test_lines_come_back_as_written(tmp_path):
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write(10, loss=1.5)
        log.write(20, validation_loss=1.25)
    assert read(tmp_path / "metrics.jsonl") == [
        {"step": 10, "loss": 1.5},
        {"step": 20, "validation_loss": 1.25},
    ]


def test_resuming_drops_what_will_be_done_again(tmp_path):
    with MetricsLog(tmp_path, tensorboard=False) as log:
        for step in (10, 20, 30):
            log.write(step, loss=float(step))
    with MetricsLog(tmp_path, since=20, tensorboard=False) as log:
        log.write(30, loss=0.5)
    assert [line["loss"] for line in read(tmp_path / "metrics.jsonl")] == [10, 20, 0.5]


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps({"step": 1, "loss": 2.0}) + '\n{"step": 2, "lo')
    assert read(path) == [{"step": 1, "loss": 2.0}]


def test_tensorboard_gets_numbers_and_pictures(tmp_path):
    import numpy as np

    with MetricsLog(tmp_path) as log:
        log.write(1, loss=2.0)
        log.picture(1, "samples", np.zeros((4, 4, 3), np.uint8))
    [events] = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"loss" in content
    assert b"samples" in content
