"""So many pictures of a source: evenly, and the same ones each time."""

import pickle

import numpy as np
import pytest

import pixace
from pixace.data import token_set
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_cache import cached
from pixace.errors import ConfigError
from pixace.sources import limited, open_source


@pytest.fixture
def source():
    numbers = np.arange(200, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 6), np.uint8)
    return open_source(numbers)


@pytest.mark.parametrize("count", [1, 2, 7, 100, 199])
def test_one_picture_of_each_stretch_is_taken(source, count):
    few = limited(source, count)
    assert len(few) == count
    for each in (few, limited(source, count), pickle.loads(pickle.dumps(few))):
        taken = [int(each.read(i)[0, 0]) for i in range(count)]
        assert taken == [int(few.read(i)[0, 0]) for i in range(count)]
    for i, number in enumerate(taken):
        assert i * 200 // count <= number < (i + 1) * 200 // count
        assert few.record(i) == source.record(number)
    assert few.spec == source.spec


def test_what_alternates_is_taken_alike(source):
    taken = np.array([limited(source, 100).read(i)[0, 0] % 2 for i in range(100)])
    assert 30 < taken.sum() < 70


@pytest.mark.parametrize("count", [None, 200, 10_000])
def test_more_than_there_are_is_all(source, count):
    assert limited(source, count) is source


def test_another_number_has_another_fingerprint(source):
    marks = {limited(source, count).fingerprint() for count in (5, 6, 200)}
    assert len(marks) == 3
    assert limited(source, 5).fingerprint() in marks


def test_token_sets_are_limited(source, tmp_path):
    made = pixace.tokenize(source, tmp_path / "set", size=4, limit=20, validation_fraction=0.25)
    assert made.header.splits == {"train": 15, "validation": 5}
    everything = pixace.tokenize(source, tmp_path / "all", size=4, limit=1000)
    assert sum(everything.header.splits.values()) == 200
    assert token_set.open_set(tmp_path / "all").header.origin.pictures == 200


def test_the_validation_part_is_limited_too(source, tmp_path):
    others = np.random.default_rng(1).integers(0, 256, (200, 6, 6), np.uint8)
    made = pixace.tokenize(source, tmp_path / "set", size=4, limit=20, validation=others)
    assert made.header.splits == {"train": 20, "validation": 20}


def test_token_sets_are_kept_by_their_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path))
    made = [cached(Preprocessing(8, limit=limit), "digits") for limit in (30, 40, 30)]
    assert [sum(each.header.splits.values()) for each in made] == [30, 40, 30]
    assert made[0].path == made[2].path != made[1].path


@pytest.mark.parametrize("limit", [0, -3, 1.5, True])
def test_other_numbers_are_refused(source, tmp_path, limit):
    with pytest.raises(ConfigError, match="limit"):
        pixace.tokenize(source, tmp_path / "set", size=4, limit=limit)
    with pytest.raises(ConfigError, match="limit"):
        Preprocessing(limit=limit)
    assert not (tmp_path / "set").exists()
