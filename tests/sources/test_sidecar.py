"""Captions of picture files: texts beside them, in folders and archives, and names of emoji."""

import io
import pickle
import tarfile
import zipfile

import pytest

from pixace.sources import open_source
from pixace.sources.sidecar import LIMIT, decoded, unicode_names

FILES = {
    "a/cat.jpg": b"picture",
    "a/cat.txt": "\ufeffA cat,\n  asleep.\n".encode(),
    "a/dog.png": b"picture",
    "b/dog.txt": b"the text of no picture",
    "b/latin.png": b"picture",
    "b/latin.txt": "é".encode("latin-1"),
    "blank.png": b"picture",
    "blank.txt": b" \n",
    "emoji_u1f34e.png": b"picture",
    "emoji_u1f34f.png": b"picture",
    "emoji_u1f34f.txt": b"an apple",
}
CAPTIONS = {
    "a/cat.jpg": "A cat,\nasleep.",
    "a/dog.png": None,
    "b/latin.png": None,
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


def test_only_the_beginning_of_a_long_text_is_read():
    assert len(decoded(b"a " * LIMIT)) == LIMIT - 1


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
