"""Folders: any depth, any names, always the same order."""

import os
import pickle

import numpy as np
import pytest

from pixace.errors import ImageError, SourceError
from pixace.images.png import save_png
from pixace.sources import Source, open_source


def test_pictures_at_any_depth_come_in_the_order_of_their_paths(photos, number_of):
    source = open_source(photos)
    names = [source.record(i).name for i in range(len(source))]
    assert names == ["b.png", "cats/a.png", "cats/deep/a.png", "dogs/a.png"]
    assert [number_of(source, i) for i in range(4)] == [0, 1, 2, 3]
    assert isinstance(source, Source)
    assert source.spec == str(photos)


def test_labels_are_the_folders_that_hold_the_pictures_on_request(photos):
    assert [open_source(photos).record(i).label for i in range(4)] == [None] * 4
    source = open_source(str(photos), labels=True)
    assert [source.record(i).label for i in range(4)] == [None, "cats", "deep", "dogs"]


def test_equal_file_names_are_different_groups(photos):
    source = open_source(photos)
    assert len({source.record(i).group for i in range(4)}) == 4


def test_it_can_be_pickled(photos, number_of):
    source = pickle.loads(pickle.dumps(open_source(photos)))
    assert number_of(source, 3) == 3


@pytest.mark.parametrize(
    "name",
    [
        *("-leading-dash.png", "UPPER.PNG", "[brackets].png", "name with spaces.png", "no_suffix"),
        *(
            "percent%20sign.png",
            "quote's.png",
            "ünïcödé 名前 🙂.png",
            "picture.wrong",
            "folder.png/x",
        ),
    ],
)
def test_awkward_names_are_read(tmp_path, png, number_of, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(png(9))
    source = open_source(tmp_path)
    assert source.record(0).name == name
    assert number_of(source, 0) == 9


def test_names_that_are_no_utf8_can_be_printed(tmp_path, png, number_of):
    path = os.fsencode(tmp_path) + b"/\xff.png"
    with open(path, "wb") as file:  # noqa: PTH123  pathlib takes no bytes
        file.write(png(9))
    source = open_source(tmp_path)
    assert source.record(0).name == "\ufffd.png"
    assert number_of(source, 0) == 9


def test_hidden_files_and_folders_are_left_out(photos, png):
    (photos / ".hidden.png").write_bytes(png(8))
    (photos / ".git").mkdir()
    (photos / ".git" / "a.png").write_bytes(png(8))
    assert len(open_source(photos)) == 4


def test_a_link_that_leads_up_again_does_not_hang(photos):
    (photos / "cats" / "up").symlink_to(photos, target_is_directory=True)
    assert len(open_source(photos)) == 4


def test_a_link_that_leads_nowhere_is_a_picture_that_cannot_be_read(photos):
    (photos / "nowhere.png").symlink_to("gone.png")
    (photos / "round.png").symlink_to("round.png")
    source = open_source(photos)
    assert [source.record(i).name for i in (4, 5)] == ["nowhere.png", "round.png"]
    with pytest.raises(
        ImageError, match=r"^nowhere\.png: a link to gone\.png, which is not there$"
    ):
        source.read(4)
    with pytest.raises(ImageError, match=r"^round\.png: a link to round\.png, which is not there$"):
        source.read(5)


def test_linked_folders_are_followed(photos, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "all").symlink_to(photos, target_is_directory=True)
    source = open_source(other)
    assert source.record(0).name == "all/b.png"
    assert len(source) == 4


def test_what_is_no_file_is_left_out(photos):
    os.mkfifo(photos / "pipe.png")  # reading it would wait for ever
    assert len(open_source(photos)) == 4


def test_the_fingerprint_changes_with_the_pictures_alone(photos, png):
    before = open_source(photos).fingerprint()
    (photos / "notes.txt").write_text("changed")
    assert open_source(photos).fingerprint() == before
    (photos / "b.png").write_bytes(png(5) + b"longer")
    changed = open_source(photos).fingerprint()
    assert changed != before
    (photos / "b.png").rename(photos / "c.png")
    assert open_source(photos).fingerprint() not in (before, changed)


def test_an_empty_folder_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SourceError, match="holds no pictures; name a folder that does"):
        open_source(tmp_path)


def test_a_folder_of_archives_names_them(tmp_path):
    for name in ("b.zip", "a.zip", "list.csv", "list.jsonl"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=r"a\.zip, .*b\.zip, .*list\.csv, .*list\.jsonl$"):
        open_source(tmp_path)


def test_archives_beside_pictures_and_own_pictures_are_told_of(photos):
    assert open_source(photos).notes == ()
    for name in ("more.zip", "cats/old.TAR.GZ", "b.7z", "z.rar"):
        (photos / name).write_bytes(b"packed")
    save_png(photos / "collage.png", np.zeros((4, 4, 3), np.uint8))
    source = open_source(photos)
    assert source.notes == (
        "left out: 1 that pixace itself wrote; name a folder of them alone to use them",
        "not looked into: b.7z, cats/old.TAR.GZ, more.zip, …; unpack what is to be learned from",
    )
    assert len(source) == 4
