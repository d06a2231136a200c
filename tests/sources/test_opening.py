"""What the user names is recognised, or answered with what could have been meant."""

import pytest

from pixace.errors import SourceError
from pixace.sources import open_source


def test_a_source_is_given_back(photos):
    source = open_source(photos)
    assert open_source(source) is source


@pytest.mark.parametrize(
    ("named", "meant"), [("photo", "photos"), ("digts", "digits"), ("emojis", "emoji")]
)
def test_near_misses_are_guessed(photos, monkeypatch, named, meant):
    monkeypatch.chdir(photos.parent)
    with pytest.raises(SourceError, match=rf"^no source '{named}'; .*Did you mean {meant}\?$"):
        open_source(named)


def test_a_near_miss_keeps_its_folder(photos):
    with pytest.raises(SourceError, match=r"photos/cats\?$"):
        open_source(photos / "cat")


def test_without_a_near_miss_the_kinds_are_named(tmp_path):
    with pytest.raises(SourceError, match=r"a source is a folder, a zip or tar, .*tfds:NAME"):
        open_source(tmp_path / "qwertyuiop" / "x")


def test_a_file_of_another_kind_is_refused(photos):
    for name in ("notes.txt", "b.png"):
        with pytest.raises(SourceError, match=rf"{name} is no source of pictures, or broken"):
            open_source(photos / name)


@pytest.mark.parametrize("name", ["x" * 5000, "~no such user/x", "a\0b"])
def test_impossible_paths_are_one_line(name):
    with pytest.raises(SourceError) as caught:
        open_source(name)
    assert "\n" not in str(caught.value)
