"""Classes and splits out of folders."""

import pytest

from pixace.sources import open_source
from pixace.sources.hierarchy import standings


def labels(*folders):
    return [standings(folders)[folder].label for folder in folders]


def splits(*folders):
    return [standings(folders)[folder].split for folder in folders]


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (["", "cats", "cats/deep", "dogs"], [None, "cats", "deep", "dogs"]),
        (["train/n01/images", "train/n02/images"], ["n01", "n02"]),
        (["n01/images/small", "n02/images/small"], ["n01", "n02"]),
        (["train/n01/images", "train/n02/images", "val/images"], ["n01", "n02", None]),
        (["Greek/c1", "Greek/c2", "Latin/c1", "Latin/c2"],) * 2,
        (["a/Greek/c1", "a/Latin/c1", "b/Latin/c2"], ["Greek/c1", "Latin/c1", "c2"]),
        (["a/x/c1", "b/x/c1", "a/y/c1"], ["a/x", "b/x", "a/y"]),
        (["A/1", "A/2", "A/3", "B/1", "B/2"],) * 2,
        (["pet/cat", "pet/dog", "pet/x", "bird/x"], ["cat", "dog", "pet/x", "bird/x"]),
        (["food/plum", "food/fruit/plum", "food/fruit/kiwi"], ["plum", "plum", "kiwi"]),
        (["plum", "fruit/plum"], ["plum", "fruit/plum"]),
        (["train/cat", "valid/cat"], ["cat", "cat"]),
        (["part1/cat", "part1/dog", "part2/cat"], ["cat", "dog", "cat"]),
        (["part1", "part2"], ["part1", "part2"]),
        (["images"], ["images"]),
        (["cat", "Cat"], ["cat", "Cat"]),
        (["caf\u00e9", "cafe\u0301", " caf\u00e9 "], ["caf\u00e9"] * 3),
        (["\udcff", "\udcfe"], [r"\xff", r"\xfe"]),
        ([" "], [None]),
    ],
)
def test_a_class_is_the_innermost_folder_that_tells_it_from_others(folders, classes):
    assert labels(*folders) == classes


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["train", "test"], ["train", "test"]),
        (["train/cat", "valid/cat", "test/dog"], ["train", "validation", "test"]),
        (["Training/cat", "VAL/cat"], ["train", "validation"]),
        (["all/train/cat", "all/dev/cat"], ["train", "validation"]),
        (["seg_train/seg_train/sea", "seg_test/seg_test/sea"], ["train", "test"]),
        (["train2017", "val2017"], ["train", "validation"]),
        (["training_set/cat", "test_set/cat"], ["train", "test"]),
        (["train", "test", "extra"], ["train", "test", "train"]),
        (["training/0", "validation/0", "evaluation/0"], ["train", "validation", "test"]),
        (["cat/train", "cat/test", "dog/train"], ["train", "test", "train"]),
        (["", "train/cat", "test/cat"], [None, "train", "test"]),
        (["train", "bus"], [None, None]),
        (["train/cat"], [None]),
        (["cat", "dog", "test"], [None, None, None]),
        (["cat/train", "cat/test", "dog"], [None, None, None]),
        (["my train", "your test"], [None, None]),
    ],
)
def test_splits_are_folders_side_by_side_with_nothing_else(folders, expected):
    assert splits(*folders) == expected


def test_splits_are_no_classes():
    found = ["seg_train/seg_train/sea", "seg_test/seg_test/sea", "seg_test/seg_test/ice"]
    assert labels(*found) == ["sea", "sea", "ice"]
    assert labels("train", "test") == [None, None]
    assert labels("cat/train", "cat/test", "dog/train") == ["cat", "cat", "dog"]


def test_a_folder_gives_them_to_its_pictures(tmp_path, png):
    for name in ("train/cat/a.png", "train/dog/a.png", "valid/cat/b.png", "test/dog/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(1))
    records = {record.name: record for record in map(open_source(tmp_path, True).record, range(4))}
    assert {name: (record.split, record.label) for name, record in records.items()} == {
        "train/cat/a.png": ("train", "cat"),
        "train/dog/a.png": ("train", "dog"),
        "valid/cat/b.png": ("validation", "cat"),
        "test/dog/c.png": ("test", "dog"),
    }
    assert open_source(tmp_path).record(0).split == "test"
    assert open_source(tmp_path).record(0).label is None
    assert open_source(tmp_path / "test", labels=True).record(0).split is None


def test_the_fingerprint_knows_what_folders_say_beyond_their_names(tmp_path, png):
    for name in ("a/x/1.png", "b/x/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(1))
    assert open_source(tmp_path).fingerprint() != open_source(tmp_path, True).fingerprint()
    plain, labelled = (open_source(tmp_path / "a", wanted) for wanted in (False, True))
    assert plain.fingerprint() == labelled.fingerprint()
