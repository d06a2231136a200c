"""Tables: `image_path` relative to the table, captions and labels kept."""

import pickle

import pytest

from pixace.errors import ImageError, SourceError
from pixace.image import load
from pixace.sources import Record, open_source


@pytest.mark.parametrize(
    ("name", "separator"), [("list.csv", ","), ("list.csv", ";"), ("list.tsv", "\t")]
)
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_captions_and_labels_are_kept(photos, number_of, name, separator, start):
    lines = [
        ["image_path", "label", "caption", "more"],
        ["dogs/a.png", "dog", '"a dog, said ""Rex"" ; really"', "1"],
        [" b.png", "", "", ""],
        ["cats/a.png"],
    ]
    table = photos / name
    table.write_text(start + "\n".join(map(separator.join, lines)), encoding="utf-8")
    source = open_source(table)
    assert [source.record(i) for i in range(len(source))] == [
        Record("dogs/a.png", "dogs/a.png", 'a dog, said "Rex" ; really', "dog"),
        Record("b.png", "b.png"),
        Record("cats/a.png", "cats/a.png"),
    ]
    assert [number_of(source, i) for i in range(3)] == [3, 0, 1]
    assert number_of(pickle.loads(pickle.dumps(source)), 1) == 0


def test_captions_may_go_over_several_lines(photos):
    table = photos / "list.csv"
    table.write_text('image_path,caption\r\nb.png,"two\r\nlines"\r\ncats/a.png,one\r\n')
    source = open_source(table)
    assert [source.record(i).caption for i in range(2)] == ["two lines", "one"]


def test_a_missing_file_is_a_bad_picture_not_a_bad_table(photos):
    table = photos / "list.csv"
    table.write_text("image_path,caption\ngone.png,a\n,b\n")
    source = open_source(table)
    with pytest.raises(ImageError, match=r"^gone\.png: no such file"):
        load(source.read(0), (4, 4), name=source.record(0).name)
    with pytest.raises(ImageError, match=r"^list\.csv\[1\]: the line has no image_path"):
        source.read(1)


def test_the_fingerprint_changes_with_captions_and_pictures(photos, png):
    table = photos / "list.csv"
    table.write_text("image_path,caption\nb.png,one\n")
    prints = [open_source(table).fingerprint()]
    assert open_source(table).fingerprint() == prints[0]
    table.write_text("image_path,caption\nb.png,two\n")
    prints.append(open_source(table).fingerprint())
    (photos / "b.png").write_bytes(png(7) + b"longer")
    prints.append(open_source(table).fingerprint())
    assert len(set(prints)) == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"where,caption\nx,x\n", "no column image_path; columns found: where, caption. Rename"),
        (b"", "no column image_path; columns found: none"),
        (b"image_path,caption\n", "lists no pictures; add a line"),
        (b"image_path,caption\na.png,\xff\xfe\n", "save it as text in UTF-8"),
        (b'image_path,caption\na.png,"' + b"x" * 200_000 + b'"\n', "field larger than field limit"),
    ],
)
def test_tables_that_cannot_be_used_say_why(tmp_path, data, message):
    table = tmp_path / "list.csv"
    table.write_bytes(data)
    with pytest.raises(SourceError, match=message):
        open_source(table)
