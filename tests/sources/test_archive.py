"""Archives are read where they lie, in their own order, and may be hostile."""

import gzip
import io
import os
import pickle
import re
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from pixace.cli import main
from pixace.errors import ImageError, SourceError
from pixace.sources import archive, open_source

NAMES = ["z.png", "cats/a.png", "dogs/a.png", "../../outside.png"]


def packed_zip(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return path


def packed_tar(path, files, mode):
    with tarfile.open(path, mode) as packed:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(params=["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def packed(request, tmp_path, png):
    """One archive of each kind: four pictures, and what is none."""
    files = [(name, png(number)) for number, name in enumerate(NAMES)]
    files += [("notes.txt", b"hello"), ("__MACOSX/._z.png", b"junk"), (".hidden.png", b"junk")]
    path = tmp_path / f"photos.{request.param}"
    if request.param == "zip":
        return packed_zip(path, files, compression=zipfile.ZIP_DEFLATED)
    return packed_tar(path, files, f"w:{request.param.partition('.')[2]}")


def test_pictures_come_in_the_order_of_the_archive(packed, number_of):
    source = open_source(packed)
    assert [source.record(i).name for i in range(len(source))] == NAMES
    assert [number_of(source, i) for i in range(4)] == [0, 1, 2, 3]


def test_pictures_can_be_read_in_any_order(packed, number_of):
    source = open_source(packed)
    assert [number_of(source, i) for i in (2, 0, 3, 0)] == [2, 0, 3, 0]


def test_labels_are_the_folders_that_hold_the_pictures(packed):
    source = open_source(packed, labels=True)
    assert [source.record(i).label for i in range(3)] == [None, "cats", "dogs"]


def test_nothing_is_unpacked_to_disk(packed, number_of):
    before = set(packed.parent.parent.rglob("*"))
    number_of(open_source(packed), 3)
    assert set(packed.parent.parent.rglob("*")) == before


def test_the_suffix_does_not_matter(packed, number_of):
    moved = packed.rename(packed.with_name("photos.bak"))
    assert number_of(open_source(moved), 2) == 2


def test_threads_read_the_right_pictures(packed, number_of):
    source = open_source(packed)
    places = [0, 1, 2, 3] * 10
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda i: number_of(source, i), places)) == places


FORKED = """
import multiprocessing, sys
from pixace.sources import open_source

source = open_source(sys.argv[1])
first = source.read(0)
child = multiprocessing.get_context("fork").Process(target=source.read, args=(3,))
child.start()
child.join()
fresh = open_source(sys.argv[1])
sys.exit(child.exitcode or source.read(1) != fresh.read(1) or source.read(0) != first)
"""


def test_a_forked_process_does_not_disturb_its_parent(packed):
    """They would share the place in the file, had they not each opened it."""
    assert subprocess.run([sys.executable, "-c", FORKED, str(packed)], check=False).returncode == 0


def test_it_can_be_pickled_while_open(packed, number_of):
    source = open_source(packed)
    source.read(0)
    assert number_of(pickle.loads(pickle.dumps(source)), 2) == 2


def test_the_fingerprint_changes_with_the_archive(packed):
    before = open_source(packed).fingerprint()
    assert open_source(packed).fingerprint() == before
    os.utime(packed, ns=(1, 1))
    assert open_source(packed).fingerprint() != before


def test_a_member_that_claims_too_much_is_refused_unread(tmp_path, png, monkeypatch):
    bomb = packed_zip(
        tmp_path / "bomb.zip",
        [("bomb.png", bytes(100_000)), ("good.png", png(1))],
        compression=zipfile.ZIP_DEFLATED,
    )
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 10_000)
    source = open_source(bomb)
    with pytest.raises(ImageError, match=r"^bomb\.png: claims 100,000 bytes unpacked, more than"):
        source.read(0)
    assert source.read(1) == png(1)


def test_a_member_counts_by_what_it_unpacks_to(tmp_path, png, monkeypatch):
    bomb = packed_zip(
        tmp_path / "bomb.zip",
        [("bomb.png", bytes(100_000)), ("good.png", png(1))],
        compression=zipfile.ZIP_DEFLATED,
    )
    raw = bytearray(bomb.read_bytes())
    for number, claimed in ((1, 10), (2, 1 << 31)):  # in the list of files
        place = [m.start() for m in re.finditer(b"PK\1\2", raw)][number - 1] + 24
        raw[place : place + 4] = claimed.to_bytes(4, "little")
    bomb.write_bytes(raw)
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 10_000)
    source = open_source(bomb)
    with pytest.raises(ImageError, match=r"^bomb\.png: "):
        source.read(0)
    assert source.read(1) == png(1)  # whatever it claims


def test_a_list_of_files_is_read_once(tmp_path, png, monkeypatch):
    path = packed_zip(tmp_path / "a.zip", [("a/0.png", png(0)), ("b/metadata.csv", b"x")])
    opened, own = [], zipfile.ZipFile.__init__

    def counted(self, *args, **kwargs):
        opened.append(args)
        own(self, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    source = open_source(path, labels=True)
    assert source.read(0) == png(0)
    assert len(opened) == 1


def test_a_damaged_text_costs_a_caption(tmp_path, png):
    path = packed_zip(tmp_path / "a.zip", [("a.png", png(1)), ("a.txt", b"a cat that sat")])
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"a cat")] ^= 1
    path.write_bytes(raw)
    record = open_source(path).record(0)
    assert record.caption is None
    assert record.unread.startswith("its caption a.txt: cannot be unpacked (Bad CRC-32")


def test_a_tar_that_ends_early_is_no_wish_of_a_person(tmp_path, png):
    packed = gzip.compress(packed_tar(tmp_path / "a.tar", [("a.png", png(1))], "w").read_bytes())
    for length in (12, 20, len(packed) // 2):
        (tmp_path / "a.tar.gz").write_bytes(packed[:length])
        answer = CliRunner().invoke(main, ["tokenize", str(tmp_path / "a.tar.gz"), str(tmp_path)])
        assert answer.exit_code == 1
        assert answer.output.startswith("Error: ")
        assert "a.tar.gz" in answer.output


def test_a_damaged_member_costs_no_other(tmp_path, png):
    path = packed_zip(tmp_path / "a.zip", [("bad.png", png(1)), ("good.png", png(2))])
    data = bytearray(path.read_bytes())
    data[data.index(b"IHDR")] ^= 255
    path.write_bytes(data)
    source = open_source(path)
    with pytest.raises(ImageError, match=r"^bad\.png: cannot be unpacked \(Bad CRC-32"):
        source.read(0)
    assert source.read(1) == png(2)


def test_an_encrypted_zip_says_what_to_do(tmp_path, png):
    path = packed_zip(tmp_path / "a.zip", [("a.png", png(1))])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of files
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.zip is encrypted; unpack it and name the folder"):
        open_source(path)


def test_a_truncated_tar_is_named(tmp_path):
    files = [(f"{i}.png", os.urandom(5000)) for i in range(9)]
    path = packed_tar(tmp_path / "a.tar.gz", files, "w:gz")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SourceError, match=r"cannot read .*a\.tar\.gz: .*; get it again"):
        open_source(path)


def test_devices_in_a_tar_are_left_out_and_links_to_elsewhere_named(tmp_path, png):
    path = packed_tar(tmp_path / "a.tar", [("a.png", png(1))], "w")
    with tarfile.open(path, "a") as packed:
        for name, kind in (("link.png", tarfile.SYMTYPE), ("pipe.png", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            packed.addfile(info)
    source = open_source(path)
    assert sorted(source.record(i).name for i in range(len(source))) == ["a.png", "link.png"]
    with pytest.raises(ImageError, match=r"^link\.png: a link to /etc/passwd, which is not inside"):
        source.read([source.record(i).name for i in range(2)].index("link.png"))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_without_pictures_says_so(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    files = [("notes.txt", b"hello")]
    packed_zip(path, files) if kind == "zip" else packed_tar(path, files, "w")
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(path)
