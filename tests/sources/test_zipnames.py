"""Names in zips: backslashes, and encodings that nobody wrote down."""

import struct
import zipfile
import zlib

import pytest

from pixace.errors import SourceError
from pixace.sources import open_source
from pixace.sources.zipnames import recognised


def zipped(path, *raw_names, extra=b""):
    """A zip whose names are these bytes, without the flag of UTF-8."""
    with zipfile.ZipFile(path, "w") as packed:
        for number, _ in enumerate(raw_names):
            info = zipfile.ZipInfo(f"{number}".rjust(len(raw_names[number]), "#"))
            info.extra = extra
            packed.writestr(info, b"picture")
    data = path.read_bytes()
    for number, raw in enumerate(raw_names):
        data = data.replace(f"{number}".rjust(len(raw), "#").encode(), raw)
    path.write_bytes(data)
    return path


def labels(source):
    return [source.record(i).label for i in range(len(source))]


def test_backslashes_part_folders(tmp_path):
    path = zipped(
        tmp_path / "a.zip", rb"pets\cat\0.png", rb"pets\dog\0.png", rb"__MACOSX\cat\_.png"
    )
    source = open_source(path, labels=True)
    assert [source.record(i).name for i in range(2)] == ["pets/cat/0.png", "pets/dog/0.png"]
    assert labels(source) == ["cat", "dog"]
    assert source.read(1) == b"picture"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("café/ü.png", "utf-8"),
        ("çà/naïveté.png", "cp437"),
        ("château/é.png", "cp437"),
        ("Ärzte/Öl.png", "cp437"),
        ("España/ñandú.png", "cp437"),
        ("ねこ/いぬ.png", "cp932"),
        ("表示/ソフト.png", "cp932"),
        ("花卉/玫瑰.png", "gb2312"),
        ("plain/a.png", "ascii"),
    ],
)
def test_encodings_are_recognised(name, encoding):
    assert recognised(name.encode(encoding)) == name


def test_names_in_utf8_without_the_flag_are_read(tmp_path):
    path = zipped(tmp_path / "a.zip", "café/0.png".encode(), "caf\u00e9/1.png".encode())
    assert labels(open_source(path, labels=True)) == ["café", "café"]


def test_names_with_the_flag_are_left_alone(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("ねこ/0.png", b"picture")
    assert labels(open_source(tmp_path / "a.zip", labels=True)) == ["ねこ"]


def test_an_extra_field_that_belongs_to_the_name_is_believed(tmp_path):
    raw, name = "고양이/0.png".encode("cp949"), "고양이/0.png"
    field = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert labels(open_source(zipped(tmp_path / "a.zip", raw, extra=extra), True)) == ["고양이"]


def test_the_user_may_name_the_encoding(tmp_path):
    path = zipped(tmp_path / "a.zip", "고양이/0.png".encode("cp949"))
    source = open_source(f"{path}#cp949", labels=True)
    assert labels(source) == ["고양이"]
    assert source.spec == f"{path}#cp949"
    assert source.fingerprint() != open_source(path, labels=True).fingerprint()


def test_an_unknown_encoding_says_so(tmp_path):
    path = zipped(tmp_path / "a.zip", b"\xb0.png")
    with pytest.raises(SourceError, match=r"^no encoding 'klingon' for the names in .*a\.zip"):
        open_source(f"{path}#klingon")
