"""Tables, whoever wrote them: paths relative to the table; what does not fit is named."""

import json
import os
import pickle

import pytest

from pixace.errors import ImageError, SourceError
from pixace.images.loader import load
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


def records(path):
    source = open_source(path)
    return [source.record(i) for i in range(len(source))]


@pytest.fixture
def table(photos):
    """Writes a table beside pictures, from text or bytes; gives its path."""

    def write(content, name="list.csv"):
        raw = content if isinstance(content, bytes) else content.encode()
        (photos / name).write_bytes(raw)
        return photos / name

    return write


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_the_column_of_paths_may_be_named(table, separator):
    lines = [["image_path", "Scan", "label"], ["none.png", "b.png", "x"], ["", "cats/a.png", "y"]]
    named = table("\n".join(map(separator.join, lines)))
    source = open_source(f"{named}#scan")
    assert [source.record(i) for i in range(2)] == [
        Record("b.png", "b.png", None, "x"),
        Record("cats/a.png", "cats/a.png", None, "y"),
    ]
    assert source.spec == f"{named}#scan"
    assert [load(source.read(i), None).shape for i in range(2)]
    assert open_source(named).record(0).name == "none.png"
    assert open_source(source.spec).fingerprint() == source.fingerprint()


def test_a_column_that_is_not_there_is_answered_with_those_that_are(table):
    named = table("image_path,label\nb.png,x\n")
    with pytest.raises(SourceError, match=r"list\.csv: no column scan; columns found: im"):
        open_source(f"{named}#scan")
    with pytest.raises(SourceError, match=r"or name it: rows\.jsonl#COLUMN"):
        open_source(table('{"url": "b.png"}\n', "rows.jsonl"))
    rows = table('{"url": "b.png"}\n', "rows.jsonl")
    assert records(f"{rows}#url")[0].name == "b.png"


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_path,caption\nb.png,a red, small block\n", "line 2 has 3 fields for 2 columns"),
        ("image_path,caption,label\nb.png,a,x\n\nb.png,x\n", "line 4 has 2 fields for 3 columns"),
        ("image_path;label\nb.png;1;2\n", "put quotes around a field that has a semicolon in it"),
        (
            'image_path,caption\nb.png,one\nb.png,"two\nb.png,three\n',
            "line 3: a quote is opened and",
        ),
        ('image_path,caption\nb.png,"a\nb"\nb.png,two"\n', "line 4: a quote stands inside a field"),
        ('image_path,caption\nb.png,"a "small" one"\n', "line 2: a quote stands inside a field"),
        ('image_path,caption\nb.png,"a", "b", a "c"\n', "line 2: a quote stands inside a field"),
        ('caption,image_path\na,"b.png\na,b.png"\n', "line 2: the path goes over several lines"),
        ("image_path,split\nb.png,train\nb.png,fold 1\n", "line 3: no split 'fold 1'; write train"),
        ("image_path,label\nb.png,x\nhttps://a.org/b.png,x\n", "line 3: https://a.org/b.png is no"),
        (
            "b.png,cat\ncats/a.png,cat\n",
            "the first line must name the columns, such as image_path",
        ),
        (
            "image_path,text,comment\nb.png,a,b\n",
            "columns text and comment may both be the",
        ),
        ("image_path,Label,label\nb.png,a,b\n", "columns Label and label may both be the label"),
        (
            ",".join(["label", *(f"pixel{i}" for i in range(784))]) + "\n",
            "785 columns of pixels and no image_path; save the pixels as an array",
        ),
        (",".join(f"column {i}" for i in range(999)) + "\n", "(999 in all). Rename one"),
        ("sep=;\nimage_path;label\nb.png;1;2\n", "line 3 has 3 fields"),
    ],
)
def test_a_line_that_does_not_fit_is_named(table, text, message):
    path = table(text)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert message in str(caught.value)
    assert len(str(caught.value).removeprefix(str(path))) < 200


def test_no_error_is_longer_than_a_line_or_two(table):
    path = table("image_path,caption\nb.png," + "word, " * 5000)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert len(str(caught.value).removeprefix(str(path))) < 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", 'image_path, caption\nb.png, "one, two"\n'),
        ("list.csv", 'image_path , caption\n "b.png","one, two"\n'),
        ("list.csv", " Image_Path ,Caption\nb.png,one two\n"),
        ("list.csv", 'file_name,text\r\nb.png,"one, two"\r\n'),
        ("list.csv", 'FileName,COMMENT\rb.png,"one, two"\r'),
        ("list.csv", 'image,text\nb.png,"one, two"\n,,\n'),
        ("list.csv", "sep=;\nimage_path;caption;;\nb.png;one, two;;\n"),
        ("list.csv", "image_name| comment_number| comment\nb.png| 0| one, two\n"),
        ("list.csv", "path,caption,text\nb.png,one two,others\n"),
        ("list.tsv", "filepath\tcaption, long\tcaption\nb.png\tx\tone, two\n"),
        ("list.txt", "image,caption\n./b.png,one two\n"),
        ("list.jsonl", json.dumps({"file_name": "b.png", "text": "one, two"}) + "\n\n"),
        ("list.jsonl", '{"n": 1}\r\n{"image_path": "b.png", "Caption": "one\\u2028 two"}'),
    ],
)
def test_tables_of_others_are_understood(table, name, text):
    record = records(table(text, name))[-1]
    assert (record.name, record.caption.replace(",", "")) == ("b.png", "one two")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_recognised(table, encoding):
    text = "image_path,caption,label\r\nb.png,“un café”,été\r\n"
    assert records(table(text.encode(encoding))) == [
        Record("b.png", "b.png", "“un café”", "été"),
    ]


def test_an_encoding_that_cannot_be_told_is_named(table):
    with pytest.raises(SourceError, match="in no encoding that can be told; save it as text in"):
        open_source(table("image_path,caption\nb.png,一只红色的猫\n".encode("gbk")))


def test_labels_lose_blanks_around_them(table):
    path = table("image_path,class\nb.png,cat\nb.png, cat\nb.png,cat \nb.png,\n")
    assert [record.label for record in records(path)] == ["cat", "cat", "cat", None]


def test_a_quote_between_tabs_is_a_quote(table):
    path = table('image_path\tcaption\nb.png\ta 5" disk, "red"\n', "list.tsv")
    assert records(path)[0].caption == 'a 5" disk, "red"'


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"cats\a.png", "cats/a.png"),
        (r".\cats\deep\a.png", "cats/deep/a.png"),
        (r"..\photos\b.png", "../photos/b.png"),
        (r"C:\Users\me\cats\a.png", "cats/a.png"),
        ("d:/cats/deep/a.png", "cats/deep/a.png"),
        (r"\\server\share\dogs\a.png", "dogs/a.png"),
        (r"\cats\a.png", "cats/a.png"),
        ("./cats//a.png", "cats/a.png"),
    ],
)
def test_paths_of_windows_are_found(table, written, name):
    source = open_source(table(f"image_path\n{written}\n"))
    assert source.record(0).name == name
    assert source.read(0).is_file()


def test_a_backslash_may_be_part_of_a_name(table, photos, png, number_of):
    (photos / r"cats\a.png").write_bytes(png(9))
    source = open_source(table("image_path\ncats\\a.png\n"))
    assert number_of(source, 0) == 9


def test_one_folder_of_windows_is_not_taken_for_another(table):
    path = table("image_path\nC:\\x\\gone.png\nC:\\x\\cats\\a.png\nC:\\y\\cats\\a.png\n")
    source = open_source(path)
    assert [source.record(i).name for i in range(3)] == [
        "gone.png",
        "cats/a.png",
        r"C:\y\cats\a.png",
    ]
    with pytest.raises(ImageError, match="a path of Windows; write it relative to the table"):
        source.read(2)


def test_a_column_tells_the_split(table):
    words = ["train", "Val", "valid", "dev", "validation", "TEST", "", "training"]
    path = table("image_path,Split\n" + "".join(f"b.png,{word}\n" for word in words))
    assert [record.split for record in records(path)] == [
        *("train", "validation", "validation", "validation", "validation", "test", None, "train"),
    ]


def test_json_lines_know_numbers_lists_and_nothing(table):
    lines = [
        {"file_name": "b.png", "label": 3, "text": ["a\n dog", " a pet "]},
        {"file_name": "cats/a.png", "text": None, "split": "test"},
        {},
    ]
    path = table("\n".join(map(json.dumps, lines)), "list.jsonl")
    assert records(path) == [
        Record("b.png", "b.png", "a dog\na pet", "3"),
        Record("cats/a.png", "cats/a.png", None, None, "test"),
        Record("list.jsonl[2]", ""),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"file_name": "b.png"}\n{"file_name": b.png}\n', "line 2 is no JSON: Expecting value"),
        ('["b.png"]\n', "line 1 is no JSON object such as"),
        ('{"file_name": {"bytes": "x"}}\n', 'line 1: the image_path is no text: {"bytes": "x"}'),
        ('{"url": "b.png"}\n', "no column image_path; columns found: url. Rename one"),
        ("", "no column image_path; columns found: none"),
    ],
)
def test_json_lines_that_cannot_be_used_say_why(table, text, message):
    with pytest.raises(SourceError) as caught:
        open_source(table(text, "list.jsonl"))
    assert message in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_text_may_list_paths(table, number_of, encoding):
    source = open_source(
        table("b.png\r\n\r\ndogs\\a.png\r\n#1.png\r\n".encode(encoding), "list.txt")
    )
    assert [source.record(i).name for i in range(len(source))] == ["b.png", "dogs/a.png", "#1.png"]
    assert [number_of(source, i) for i in range(2)] == [0, 3]


def test_a_list_of_pages_is_refused(table):
    with pytest.raises(
        SourceError, match=r"https://a\.org/b\.png is no file; download the pictures"
    ):
        open_source(table("https://a.org/b.png\n", "list.txt"))


@pytest.mark.parametrize("text", ['a "file" of notes', "image of a cat, image of a dog", ""])
def test_other_texts_are_no_source(table, text):
    with pytest.raises(SourceError, match="is no source of pictures"):
        open_source(table(text, "list.txt"))


def test_a_pipe_in_a_table_is_a_bad_picture(table, photos):
    os.mkfifo(photos / "pipe.png")  # reading it would wait for ever
    source = open_source(table("image_path\npipe.png\n"))
    with pytest.raises(ImageError, match=r"^pipe\.png: a named pipe, not a file$"):
        load(source.read(0), (2, 2), name=source.record(0).name)


def test_halves_of_characters_are_no_letters_of_captions(table):
    rows = '{"file_name": "b.png", "text": "a \\ud800 cat", "label": "\\udc80"}\n'
    record = open_source(table(rows, "a.jsonl")).record(0)
    assert (record.caption, record.label) == ("a \ufffd cat", "\ufffd")
    with pytest.raises(SourceError, match=r"line 2: the path has half a character in it: 'o\\ud8"):
        open_source(table(rows + '{"file_name": "o\\ud800.png"}\n', "a.jsonl"))


def test_json_without_end_is_refused_with_its_line(table):
    deep = '{"file_name": "b.png", "text": ' + "[" * 100_000 + "}\n"
    with pytest.raises(SourceError, match="line 1 is no JSON: it is too deeply nested"):
        open_source(table(deep, "a.jsonl"))


def test_lines_with_ever_more_columns_are_refused(table):
    rows = [{"file_name": "b.png", **{f"{i} {j}": 1 for j in range(99)}} for i in range(200)]
    lines = map(json.dumps, rows)
    with pytest.raises(SourceError, match="line 102: more than 10,000 columns by now"):
        open_source(table("\n".join(lines), "a.jsonl"))
