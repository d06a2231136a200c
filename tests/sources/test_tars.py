"""Tar files with headers that claim what they like."""

import io
import os
import tarfile

import pytest

from pixace.errors import ImageError, SourceError
from pixace.sources import archive, open_source, tars
from pixace.storage import strangers


def header(name, size, kind=tarfile.REGTYPE, form=tarfile.GNU_FORMAT):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(form)


def packed(raw):
    return raw + bytes(-len(raw) % 512)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
@pytest.mark.parametrize("before", [False, True])
def test_a_name_of_a_hundred_gigabytes_is_refused(tmp_path, png, kind, before):
    path = tmp_path / "a.tar"
    sound = header("a.png", len(png(1))) + packed(png(1)) if before else b""
    path.write_bytes(sound + header("x", 10**11, kind) + bytes(2048))
    with pytest.raises(SourceError, match=r"a\.tar: a header claims 100,000,000,000 bytes"):
        open_source(path)


def test_headers_that_lead_back_are_refused(tmp_path, png):
    path = tmp_path / "a.tar"
    told = b"17 size=-1000000\n"
    raw = header("a.png", len(png(1))) + packed(png(1))
    raw += header("x", len(told), tarfile.XHDTYPE) + packed(told)
    path.write_bytes(raw + header("b.png", 4) + packed(b"1234") + bytes(1024))
    with pytest.raises(SourceError, match=r"cannot read .*a\.tar"):
        open_source(path)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_headers_say_what_tarfile_says(tmp_path, form):
    names = ["a.png", "f" * 40 + "/" + "b" * 99, "d/länger.png", *(["c" * 200] * (form != 0))]
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=form) as made:
        for size, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = 600 * size
            made.addfile(info, io.BytesIO(bytes(info.size)))
    with tarfile.open(path) as theirs, tars.opened(path) as ours:
        told = [
            [(each.name, each.size, each.offset_data, each.type) for each in tar]
            for tar in (theirs, ours)
        ]
        assert told[0] == told[1]
        assert [name for name, *_ in told[1]] == names
        assert ours.members == []  # of a million they would take a gigabyte


def test_a_member_over_the_limit_is_not_unpacked_again(tmp_path, png, monkeypatch):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for name, raw in (("big.png", bytes(3 << 20)), ("good.png", png(1))):
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            made.addfile(info, io.BytesIO(raw))
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 10_000)
    source = open_source(path)
    monkeypatch.setattr(tars, "opened", None)
    with pytest.raises(ImageError, match=r"^big\.png: 3,145,728 bytes, more than the limit"):
        source.read(0)
    monkeypatch.undo()
    assert source.read(1) == png(1)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_what_unpacks_to_far_more_than_pictures_do_is_refused(tmp_path, monkeypatch, mode):
    path = tmp_path / "a.tar"
    with tarfile.open(path, mode) as made:
        for name in ("a.png", "b.png"):
            info = tarfile.TarInfo(name)
            info.size = 3 << 20
            made.addfile(info, io.BytesIO(bytes(info.size)))
    assert len(open_source(path)) == 2  # so little does no harm
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(strangers, "LARGE", 1 << 20)
    with pytest.raises(SourceError, match=r"a\.tar: [\d,]+ bytes that unpack to 3,[\d,]+ are no"):
        open_source(path)
