"""Trackers by name."""

import numpy as np
import pytest

from pixace import trackers
from pixace.errors import ConfigError
from pixace.trackers import Story
from pixace.trackers.tensorboard import TensorBoard


@pytest.mark.parametrize("track", ["tensorboard", "tensorboard,tensorboard", " tensorboard "])
def test_one_tracker_is_opened_once(tmp_path, track):
    [tracker] = trackers.opened(track, Story(tmp_path))
    assert isinstance(tracker, TensorBoard)
    tracker.finish("finished")


def test_none_means_none(tmp_path):
    assert trackers.opened("none", Story(tmp_path)) == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("track", "words"),
    [
        ("tensorbord", "no tracker 'tensorbord'.*tensorboard"),
        ("", "no tracker ''"),
        ("tensorboard:http://x", "no tracker"),
        ("none,tensorboard", "none means no tracker at all"),
        ("mlflow,mlflow:http://server", "one MLflow at a time"),
    ],
)
def test_what_cannot_be_tracked_is_refused(track, words):
    with pytest.raises(ConfigError, match=words):
        trackers.check(track)


def test_tensorboard_gets_numbers_and_pictures(tmp_path):
    [tracker] = trackers.opened("tensorboard", Story(tmp_path))
    tracker.numbers(1, {"loss": 2.0})
    tracker.picture(1, "samples", np.zeros((4, 4, 3), np.uint8))
    tracker.artifact(tmp_path / "model.safetensors")
    tracker.finish("finished")
    [events] = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"loss" in content
    assert b"samples" in content
