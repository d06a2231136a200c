"""Files of strangers: what is none, what claims too much, and what breaks a library."""

import gzip
import io
import os
import socket
from pathlib import Path

import pytest

from pixace.errors import ImageError, SourceError
from pixace.storage import atomic, strangers
from pixace.storage.strangers import NoFileError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short


def test_pipes_sockets_and_devices_are_not_opened(here):
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        Path("device").symlink_to("/dev/zero")
        for name, kind in (("pipe", "named pipe"), ("socket", "socket"), ("device", "device")):
            with pytest.raises(NoFileError) as why:
                strangers.opened(Path(name))
            assert strangers.said(why.value) == f"a {kind}, not a file"
            assert atomic.reason(why.value) == f"a {kind}, not a file; name a file"


def test_folders_and_files_that_are_not_there_stay_what_they_are(here):
    Path("folder").mkdir()
    with pytest.raises(IsADirectoryError):
        strangers.opened(Path("folder"))
    with pytest.raises(FileNotFoundError):
        strangers.opened(Path("absent"))


def test_room_is_made_for_what_is_there(here):
    Path("a").write_bytes(b"0123456789")
    with strangers.opened(Path("a")) as file:
        assert file.read(4) == b"0123"
        assert file.read(10**15) == b"456789"
        assert file.read(10**15) == b""
    packed = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"x" * 3_000_000)))
    assert strangers.content(packed, 2_500_000) == b"x" * 2_500_000
    assert strangers.content(packed, 10**15) == b"x" * 500_000


def test_a_whole_file_has_a_limit(here):
    Path("a").write_bytes(bytes(100))
    assert strangers.whole(Path("a"), 100) == bytes(100)
    with pytest.raises(ValueError, match="more than 99 bytes"):
        strangers.whole(Path("a"), 99)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (EOFError(), "EOFError"),
        (MemoryError(), "it needs more memory than there is"),
        (SyntaxError("no\n header.", ("", 1, 1, "")), "no header"),
        (KeyError(3), "3"),
        (PermissionError(13, "Permission denied", "a"), "Permission denied"),
        (RuntimeError("long " * 100), ("long " * 40)),
    ],
)
def test_whatever_a_library_raises_is_one_line(why, said):
    with (
        pytest.raises(SourceError) as caught,
        strangers.explained(SourceError, "a.zip"),
    ):
        raise why
    assert str(caught.value) == f"cannot read a.zip: {said}; get it again"


def test_errors_of_ours_pass():
    with pytest.raises(ImageError, match=r"^ours$"), strangers.explained(SourceError, "a"):
        raise ImageError("ours")


def test_what_unpacks_to_far_too_much_is_refused():
    strangers.refuse_bomb(1000, strangers.LARGE)
    strangers.refuse_bomb(strangers.LARGE, 100 * strangers.LARGE)
    with pytest.raises(ValueError, match="1,000 bytes that unpack to 1,000,000,000 are no"):
        strangers.refuse_bomb(1000, 10**9)
