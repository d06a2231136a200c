"""Several files as one source: braces, stars, and folders of shards."""

import io
import pickle
import tarfile

import numpy as np
import pytest

from pixace import tokenize
from pixace.errors import SourceError
from pixace.sources import open_source
from pixace.sources.addresses import absolute, stem
from pixace.sources.several import split_of


def make_tar(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.fixture
def tars(tmp_path, png):
    """Twelve shards of two pictures each, whose names begin anew in each shard."""
    for shard in range(12):
        members = {f"{i}.png": png(2 * shard + i) for i in range(2)}
        members["0.txt"] = f"the first of {shard}".encode()
        make_tar(tmp_path / "set" / f"shard-{shard:03}.tar", members)
    return tmp_path / "set"


def test_braces_name_a_range_of_shards(tars, number_of):
    source = open_source(tars / "shard-{009..011}.tar")
    for each in (source, pickle.loads(pickle.dumps(source))):
        assert [number_of(each, i) for i in range(len(each))] == [18, 19, 20, 21, 22, 23]
    assert source.spec == str(tars / "shard-{009..011}.tar")
    assert source.record(2).name == "shard-010.tar/0.png"
    assert source.record(2).group != source.record(4).group
    assert source.record(2).caption == "the first of 10"


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("shard-00{1..0}.tar", [2, 3, 0, 1]),
        ("shard-{000,011}.tar", [0, 1, 22, 23]),
        ("shard-0{0,1}{1..1}.tar", [2, 3, 22, 23]),
        ("shard-01*.tar", [20, 21, 22, 23]),
        ("shard-{00[01],01?}.tar", [0, 1, 2, 3, 20, 21, 22, 23]),
        ("*", list(range(24))),
        ("../*", list(range(24))),
    ],
)
def test_patterns_are_those_of_the_shell(tars, number_of, pattern, numbers):
    source = open_source(tars / pattern)
    assert [number_of(source, i) for i in range(len(source))] == numbers


def test_a_folder_of_shards_is_one_source(tars, number_of):
    source = open_source(tars)
    assert [number_of(source, i) for i in range(len(source))] == list(range(24))
    assert source.spec == str(tars)


def test_a_folder_of_other_archives_names_them(tars, png):
    make_tar(tars / "others.tar", {"a.png": png(1)})
    with pytest.raises(SourceError, match=r"holds no pictures itself; name one of: .*others\.tar"):
        open_source(tars)


def test_a_file_that_exists_is_no_pattern(tmp_path, png):
    make_tar(tmp_path / "a[1].tar", {"a.png": png(1)})
    make_tar(tmp_path / "a{1..2}.tar", {"a.png": png(1), "b.png": png(2)})
    assert len(open_source(tmp_path / "a[1].tar")) == 1
    assert len(open_source(tmp_path / "a{1..2}.tar")) == 2


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("shard-{010..012}.tar", r"no source '.*shard-012\.tar'.*Did you mean .*shard-0"),
        ("nothing-*.tar", r"no file is named like .*nothing-\*\.tar"),
        ("{0..99999999999}.tar", "names more than 100,000 files"),
        ("{000..999}{000..999}.tar", "names more than 100,000 files"),
    ],
)
def test_what_is_not_there_is_said(tars, pattern, words):
    with pytest.raises(SourceError, match=words) as caught:
        open_source(tars / pattern)
    assert "\n" not in str(caught.value)


def test_the_fingerprint_is_that_of_the_parts(tars, png):
    before = open_source(tars / "shard-{000..001}.tar").fingerprint()
    assert open_source(tars / "shard-00[01].tar").fingerprint() == before
    assert open_source(tars / "shard-{001..000}.tar").fingerprint() != before
    make_tar(
        tars / "shard-001.tar", {"longer-than-before.png": png(9), "b.png": png(8) + b" " * 999}
    )
    assert open_source(tars / "shard-{000..001}.tar").fingerprint() != before


def test_patterns_are_found_again_from_anywhere(tars, monkeypatch):
    monkeypatch.chdir(tars)
    assert absolute("shard-{000..001}.tar") == str(tars / "shard-{000..001}.tar")
    assert absolute("tfds:mnist:train[:1000]") == "tfds:mnist:train[:1000]"
    assert stem("shard-{000..001}.tar") == "shard--000..001"


def test_splits_are_told_by_names_where_there_are_several(tmp_path, png):
    for i, name in enumerate(["val-000.tar", "train-000.tar", "train-001.tar"]):
        make_tar(tmp_path / name, {"a.png": png(i)})
    source = open_source(tmp_path / "*.tar")
    assert [source.record(i).split for i in range(3)] == ["train", "train", "validation"]
    source = open_source(tmp_path / "train-{000..001}.tar")
    assert [source.record(i).split for i in range(2)] == [None, None]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00003.parquet", "train"),
        ("validation/0000.parquet", "validation"),
        ("default/test/0000.parquet", "test"),
        ("training/valid.npy", "validation"),
        ("contest-testable.tar", None),
    ],
)
def test_splits_are_words_of_a_path(name, split):
    assert split_of(name) == split


def test_a_folder_of_arrays_is_one_source(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, 12, 16, 3), dtype=np.uint8)
    for name, array in zip(("cat/a", "cat/b", "dog/a"), pictures, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "dog/c.npy", pictures)
    source = open_source(tmp_path, labels=True)
    assert len(source) == 6
    for i, wanted in enumerate([*pictures, *pictures]):
        np.testing.assert_array_equal(source.read(i), wanted)
    assert [source.record(i).label for i in range(6)] == ["cat"] * 2 + ["dog"] * 4
    assert source.record(2).name == "dog/a.npy[0]"
    assert open_source(tmp_path).record(2).label is None
    assert "a.npy: read as one picture 16x12" in source.notes[0]


def test_tokens_are_no_pictures(tmp_path):
    """Rows of 784 numbers are pictures, but not those of a token set."""
    tokenize("digits", tmp_path / "sets" / "one", size=28, colors="grey:4")
    for spec in (tmp_path / "sets", tmp_path / "sets" / "one", tmp_path / "sets/one/train-*.npy"):
        with pytest.raises(SourceError, match=r"tokens and no pictures; .*pixace train .*one"):
            open_source(spec)


def test_quickdraws_files_are_classes(tmp_path):
    for name in ("cat", "the Eiffel Tower"):
        np.save(tmp_path / f"full_numpy_bitmap_{name}.npy", np.zeros((2, 784), np.uint8))
    for spec in (tmp_path, tmp_path / "*.npy"):
        source = open_source(spec)
        labels = [source.record(i).label for i in range(4)]
        assert labels == ["cat"] * 2 + ["the Eiffel Tower"] * 2
