"""Captions of picture files: texts beside them, in folders and archives, and names of emoji."""

import io
import pickle
import tarfile
import zipfile

import pytest
from PIL import Image as Pillow

from pixace.sources import open_source
from pixace.sources.sidecar import MAX_TEXT_BYTES, decoded, unicode_names

FILES = {
    "a/cat.jpg": b"picture",
    "a/cat.txt": "\ufeffA cat,\n  asleep.\n".encode(),
    "a/dog.png": b"picture",
    "b/dog.txt": b"the text of no picture",
    "b/latin.png": b"picture",
    "b/latin.txt": "un café".encode("latin-1"),
    "b/SHOUT.JPG": b"picture",
    "b/SHOUT.TXT": "ein Hund".encode("utf-16"),
    "b/chinese.png": b"picture",
    "b/chinese.txt": "红色的猫".encode("gbk"),
    "c/one.jpg": b"picture",
    "c/one.caption": b"first\r\n\r\n second  one\r\n",
    "c/two.jpg": b"picture",
    "c/two.cap": b"a cap",
    "c/three.jpg": b"picture",
    "c/three.jpg.txt": b"after the suffix",
    "c/best.jpg": b"picture",
    "c/best.txt": b"best",
    "c/best.caption": b"second best",
    "blank.png": b"picture",
    "blank.txt": b" \n",
    "emoji_u1f34e.png": b"picture",
    "emoji_u1f34f.png": b"picture",
    "emoji_u1f34f.txt": b"an apple",
}
CAPTIONS = {
    "a/cat.jpg": "A cat,\nasleep.",
    "a/dog.png": None,
    "b/latin.png": "un café",
    "b/SHOUT.JPG": "ein Hund",
    "b/chinese.png": None,
    "c/one.jpg": "first\nsecond one",
    "c/two.jpg": "a cap",
    "c/three.jpg": "after the suffix",
    "c/best.jpg": "best",
    "blank.png": None,
    "emoji_u1f34e.png": "red apple",
    "emoji_u1f34f.png": "an apple",
}


def folder(where):
    for name, content in FILES.items():
        (where / "it" / name).parent.mkdir(parents=True, exist_ok=True)
        (where / "it" / name).write_bytes(content)
    return where / "it"


def zipped(where):
    with zipfile.ZipFile(where / "it.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return where / "it.zip"


def tarred(where):
    with tarfile.open(where / "it.tar.gz", "w:gz") as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return where / "it.tar.gz"


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_a_text_beside_a_picture_is_its_caption(make, tmp_path):
    source = pickle.loads(pickle.dumps(open_source(make(tmp_path))))
    records = [source.record(i) for i in range(len(source))]
    assert {record.name: record.caption for record in records} == CAPTIONS


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_a_text_that_cannot_be_read_is_named(make, tmp_path):
    source = open_source(make(tmp_path))
    records = [source.record(i) for i in range(len(source))]
    assert {record.name: record.unread for record in records if record.unread} == {
        "b/chinese.png": "its caption chinese.txt is in no encoding that can be told; save it as "
        "UTF-8"
    }


def test_files_in_a_list_have_the_same_texts(tmp_path):
    root = folder(tmp_path)
    source = open_source([root / name for name in CAPTIONS])
    records = [source.record(i) for i in range(len(source))]
    assert [record.caption for record in records] == list(CAPTIONS.values())
    assert [record.name for record in records if record.unread] == [str(root / "b/chinese.png")]


def test_a_text_that_is_too_long_for_an_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
        archive.writestr("a.png", b"picture")
        archive.writestr("a.txt", b"a " * MAX_TEXT_BYTES)
    record = open_source(tmp_path / "it.zip").record(0)
    assert (record.caption, record.unread) == (None, "its caption a.txt has more than 65,536 bytes")


def test_a_comment_in_a_jpeg_is_no_caption(tmp_path):
    Pillow.new("RGB", (4, 4)).save(tmp_path / "a.jpg", comment="made by a program")
    assert open_source(tmp_path).record(0).caption is None


def test_another_text_makes_another_fingerprint(tmp_path):
    before = open_source(folder(tmp_path)).fingerprint()
    (tmp_path / "it/a/dog.txt").write_text("A dog")
    one = open_source(tmp_path / "it").fingerprint()
    (tmp_path / "it/a/dog.txt").write_text("A dog runs")
    assert len({before, one, open_source(tmp_path / "it").fingerprint()}) == 3


def test_texts_of_no_picture_leave_the_fingerprint_alone(tmp_path):
    before = open_source(folder(tmp_path)).fingerprint()
    (tmp_path / "it/notes.txt").write_text("nothing")
    assert open_source(tmp_path / "it").fingerprint() == before


@pytest.mark.parametrize(
    ("raw", "captions"),
    [
        (b"one\n two   words\t\n\n", "one\ntwo words"),
        (b"one\rtwo\r\nthree", "one\ntwo\nthree"),
        (b" \n\t", None),
        (b"", None),
    ],
)
def test_each_line_is_a_caption(raw, captions):
    assert decoded(raw) == captions


def test_only_the_beginning_of_a_long_text_is_read():
    assert len(decoded(b"a " * MAX_TEXT_BYTES)) == MAX_TEXT_BYTES - 1


@pytest.mark.parametrize(
    ("points", "names"),
    [
        ([0x1F34E], "red apple"),
        ([0x1F468, 0x1F3FD, 0x200D, 0x1F33E], "man medium skin tone ear of rice"),
        ([0x1F926, 0x1F3FF, 0x200D, 0x2640, 0xFE0F], "face palm dark skin tone woman"),
        ([0x1F469, 0x200D, 0x1F9B0], "woman red hair"),
        ([0x23, 0x20E3], "number sign keycap"),
        ([0x1F1EB, 0x1F1F7], "flag fr"),
        (
            [0x1F3F4, 0xE0067, 0xE0062, 0xE0065, 0xE006E, 0xE0067, 0xE007F],
            "waving black flag gbeng",
        ),
        ([0xE000], None),
        ([], None),
    ],
)
def test_emoji_are_named_as_unicode_names_them_without_what_joins(points, names):
    assert unicode_names(points) == names


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_texts_have_several_names(make, tmp_path, monkeypatch):
    monkeypatch.setattr(
        f"{__name__}.FILES",
        {
            "a.jpg": b"picture",
            "a.jpg.txt": b"by the whole name",
            "b.jpg": b"picture",
            "b.caption": b"a caption",
            "c.jpg": b"picture",
            "c.TXT": b"in capitals",
            "d.jpg": b"picture",
            "d.jpg.txt": b"not this one",
            "d.txt": b"the nearest",
            "d.caption": b"nor this",
        },
    )
    source = open_source(make(tmp_path))
    found = [source.record(i).caption for i in range(len(source))]
    assert found == ["by the whole name", "a caption", "in capitals", "the nearest"]
