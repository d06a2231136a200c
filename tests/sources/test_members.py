"""Members of archives: links, archives inside, what is locked; and the samples they make."""

import io
import json
import tarfile
import zipfile

import pytest

from pixace.errors import ImageError, SourceError
from pixace.sources import open_source


def tar(path, files=(), links=(), mode="w"):
    """Files as (name, bytes), links as (name, target, kind); in this order."""
    with tarfile.open(path, mode) as packed:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            packed.addfile(info)
    return path


def zipped(path, files, links=()):
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files:
            packed.writestr(name, data)
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o120777 << 16
            packed.writestr(info, target)
    return path


def locked(path, *which):
    """Sets the flag of encryption on some members of a zip."""
    data = bytearray(path.read_bytes())
    place = -1
    for number in range(data.count(b"PK\x01\x02")):
        place = data.index(b"PK\x01\x02", place + 1)
        if number in which:
            data[place + 8] |= 1
    path.write_bytes(data)
    return path


def by_name(source):
    return {source.record(i).name: i for i in range(len(source))}


SOFT, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_links_in_a_tar_are_the_pictures_they_lead_to(tmp_path, png, number_of, mode):
    files = [("./src/cat/0.png", png(5)), ("src/cat/1.png", png(6)), ("src/dog/9.png", png(7))]
    links = [
        ("src/dog/0.png", "./src/cat/0.png", HARD),
        ("src/dog/1.png", "../cat/1.png", SOFT),
        ("src/dog/2.png", "1.png", SOFT),
        ("src/cats", "cat", SOFT),
        ("src/dog/3.png", "../cats/0.png", SOFT),
    ]
    source = open_source(tar(tmp_path / "a.tar", files, links, mode), labels=True)
    found = {name: number_of(source, i) for name, i in by_name(source).items()}
    assert found == {
        "src/cat/0.png": 5,
        "src/cat/1.png": 6,
        "src/dog/9.png": 7,
        "src/dog/0.png": 5,
        "src/dog/1.png": 6,
        "src/dog/2.png": 6,
        "src/dog/3.png": 5,
    }
    assert source.record(by_name(source)["src/dog/3.png"]).label == "dog"
    names = list(by_name(source))
    assert names.index("src/dog/0.png") < names.index("src/cat/1.png"), "beside what it leads to"


def test_links_in_a_zip_are_followed(tmp_path, png, number_of):
    path = zipped(tmp_path / "a.zip", [("a/0.png", png(3))], [("b/0.png", "../a/0.png")])
    source = open_source(path)
    assert {name: number_of(source, i) for name, i in by_name(source).items()} == {
        "a/0.png": 3,
        "b/0.png": 3,
    }


@pytest.mark.parametrize("kind", [SOFT, HARD])
def test_links_that_lead_nowhere_are_named(tmp_path, png, kind):
    links = [("gone.png", "x.png", kind), ("round.png", "round.png", SOFT)]
    source = open_source(tar(tmp_path / "a.tar", [("a.png", png(1))], links))
    places = by_name(source)
    assert len(places) == 3
    with pytest.raises(ImageError, match=r"^gone\.png: a link to x\.png, which is not inside"):
        source.read(places["gone.png"])
    with pytest.raises(ImageError, match=r"^round\.png: a link to round\.png, which is not inside"):
        source.read(places["round.png"])


@pytest.mark.parametrize("make", [zipped, tar])
@pytest.mark.parametrize("inner", ["in.zip", "in.tar.gz", "deep/in.7z"])
def test_archives_inside_are_counted_and_named(tmp_path, png, make, inner):
    source = open_source(make(tmp_path / "a", [(inner, b"PK"), ("a.png", png(1))]))
    assert len(source) == 2
    with pytest.raises(ImageError, match=rf"^{inner}: an archive inside the archive, whose"):
        source.read(by_name(source)[inner])


def test_an_archive_of_archives_names_them(tmp_path):
    path = zipped(tmp_path / "a.zip", [("one.zip", b"PK"), ("readme.txt", b"x")])
    with pytest.raises(SourceError, match=r"a\.zip holds no pictures but archives \(one\.zip\);"):
        open_source(path)


def test_some_locked_members_are_counted_and_all_are_refused(tmp_path, png):
    files = [("a.png", png(1)), ("b.png", png(2))]
    source = open_source(locked(zipped(tmp_path / "a.zip", files), 1))
    assert source.read(0) == png(1)
    with pytest.raises(ImageError, match=r"^b\.png: encrypted with a password; unpack it first$"):
        source.read(1)
    with pytest.raises(SourceError, match="is encrypted; unpack it and name the folder"):
        open_source(locked(zipped(tmp_path / "b.zip", files), 0, 1))


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which pixace does not read; unpack it"),
        ("x.rar", b"Rar!\x1a\x07\x01\0", "is a RAR archive, which pixace does not read"),
        ("x.tar.zst", b"\x28\xb5\x2f\xfd", "is packed with zstd, which pixace does not read"),
        ("x.iso", bytes(32769) + b"CD001", r"is an image of a disc \(ISO\), which"),
        ("x.zip", b"PK\x03\x04", "is a zip without its end: cut short, or the first of several"),
        ("x.png.gz", b"\x1f\x8b", "is packed with gzip and no tar, or cut short; unpack it"),
    ],
)
def test_archives_of_other_kinds_say_what_they_are(tmp_path, name, head, said):
    (tmp_path / name).write_bytes(head + bytes(100))
    with pytest.raises(SourceError, match=said):
        open_source(tmp_path / name)


def told(source):
    records = map(source.record, range(len(source)))
    return {record.name: (record.caption, record.label) for record in records}


def test_samples_of_a_tar_have_classes_and_captions(tmp_path, png):
    files = [
        *(("0.jpg", png(0)), ("0.cls", b"7\n"), ("0.json", b'{"caption": "a  cat", "width": 3}')),
        *(("1.jpg", png(1)), ("1.cls", "Hündin".encode()), ("1.txt", b"a dog")),
        *(("2.jpg", png(2)), ("2.json", json.dumps({"text": "a bird"}).encode())),
        *(("3.input.png", png(3)), ("3.output.txt", b"a fish")),
        *(("x/4.img", png(4)), ("x/4.cap", b"a cow"), ("4.cls", b"elsewhere")),
        *(("5.jpg", png(5)), ("5.json", b"{broken"), ("6.jpg", png(6)), ("6.json", b"[1]")),
    ]
    source = open_source(tar(tmp_path / "a.tar", files))
    assert told(source) == {
        "0.jpg": ("a cat", "7"),
        "1.jpg": ("a dog", "Hündin"),
        "2.jpg": ("a bird", None),
        "3.input.png": ("a fish", None),
        "x/4.img": ("a cow", None),
        "5.jpg": (None, None),
        "6.jpg": (None, None),
    }


def test_a_class_beside_a_picture_wins_over_its_folder(tmp_path, png):
    files = [("a/0.jpg", png(0)), ("a/0.cls", b"7"), ("a/1.jpg", png(1)), ("b/2.jpg", png(2))]
    source = open_source(tar(tmp_path / "a.tar", files), labels=True)
    assert [label for _, label in told(source).values()] == ["7", "a", "b"]


def test_splits_in_an_archive(tmp_path, png):
    files = [(f"data/{name}/1.png", png(1)) for name in ("train/cat", "test/cat")]
    source = open_source(zipped(tmp_path / "a.zip", files), labels=True)
    records = [source.record(i) for i in range(2)]
    assert [(record.split, record.label) for record in records] == [
        ("train", "cat"),
        ("test", "cat"),
    ]


def test_only_what_is_read_otherwise_than_by_name_changes_the_fingerprint(tmp_path, png):
    files = [("a/0.jpg", png(0)), ("b/0.jpg", png(0))]
    plain = tar(tmp_path / "a.tar", files)
    assert open_source(plain).fingerprint() == open_source(plain, labels=True).fingerprint()
    deep = tar(tmp_path / "b.tar", [(f"{name[0]}/x/0.jpg", data) for name, data in files])
    assert open_source(deep).fingerprint() != open_source(deep, labels=True).fingerprint()


def test_a_link_that_cannot_be_unpacked_costs_this_link(tmp_path, png):
    path = zipped(tmp_path / "a.zip", [("a.png", png(1))], [("b.png", "a.png-is-there")])
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"a.png-is")] ^= 1
    path.write_bytes(raw)
    source = open_source(path)
    assert source.read(0) == png(1)
    with pytest.raises(ImageError, match=r"^b\.png: cannot be unpacked \(Bad CRC-32"):
        source.read(1)


def test_names_that_no_file_could_have_cost_one_picture(tmp_path, png):
    names = ["a/" * 30_000 + "deep.png", "b" * 5000 + ".png", "c.png"]
    files = [(name, png(number)) for number, name in enumerate(names, 1)]
    source = open_source(zipped(tmp_path / "a.zip", files, [("d.png", "c.png")]))
    found = by_name(source)
    assert len(source) == 4
    assert source.read(found["c.png"]) == source.read(found["d.png"]) == png(3)
    with pytest.raises(
        ImageError, match=r"^deep\.png: its name has more than 4,096 characters, or"
    ):
        source.read(found["deep.png"])
