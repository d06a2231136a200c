"""What is trained on and what is held out: as the data says, of what can be read, equals apart."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixace import tokenizers
from pixace.data import splits, token_set, token_set_writer, validation_split
from pixace.data.splits import Survey
from pixace.errors import SourceError
from pixace.sources import Record

TOKENIZER = tokenizers.by_spec("pixel size=4x2 colors=grey:256 order=raster")
SPLITS = (None, "train", "validation", "test")


@dataclass(frozen=True)
class One:
    """A picture of a number, or none that can be read."""

    shows: int
    bad: bool = False
    group: str | None = None
    label: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Source:
    """Pictures that are made up."""

    pictures: tuple[One, ...]
    spec: str = "source"

    def __len__(self):
        return len(self.pictures)

    def record(self, i):
        it = self.pictures[i]
        return Record(f"{self.spec}-{i}", it.group or f"{self.spec}-{i}", None, it.label, it.split)

    def read(self, i):
        if self.pictures[i].bad:
            return b"no picture"
        number = self.pictures[i].shows
        return np.repeat([number % 256, number // 256], 12).astype(np.uint8).reshape(2, 4, 3)

    def fingerprint(self):
        return str(hash(self.pictures))


def build(pictures, out, validation=None, validation_fraction=0.05, **how):
    survey = Survey(Source(tuple(pictures)), validation, validation_fraction)
    return token_set_writer.write(survey, out, TOKENIZER, **how)


def shown(opened, split):
    """The numbers that the rows of a split show, in order."""
    rows = opened.split(split)
    images = TOKENIZER.decode(rows.rows(np.arange(len(rows)))).astype(int)
    return (images[:, 0, 0, 0] + 256 * images[:, 1, 0, 0]).tolist()


def sides(opened):
    return shown(opened, "train"), shown(opened, "validation")


def different(count, **about):
    return [One(i, **about) for i in range(count)]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


pictures = st.lists(
    st.builds(
        One,
        shows=st.integers(0, 12),
        bad=st.sampled_from([False, False, False, True]),
        group=st.sampled_from([None, None, "a", "b", "c"]),
        label=st.sampled_from([None, "cat"]),
        split=st.sampled_from(SPLITS),
    ),
    min_size=1,
    max_size=24,
)


@settings(max_examples=150, deadline=None)
@given(
    made=pictures,
    unmarked=st.booleans(),
    others=st.none() | pictures,
    fraction=st.sampled_from([0.0, 0.05, 0.3, 0.9]),
)
def test_every_picture_is_somewhere_and_none_on_both_sides(
    tmp_path_factory, made, unmarked, others, fraction
):
    made = [One(it.shows, it.bad, it.group, it.label) for it in made] if unmarked else made
    folder = tmp_path_factory.mktemp("sets")
    own = Source(tuple(made))
    other = None if others is None else Source(tuple(others), "other")
    try:
        opened = token_set_writer.write(Survey(own, other, fraction), folder / "1", TOKENIZER)
    except SourceError:
        assert list(folder.iterdir()) == []  # nothing to train on, or to judge by
        listed = [*made, *(others or [])]
        assert any(it.bad or it.split in ("validation", "test") for it in listed)
        return
    header, (train, validation) = opened.header, sides(opened)
    listed = len(made) + len(others or [])
    assert header.listed == listed
    assert header.splits == {"train": len(train), "validation": len(validation)}
    left_out = sum(header.left_out.values())
    assert len(train) + len(validation) + header.skipped + left_out == listed
    assert header.skipped == len(header.skipped_first)
    assert train
    assert not set(train) & set(validation)
    assert header.repeated == len(train) - len(set(train)) + len(validation) - len(set(validation))
    bad = {f"source-{i}" for i, it in enumerate(made) if it.bad}
    bad |= {f"other-{i}" for i, it in enumerate(others or []) if it.bad}
    assert {reason.partition(":")[0] for reason in header.skipped_first} <= bad
    if len({it.split for it in made}) > 1:  # the marks say something
        tested = {it.shows for it in made if it.split == "test"}
        trained = {it.shows for it in made if it.split in (None, "train")}
        assert set(train) <= trained
        assert not (tested - trained) & set(train)
    elif other is None:
        names = [{it["name"] for it in opened.records(split)} for split in header.splits]
        groups = [{own.record(int(name.split("-")[1])).group for name in side} for side in names]
        assert not groups[0] & groups[1]


def test_the_number_of_workers_changes_nothing_where_pictures_change_sides(tmp_path):
    made = [
        One(i % 700, bad=i % 97 == 5, group=f"{i // 2}", label=f"{i % 3}", split=SPLITS[:2][i % 2])
        for i in range(1500)
    ]
    made[3] = One(9999, split="test")
    for workers in (1, 2):
        build(made, tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    opened = token_set.open_set(tmp_path / "1")
    train, validation = sides(opened)
    assert validation
    assert not set(train) & set(validation)
    assert 9999 not in train + validation


def chosen(count, fraction=0.05):
    """The numbers that are held out of so many different pictures, where none is bad."""
    groups = validation_split.hashes((f"source-{i}" for i in range(count)), count)
    held_out = validation_split.pick(groups, fraction)
    return np.flatnonzero(held_out).tolist()


def test_a_broken_picture_that_was_to_be_held_out_makes_place_for_another(tmp_path):
    made = different(20)
    (first,) = chosen(20)
    made[first] = One(first, bad=True)
    opened = build(made, tmp_path / "set")
    train, validation = sides(opened)
    assert len(validation) == 1
    assert validation[0] != first
    assert sorted(train + validation) == [i for i in range(20) if i != first]
    assert train == sorted(train)


@pytest.mark.parametrize("block", [1, 8, 40, 10_000])
def test_rows_and_records_change_sides_together_and_in_order(tmp_path, monkeypatch, block):
    monkeypatch.setattr(token_set_writer, "BLOCK_TOKENS", block)
    made = [One(i, label=f"of {i}") for i in range(60)]
    for i in chosen(60, 0.2):
        made[i] = One(i, bad=True, label="bad")
    opened = build(made, tmp_path / "set", validation_fraction=0.2)
    for split in ("train", "validation"):
        numbers = shown(opened, split)
        assert numbers == sorted(numbers)
        assert [it["label"] for it in opened.records(split)] == [f"of {i}" for i in numbers]
        assert [it["name"] for it in opened.records(split)] == [f"source-{i}" for i in numbers]
    assert opened.header.splits == {"train": 38, "validation": 10}
    assert {path.name for path in (tmp_path / "set").iterdir()} == {
        "header.json", "records.jsonl", "train-00000.npy", "validation-00000.npy"
    }  # fmt: skip


def test_pictures_that_are_there_twice_are_on_one_side(tmp_path):
    opened = build(different(60) + different(60), tmp_path / "set")
    train, validation = sides(opened)
    assert (len(train), len(validation), opened.header.repeated) == (114, 6, 60)
    assert sorted(validation) == sorted(2 * list(set(validation)))
    assert not set(train) & set(validation)


def test_one_copy_changes_the_choice_for_itself_alone(tmp_path):
    first, *others = chosen(100)
    opened = build([*different(100), One(first)], tmp_path / "set", validation_fraction=0.05)
    train, validation = sides(opened)
    assert set(others) <= set(validation)
    assert not set(train) & set(validation)
    assert len(validation) == 5


def test_many_equal_pictures_are_trained_on(tmp_path):
    blank = [One(999) for _ in range(40)]
    opened = build([*different(60), *blank], tmp_path / "set", validation_fraction=0.1)
    assert len(shown(opened, "validation")) == 10
    assert 999 not in shown(opened, "validation")


def test_groups_with_equal_rows_go_together(tmp_path):
    made = [
        One(i // 2 + i % 2, group=f"{i // 2}") for i in range(12)
    ]  # each shares one with the next
    made += [One(100 + i) for i in range(8)]
    opened = build(made, tmp_path / "set", validation_fraction=0.5)
    chain = set(range(7))
    assert chain <= set(shown(opened, "train")) or chain <= set(shown(opened, "validation"))


def test_groups_are_joined_along_chains_of_any_length():
    count = 5000
    random = np.random.default_rng(0)
    names = random.permutation(count).astype(np.uint64)
    groups = np.repeat(names, 2)
    rows = np.concatenate([[0], np.repeat(np.arange(1, count), 2), [count]]).astype(np.uint64)
    assert (validation_split.joined(groups, rows) == count - 1).all()
    assert validation_split.joined(groups, np.arange(2 * count, dtype=np.uint64)) is groups


def test_marks_are_obeyed(tmp_path):
    made = [One(i, split=SPLITS[1 + i % 3]) for i in range(30)]
    header = build(made, tmp_path / "set").header
    assert sides(token_set.open_set(tmp_path / "set")) == (
        list(range(0, 30, 3)),
        list(range(1, 30, 3)),
    )
    assert header.validation_fraction == 0
    assert header.marked == {"train": 10, "validation": 10, "test": 10}
    assert header.left_out == {"test": 10}
    assert json.loads((tmp_path / "set" / "header.json").read_text())["left_out"] == {"test": 10}


def test_a_test_picture_is_never_read(tmp_path):
    made = [*different(10, split="train"), One(70, bad=True, split="test")]
    header = build(made, tmp_path / "set", strict=True).header
    assert (header.skipped, header.left_out) == (0, {"test": 1})


def test_without_validation_pictures_some_are_held_out_of_the_training_part(tmp_path):
    made = different(20, split="train") + [One(100 + i, split="test") for i in range(5)]
    train, validation = sides(build(made, tmp_path / "set", validation_fraction=0.2))
    assert (len(train), len(validation)) == (16, 4)
    assert sorted(train + validation) == list(range(20))


def test_validation_pictures_that_are_all_bad_are_none(tmp_path):
    made = [*different(20, split="train"), One(50, bad=True, split="validation")]
    opened = build(made, tmp_path / "set")
    assert opened.header.splits == {"train": 19, "validation": 1}
    assert opened.header.skipped == 1


def test_training_pictures_equal_to_validation_ones_are_left_out(tmp_path):
    made = different(20, split="train")
    made += [One(i, split="validation") for i in (3, 4, 50, 51)]
    opened = build(made, tmp_path / "set")
    assert sides(opened) == ([i for i in range(20) if i not in (3, 4)], [3, 4, 50, 51])
    assert opened.header.left_out == {"equal": 2}


def test_training_pictures_that_are_all_held_out_ones_too_are_trained_on(tmp_path):
    others = Source(tuple(different(22)), "others")
    opened = build(different(20), tmp_path / "set", validation=others)
    assert sides(opened) == (list(range(20)), [20, 21])
    assert opened.header.left_out == {"equal": 20}


def test_marks_that_say_the_same_of_all_say_nothing(tmp_path):
    for split in SPLITS:
        opened = build(different(20, split=split), tmp_path / str(split))
        assert opened.header.splits == {"train": 19, "validation": 1}
        assert (opened.header.marked, opened.header.left_out) == ({}, {})


def test_nothing_to_train_on_is_an_error(tmp_path):
    made = [One(1, split="validation"), One(2, split="test")]
    with pytest.raises(SourceError, match="are marked as validation or test, and none is left"):
        build(made, tmp_path / "set")
    made += [One(3, bad=True, split="train")]
    with pytest.raises(SourceError, match="none of the 1 pictures of source that are to be"):
        build(made, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_a_source_for_validation_wins_over_marks(tmp_path):
    made = [One(i, split=SPLITS[1 + i % 3]) for i in range(30)]
    others = [One(0), One(1), One(70), One(71, split="test")]
    opened = build(made, tmp_path / "set", validation=Source(tuple(others), "others"))
    assert sides(opened) == (list(range(3, 30, 3)), [0, 1, 70])
    assert opened.header.left_out == {"validation": 10, "test": 11, "equal": 1}
    assert opened.header.listed == 34


def test_a_survey_gives_places_without_reading():
    part = splits.survey(Source((One(0, bad=True), One(1, split="test"), One(2))), 0.0)
    assert part.wanted.tolist() == part.training.tolist() == [0, 2]
    assert not part.read.any()
