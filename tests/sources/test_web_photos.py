"""Photos fetched from a real server, a good one and many bad ones."""

import socket
import threading
import time

import pytest
from web_server import CERTIFICATE, cut, dripping, redirect, serving

from pixace.errors import WebError
from pixace.sources import web_photos

BODY = bytes(range(256)) * 40


pytestmark = pytest.mark.usefixtures("no_proxies")


def refused(address, **settings):
    with pytest.raises(WebError) as caught:
        web_photos.fetch(address, **({"allow_private": True} | settings))
    line = str(caught.value)
    assert line.startswith(address)
    assert "\n" not in line
    return line.removeprefix(address)


def test_bytes_come_as_they_are_by_way_of_redirects():
    pages = {"/a": redirect("/b"), "/b": redirect("c?d=e"), "/c?d=e": BODY}
    with serving(pages) as server:
        assert web_photos.fetch(f"{server.url}/a", allow_private=True) == BODY
        assert server.asked == ["/a", "/b", "/c?d=e"]


def test_this_machine_and_the_local_network_are_not_asked():
    with serving({"/a": BODY}) as server:
        port = server.server_address[1]
        for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
            line = refused(f"http://{host}:{port}/a", allow_private=False)
            assert line == " is not on the public internet; if that is meant, add --allow-private"
        assert server.asked == [], "not a word was said"


def test_several_are_fetched_at_once_and_each_failure_is_a_line_of_its_own():
    meeting = threading.Barrier(3)

    def together(request):
        meeting.wait(timeout=20)
        request.whole(BODY)

    with serving(dict.fromkeys(("/a", "/b", "/c"), together)) as server:
        addresses = [f"{server.url}/{name}" for name in ("a", "b", "c", "gone", "a")]
        found = web_photos.fetched(addresses, allow_private=True)
    assert [found[address] for address in addresses[:3]] == [BODY] * 3
    assert "the server says 404 Not Found" in str(found[addresses[3]])


def test_a_connection_that_is_cut():
    with serving({"/a": cut(BODY, 1000)}) as server:
        line = refused(f"{server.url}/a")
    assert line == f": the connection was cut, {len(BODY) - 1000:,} bytes too early"


def test_a_byte_now_and_then_is_not_waited_for():
    with serving({"/a": dripping(BODY, 0.05)}) as server:
        began = time.monotonic()
        line = refused(f"{server.url}/a", seconds=0.5)
    assert line == ": took longer than 0.5 seconds"
    assert time.monotonic() - began < 0.05 * len(BODY) / 2


def test_a_server_that_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        line = refused(f"http://127.0.0.1:{silent.getsockname()[1]}/a", seconds=0.3)
    assert line == ": took longer than 0.3 seconds"


def test_nobody_there_and_no_such_host():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert refused(f"http://127.0.0.1:{port}/a") == ": nobody answers there"
    assert refused("http://nowhere.invalid/a") == ": no such host, or no network"


def test_what_is_no_server_of_the_web():
    def nonsense(request):
        request.wfile.write(b"SSH-2.0-nonsense\r\n")
        request.close_connection = True

    with serving({"/a": nonsense}) as server:
        assert "is no web server" in refused(f"{server.url}/a")
        line = refused(server.url.replace("http:", "https:") + "/a")
        assert line == ": no encrypted connection comes about; is it http:// perhaps?"


@pytest.mark.parametrize("claimed", [True, False])
def test_too_many_bytes_are_not_taken(claimed, monkeypatch):
    monkeypatch.setattr(web_photos, "MOST", 5000)

    def chunked(request):
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"100\r\n" + bytes(256) + b"\r\n")
        request.wfile.write(b"0\r\n\r\n")

    with serving({"/a": BODY if claimed else chunked}) as server:
        line = refused(f"{server.url}/a")
    assert line == (
        " has 10,240 bytes, more than the limit of 5,000"
        if claimed
        else " has more bytes than the limit of 5,000"
    )


def test_redirects_end_somewhere_on_the_web():
    pages = {"/round": redirect("/round"), "/else": redirect("ftp://pixace.org/a.png")}
    with serving(pages) as server:
        assert refused(f"{server.url}/round") == " sends on more than 3 times"
        assert len(server.asked) == 4
        line = refused(f"{server.url}/else")
    assert line == " sends on to ftp://pixace.org/a.png, which is no address on the web"


def test_certificates_must_hold(monkeypatch):
    pages = {"/a": BODY, "/slow": dripping(BODY, 0.05)}
    with serving(pages, encrypted=True) as server:
        line = refused(f"{server.url}/a")
        assert line.startswith(": its certificate does not hold (self")
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert web_photos.fetch(f"{server.url}/a", allow_private=True) == BODY
        assert refused(f"{server.url}/slow", seconds=0.5) == ": took longer than 0.5 seconds"


def test_offline_nobody_is_asked(monkeypatch):
    with serving({"/a": BODY}) as server:
        monkeypatch.setenv("PIXACE_OFFLINE", "1")
        assert refused(f"{server.url}/a") == " is not asked, as PIXACE_OFFLINE is set"
        assert server.asked == []
        monkeypatch.setenv("PIXACE_OFFLINE", "0")
        assert web_photos.fetch(f"{server.url}/a", allow_private=True) == BODY


@pytest.mark.parametrize("address", ["http://", "http://[::1", "https://a:b/c", "http://a b/"])
def test_addresses_that_are_none(address):
    assert refused(address).startswith(": ")
