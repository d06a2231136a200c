"""Arguments that are short for bindings: any kind of number, and only what a line can hold."""

import math
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from pixace.config import gin_files, parts
from pixace.config.shorthands import lines
from pixace.errors import ConfigError


def test_what_has_no_value_is_left_as_it_is():
    assert lines("train", steps=3, seed=None, track="none") == [
        "train.steps = 3",
        "train.track = 'none'",
    ]


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, np.array, jnp.int32])
def test_whole_numbers_of_others_are_written_as_ours(kind):
    assert lines("codebook", codes=kind(8), downsample=kind(4)) == [
        "codebook.codes = 8",
        "codebook.downsample = 4",
    ]


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64, np.array, jnp.float32])
def test_fractions_of_others_are_written_as_ours(kind):
    assert lines("train", learning_rate=kind(0.25)) == ["train.learning_rate = 0.25"]


def test_texts_and_lists_are_written_as_ours():
    assert lines("pictures", size=np.str_("4x2")) == ["pictures.size = '4x2'"]
    assert lines("captions", use=np.True_, templates=["{label}"]) == [
        "captions.use = True",
        "captions.templates = ['{label}']",
    ]


def test_what_was_written_is_what_is_bound():
    given = lines("pictures", size=np.int64(4), background=np.str_("black"))
    prepared = parts.pictures(gin_files.load("digits", given).values)
    assert (prepared.size, prepared.background) == (4, "black")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "train.learning_rate is nan; it must be a finite number"),
        (np.float32("inf"), "train.learning_rate is inf; it must be a finite number"),
        (np.arange(2.0), r"train.learning_rate = array\(\[0., 1.\]\) is no number and no text"),
        (Path("x"), "is no number and no text"),
        (np.zeros((30, 30)), "train.learning_rate = array.*… is no number and no text"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_line_can_hold_is_refused(value, words):
    with pytest.raises(ConfigError, match=words) as caught:
        lines("train", learning_rate=value)
    assert "\n" not in str(caught.value)
