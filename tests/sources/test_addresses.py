"""What a user named: found from anywhere, and a name for what is made of it."""

from pathlib import Path

import pytest

from pixace.sources.addresses import absolute, stem


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("named", "short"),
    [
        ("digits", "digits"),
        ("tfds:mnist", "tfds-mnist"),
        ("photos/", "photos"),
        ("photos/2024 summer", "2024-summer"),
        ("emoji.tar.gz", "emoji"),
        ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"),
        ("a.npz#x", "a-x"),
        ("***", "pictures"),
        ("käse.zip", "käse"),
        ("list.jsonl", "list"),
        ("list.txt", "list"),
    ],
)
def test_runs_get_short_names_from_their_data(named, short):
    assert stem(named) == short


def test_a_folder_named_by_dots_has_a_name_all_the_same(here):
    assert stem(".") == "here"


def test_what_exists_is_found_from_anywhere_and_built_in_names_stay(here):
    Path("photos").mkdir()
    Path("digits").mkdir()
    (here / "a.npz").touch()
    assert absolute("photos") == str(here / "photos")
    assert absolute(Path("photos")) == str(here / "photos")
    assert absolute("a.npz#x") == f"{here}/a.npz#x"
    assert absolute("digits") == "digits", "the built-in source, whatever lies here"
    assert absolute("./digits") == str(here / "digits")
    assert absolute("tfds:mnist") == "tfds:mnist"
    assert absolute("nothing") == "nothing"


def test_a_folder_with_a_sharp_in_its_name_is_found(here):
    Path("c#").mkdir()
    assert absolute("c#") == str(here / "c#")
