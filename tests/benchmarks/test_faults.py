"""A little of what `bin/faults` tries at length, and that it finds what is wrong."""

import random

import faults_flips
import faults_kills
import pytest
from faults_flips import Kind, chosen, fate_of

from pixace.errors import PixaceError


def test_flipped_bits_are_found_in_all_that_is_kept(tmp_path):
    facts = list(faults_flips.flipped(tmp_path, 60))
    assert [fact["kind"] for fact in facts] == [
        "token set",
        "model file",
        "description",
        "checkpoints",
        "compressed",
    ]
    assert [fact["faults"] for fact in facts] == [[]] * 5
    assert sum(fact.get("found", 0) for fact in facts) > 50


def read_kindly(at):
    """Refuses one byte, ignores the first half of another, fails for a third."""
    first, second, third = (at / "file").read_bytes()
    if first != 1:
        raise PixaceError("damaged")
    if third != 3:
        raise ValueError("what?")
    return second & 0x0F


@pytest.mark.parametrize(
    ("bit", "fate"),
    [(0, "found"), (15, "harmless"), (8, "silent"), (23, "fault: ValueError: what?")],
)
def test_what_comes_of_a_flip_is_told_apart(tmp_path, bit, fate):
    place = tmp_path / "set"
    place.mkdir()
    (place / "file").write_bytes(b"\x01\x02\x03")
    kind = Kind("set", place, read_kindly)
    assert fate_of(kind, place / "file", bit, 2, tmp_path / "copy") == fate
    assert (place / "file").read_bytes() == b"\x01\x02\x03"


def test_each_bit_of_all_files_may_be_chosen(tmp_path):
    (tmp_path / "a").write_bytes(b"\x00")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"\x00\x00")
    luck = random.Random(0)
    found = {(file.name, bit) for file, bit in (chosen(tmp_path, luck) for _ in range(1000))}
    assert found == {("a", bit) for bit in range(8)} | {("c", bit) for bit in range(16)}


@pytest.mark.slow
def test_a_training_that_is_killed_ends_as_any_other(tmp_path):
    (fact,) = faults_kills.killed(tmp_path, 2, only="train")
    assert (fact["kills"], fact["faults"]) == (2, [])


@pytest.mark.slow
def test_commands_that_are_killed_leave_nothing_half(tmp_path):
    for name in ("tokenize", "generate"):
        folder = tmp_path / name
        folder.mkdir()
        (fact,) = faults_kills.killed(folder, 1, only=name)
        assert (fact["kills"], fact["faults"]) == (1, [])
