"""Damaged files of every kind, by the hundred: all are read, or refused in a line."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from fuzz_corpus import corpus
from fuzz_mutations import damaged

from pixace.errors import PixaceError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def files():
    return corpus()


def test_sound_files_are_read(files, tmp_path):
    from faults_fuzz import READERS

    (tmp_path / "ok.png").write_bytes(files["picture/plain.png"])
    for name, raw in files.items():
        kind, _, file = name.partition("/")
        (tmp_path / file).write_bytes(raw)
        try:
            assert READERS[kind](tmp_path / file) is not None
        except PixaceError as why:  # no fault of the corpus, and so none of what is found with it
            pytest.fail(f"{name}: {why}")
        (tmp_path / file).unlink()


def test_an_input_is_made_of_its_seed(files):
    for name in ("source/a.tar.gz", "source/packed.npz", "picture/plain.png", "gin/a.gin"):
        assert damaged(name, files, Random(7)) == damaged(name, files, Random(7))
        assert len({damaged(name, files, Random(seed)) for seed in range(20)}) > 15


def test_no_damage_is_a_fault():
    """Each kind of file damaged in twenty ways; the benchmark itself takes any number of them."""
    words = [sys.executable, str(BENCHMARKS / "faults_fuzz.py"), "--n", "1500", "--seed", "0"]
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    told = json.loads(answer.stdout)
    assert told["faults"] == {}
    assert told["inputs"] == told["read"] + told["refused"] == 1500
    assert told["read"] > 150
