"""Downloads from a real server: broken off and gone on with, checked, whole or absent."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from web_server import cut, dripping, endless, ranged, redirect, serving

from pixace.errors import PixaceError, WebError
from pixace.zoo import downloads
from pixace.zoo.downloads import download

BODY = bytes(range(256)) * 2000
DOWNLOADS = """
import sys
from pathlib import Path
from pixace.zoo.downloads import download
download(sys.argv[1], Path(sys.argv[2]), allow_private=True)
"""
SHA256 = hashlib.sha256(BODY).hexdigest()


pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "one.safetensors"


def get(server, target, **settings):
    download(f"{server.url}/a", target, **({"allow_private": True} | settings))


def here(target):
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_comes_whole_by_way_of_redirects(target):
    with serving({"/a": redirect("/b"), "/b": BODY}) as server:
        get(server, target, sha256=SHA256, size=len(BODY))
    assert target.read_bytes() == BODY
    assert here(target) == [target.name]


def test_what_was_broken_off_goes_on_where_it_was(target):
    with serving({"/a": ranged(BODY, '"v1"', breaks=[100_000, 50_000])}) as server:
        for missing in (412_000, 362_001):
            with pytest.raises(WebError, match=f"was cut, {missing:,} bytes too early"):
                get(server, target, sha256=SHA256)
            assert not target.exists()
        get(server, target, sha256=SHA256)
        assert server.sent == [(0, 100_000), (99_999, 149_999), (149_998, len(BODY))]
    assert target.read_bytes() == BODY
    assert here(target) == [target.name]


def test_a_part_that_was_whole_already_gets_its_name(target):
    """As when the process was killed before it could."""
    target.parent.mkdir()
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(BODY)
    with serving({"/a": ranged(BODY, '"v1"')}) as server:
        note = {"address": f"{server.url}/a", "tag": '"v1"'}
        part.with_name(part.name + ".json").write_text(json.dumps(note))
        get(server, target, sha256=SHA256)
        assert server.sent == [(len(BODY) - 1, len(BODY))]
    assert target.read_bytes() == BODY


def test_a_file_that_has_changed_meanwhile_is_begun_anew(target):
    other = BODY[::-1]
    with serving({"/a": ranged(BODY, '"v1"', breaks=[100_000])}) as server:
        with pytest.raises(WebError, match="was cut"):
            get(server, target)
        server.pages["/a"] = ranged(other, '"v2"')
        get(server, target)
        assert server.sent[-1] == (0, len(other))
    assert target.read_bytes() == other


def test_a_server_that_knows_no_ranges_begins_anew(target):
    with serving({"/a": cut(BODY, 100_000)}) as server:
        with pytest.raises(WebError, match="was cut"):
            get(server, target)
        server.pages["/a"] = BODY
        get(server, target, sha256=SHA256)
    assert target.read_bytes() == BODY


def test_another_file_than_was_meant_leaves_nothing(target):
    with serving({"/a": BODY}) as server:
        with pytest.raises(WebError, match=f"its SHA-256 is {SHA256}, not 0000"):
            get(server, target, sha256="0" * 64)
        with pytest.raises(WebError, match="has 512,000 bytes and should have 12"):
            get(server, target, size=12)

        def refuse(path):
            assert path.read_bytes() == BODY
            raise PixaceError("no model")

        with pytest.raises(PixaceError, match="no model"):
            get(server, target, check=refuse)
    assert here(target) == []


def test_what_there_was_stays_until_the_new_file_is_whole(target):
    target.parent.mkdir()
    target.write_bytes(b"before")
    with serving({"/a": cut(BODY, 1000)}) as server:
        with pytest.raises(WebError, match="was cut"):
            get(server, target)
        assert target.read_bytes() == b"before"
        server.pages["/a"] = BODY
        get(server, target)
    assert target.read_bytes() == BODY


def test_a_slow_server_is_waited_for_part_by_part(target, monkeypatch):
    monkeypatch.setattr(downloads, "PACE", 1)
    with serving({"/a": dripping(BODY[:30], 0.05)}) as server:
        get(server, target, seconds=0.5)  # 1.5 in all
        assert target.read_bytes() == BODY[:30]
        server.pages["/a"] = dripping(BODY[:3], 1.0)
        with pytest.raises(WebError, match=r"took longer than 0\.3 seconds"):
            get(server, target, seconds=0.3)


def test_who_is_slower_than_that_is_left_and_what_came_is_kept(target):
    with serving({"/a": dripping(BODY, 0.05)}) as server:
        with pytest.raises(WebError, match="comes at less than 10,000 bytes a second"):
            get(server, target, seconds=0.5)
        assert not target.exists()
        assert BODY.startswith(target.with_name(f".{target.name}.part").read_bytes())


def test_what_has_no_end_is_left(target, monkeypatch):
    monkeypatch.setattr(downloads, "MOST", 1 << 20)
    with (
        serving({"/a": endless()}) as server,
        pytest.raises(WebError, match="has more bytes than 1,048,576"),
    ):
        get(server, target)
    assert target.with_name(f".{target.name}.part").stat().st_size <= 1 << 20


@pytest.fixture
def halting():
    """Answers the first that asks in part, and the rest once it may; the others at once."""
    server = SimpleNamespace(begun=threading.Event(), may_end=threading.Event())
    others = ranged(BODY, '"v1"')

    def answer(request):
        if server.begun.is_set():
            others(request)
            return
        request.send_response(200)
        request.send_header("ETag", '"v1"')
        request.send_header("Content-Length", str(len(BODY)))
        request.end_headers()
        request.wfile.write(BODY[:100_000])
        server.begun.set()
        server.may_end.wait(60)
        with suppress(OSError):
            request.wfile.write(BODY[100_000:])

    server.page = answer
    yield server
    server.may_end.set()


def process(server, target):
    """Another process that downloads the same file."""
    return subprocess.Popen(
        [sys.executable, "-c", DOWNLOADS, f"{server.url}/a", str(target)],
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_processes_one_brings_a_file_and_the_other_is_told(target, halting):
    with serving({"/a": halting.page}) as server, process(server, target) as first:
        assert halting.begun.wait(60)
        with process(server, target) as second:
            said = second.stderr.read().splitlines()[-1]
        assert second.returncode == 1
        assert f"{target} is in use: downloading {target.name} (process {first.pid} on" in said
        halting.may_end.set()
        first.wait()
        assert first.returncode == 0
        assert server.asked == ["/a"]
    assert target.read_bytes() == BODY
    assert here(target) == [target.name]


def test_after_one_that_was_killed_the_next_goes_on(target, halting):
    part = target.with_name(f".{target.name}.part")
    with serving({"/a": halting.page}) as server:
        with process(server, target) as first:
            while not part.exists() or not part.stat().st_size:
                assert first.poll() is None
                time.sleep(0.01)
            first.kill()
        had = part.stat().st_size
        get(server, target)
        assert server.sent == [(had - 1, len(BODY))]
    assert target.read_bytes() == BODY
    assert here(target) == [target.name]


def test_no_such_file_and_nobody_to_ask(target):
    with serving({}) as server:
        with pytest.raises(WebError, match="the server says 404 Not Found"):
            get(server, target)
        with pytest.raises(WebError, match="not on the public internet"):
            get(server, target, allow_private=False)
    assert here(target) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "models").touch()
    with serving({"/a": BODY}) as server, pytest.raises(PixaceError, match="cannot write"):
        get(server, tmp_path / "models" / "one.safetensors")
