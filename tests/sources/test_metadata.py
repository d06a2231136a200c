"""Tables inside folders: what they tell is added to the folder's own pictures."""

import json
import pickle
import zipfile

import pytest

from pixace.errors import ImageError, SourceError
from pixace.sources import Record, open_source

CSV = 'file_name,text,label\r\nb.png,"a cat, red",x\r\ncats/a.png,two,\r\n'


def records(path, **settings):
    source = pickle.loads(pickle.dumps(open_source(path, **settings)))
    return [source.record(i) for i in range(len(source))]


def test_captions_and_labels_come_from_it_and_all_else_from_the_folder(photos, number_of):
    (photos / "metadata.csv").write_text(CSV)
    assert records(photos, labels=True) == [
        Record("b.png", "b.png", "a cat, red", "x"),
        Record("cats/a.png", "cats/a.png", "two", "cats"),
        Record("cats/deep/a.png", "cats/deep/a.png", None, "deep"),
        Record("dogs/a.png", "dogs/a.png", None, "dogs"),
    ]
    source = open_source(photos)
    assert source.spec == str(photos)
    assert [number_of(source, i) for i in range(4)] == [0, 1, 2, 3]


def test_each_folder_may_have_its_own(photos):
    (photos / "metadata.jsonl").write_text('{"file_name": "b.png", "text": "top"}')
    (photos / "cats/metadata.csv").write_text("file_name,text,split\na.png,below,test\n")
    (photos / "dogs/metadata.jsonl").write_text(json.dumps({"file_name": "../b.png", "text": "2"}))
    assert [(record.caption, record.split) for record in records(photos)] == [
        ("top\n2", None),
        ("below", "test"),
        (None, None),
        (None, None),
    ]


def test_a_table_wins_over_a_text_beside_the_picture(photos):
    (photos / "b.txt").write_bytes("红".encode("gbk"))
    (photos / "cats/a.txt").write_text("from the text")
    (photos / "metadata.csv").write_text("file_name,text\nb.png,told\ncats/a.png,\n")
    found = records(photos)
    assert [record.caption for record in found[:2]] == ["told", "from the text"]
    assert found[0].unread is None


def test_pictures_that_are_not_there_are_bad_pictures(photos):
    (photos / "metadata.csv").write_text("file_name,text\ngone.png,a\nb.png,b\n")
    source = open_source(photos)
    assert source.record(4) == Record("gone.png", "gone.png", "a")
    with pytest.raises(ImageError, match=r"^gone\.png: no such picture, but a table in .*photos"):
        source.read(4)


def test_a_zip_may_have_it_too(photos, number_of):
    (photos / "cats/metadata.csv").write_text("file_name,text\ndeep\\a.png,deep\na.png,a cat\n")
    (photos / "dogs/metadata.jsonl").write_text('{"file_name": "gone.png", "text": "no dog"}')
    with zipfile.ZipFile(photos.parent / "it.zip", "w") as archive:
        for path in sorted(photos.rglob("*")):
            archive.write(path, path.relative_to(photos.parent))
    found = {record.name: record.caption for record in records(photos.parent / "it.zip")}
    assert found == {
        "photos/b.png": None,
        "photos/cats/a.png": "a cat",
        "photos/cats/deep/a.png": "deep",
        "photos/dogs/a.png": None,
        "photos/dogs/gone.png": "no dog",
    }
    assert number_of(open_source(photos.parent / "it.zip"), 1) == 1


def test_a_table_that_cannot_be_read_is_named(photos):
    (photos / "metadata.csv").write_text("file_name,text\nb.png,a, b\n")
    with pytest.raises(SourceError, match=r"metadata\.csv: line 2 has 3 fields for 2 columns"):
        open_source(photos)
    (photos / "metadata.csv").write_text("url,text\nb.png,a\n")
    with pytest.raises(SourceError, match=r"metadata\.csv: no column image_path; columns found: u"):
        open_source(photos)


def test_a_table_about_something_else_is_let_be(photos):
    before = open_source(photos).fingerprint()
    (photos / "metadata.csv").write_text("camera,lens\nx,y\n")
    assert open_source(photos).fingerprint() == before


def test_the_fingerprint_changes_with_what_is_told(photos):
    prints = [open_source(photos).fingerprint()]
    for caption in ("one", "two"):
        (photos / "metadata.csv").write_text(f"file_name,text\nb.png,{caption}\n")
        prints.append(open_source(photos).fingerprint())
    assert len(set(prints)) == 3
    assert open_source(photos).fingerprint() == prints[-1]
