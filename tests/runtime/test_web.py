"""What anybody may answer: servers that are slow, endless, packed, sending elsewhere, or lying."""

import gzip
import socket
import threading
import time

import pytest
from web_server import cut, dripping, dripping_headers, endless, redirect, serving

from pixace.errors import WebError
from pixace.runtime import hosts, web

BODY = bytes(range(256)) * 40

pytestmark = pytest.mark.usefixtures("no_proxies")


def body(address, **settings):
    with web.opened(address, **({"allow_private": True} | settings)) as answer:
        return b"".join(answer.blocks())


def refused(address, **settings):
    with pytest.raises(WebError) as caught:
        body(address, **settings)
    line = str(caught.value)
    assert line.startswith(address)
    assert "\n" not in line
    return line.removeprefix(address)


@pytest.fixture
def elsewhere(monkeypatch):
    """A server that is private, where that of `serving` counts as public."""
    monkeypatch.setattr(hosts, "is_public", lambda number: number == "127.0.0.1")
    with serving({"/secret": BODY}, place=("127.0.0.2", 0)) as server:
        yield server


@pytest.mark.parametrize(
    ("pace", "said"),
    [(None, "took longer than 0.5 seconds"), (1000, "comes at less than 1,000 bytes a second")],
)
def test_time_is_limited_in_all(pace, said):
    """For headers, for bodies, and for all of the way there."""

    def slow(request):
        time.sleep(0.3)
        redirect("/slow/more")(request)

    pages = {"/headers": dripping_headers(0.05), "/body": dripping(BODY, 0.05)}
    pages |= {"/slow": slow, "/slow/more": slow}
    with serving(pages) as server:
        assert refused(f"{server.url}/body", seconds=0.5, pace=pace) == f": {said}"
        for path in ("/headers", "/slow"):
            line = refused(f"{server.url}{path}", seconds=0.5, pace=pace)
            assert line == ": took longer than 0.5 seconds"


def test_an_encrypted_connection_that_never_comes_about_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            line, _ = listening.accept()
            with line:
                try:
                    line.sendall(b"\x16\x03\x03\x40\x00")  # a long greeting is to come
                    while True:
                        time.sleep(0.05)
                        line.sendall(b"\x02")
                except OSError:
                    pass

        dripping_greeting = threading.Thread(target=drip)
        dripping_greeting.start()
        line = refused(f"https://127.0.0.1:{listening.getsockname()[1]}/a", seconds=0.5)
        dripping_greeting.join()
    assert line == ": took longer than 0.5 seconds"


def test_bytes_earn_time():
    with serving({"/a": dripping(BODY[:20], 0.05)}) as server:
        assert body(f"{server.url}/a", seconds=0.5, pace=1) == BODY[:20]


def test_a_redirect_without_an_end_is_not_read(monkeypatch):
    pages = {"/a": endless(302, Location="/b"), "/b": BODY}
    with serving(pages) as server:
        assert body(f"{server.url}/a") == BODY


def test_each_redirect_is_looked_at_anew(elsewhere):
    secret = f"{elsewhere.url}/secret"
    with serving({"/a": redirect("/b"), "/b": redirect(secret), "/c": BODY}) as server:
        assert body(f"{server.url}/c", allow_private=False) == BODY
        line = refused(f"{server.url}/a", allow_private=False)
        assert line == " is not on the public internet; if that is meant, add --allow-private"
        assert elsewhere.asked == []
        assert body(f"{server.url}/a") == BODY


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("file:/etc/passwd", "sends on to file:/etc/passwd, which is no address on the web"),
        ("ftp://me:secret@pixace.org", "sends on to ftp://pixace.org, which is no address on"),
        ("https://me:secret@pixace.org/", "sends on to https://pixace.org/, which has a name or"),
        ("gopher:" + "x" * 10_000, f"sends on to gopher:{'x' * 193}, which is no address"),
    ],
)
def test_redirects_that_are_not_followed(to, said):
    with serving({"/a": redirect(to)}) as server:
        assert refused(f"{server.url}/a").startswith(f" {said}")


def test_what_is_packed_is_not_unpacked():
    bomb = gzip.compress(bytes(50 << 20))

    def packed(request):
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.send_header("Content-Length", str(len(bomb)))
        request.end_headers()
        request.wfile.write(bomb)

    with serving({"/a": packed, "/b": bomb}) as server:
        assert refused(f"{server.url}/a") == " comes packed (gzip), which nobody asked for"
        assert body(f"{server.url}/b") == bomb
        assert server.headers[0]["Accept-Encoding"] == "identity"


def test_lengths_that_are_not_true():
    def too_short(request):
        request.whole(BODY, claimed=100)
        request.close_connection = True

    def too_long(request):
        request.whole(BODY, claimed=len(BODY) + 1)
        time.sleep(1)

    pages = {"/short": too_short, "/long": too_long, "/cut": cut(BODY, 100)}
    with serving(pages) as server:
        assert body(f"{server.url}/short") == BODY[:100]
        assert refused(f"{server.url}/long", seconds=0.3) == ": took longer than 0.3 seconds"
        assert "the connection was cut, 10,140 bytes too early" in refused(f"{server.url}/cut")


def test_what_a_server_says_is_short():
    def wordy(request):
        request.wfile.write(b"HTTP/1.1 500 " + b"x" * 50_000 + b"\r\n\r\n")
        request.close_connection = True

    with serving({"/a": wordy}) as server:
        assert refused(f"{server.url}/a") == f": the server says 500 {'x' * 200}"


def test_passwords_in_addresses_are_neither_sent_nor_shown():
    with serving({"/a": BODY}) as server:
        with pytest.raises(WebError) as why:
            body(server.url.replace("//", "//me:secret@") + "/a")
        assert server.asked == []
    assert str(why.value) == (
        f"{server.url}/a has a name or password in it, and such are not sent; name one without"
    )


def test_a_proxy_gets_its_password_and_nobody_else(monkeypatch):
    with serving({"/b": BODY}) as server:
        to = server.url.replace("127.0.0.1", "localhost") + "/b"
        with serving({"http://pixace.invalid/a": redirect(to)}) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:secret@"))
            monkeypatch.setenv("no_proxy", "localhost")
            assert body("http://pixace.invalid/a") == BODY
            assert proxy.headers[0]["Proxy-Authorization"]
            assert "secret" not in str(server.headers[0])
            assert "Proxy-Authorization" not in server.headers[0]
            line = refused("http://pixace.invalid/a", allow_private=False)
            assert line.startswith(" is not on the public internet")
            assert len(server.asked) == 1


def test_a_proxy_is_not_sent_to_this_machine(monkeypatch):
    with serving({}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        for address in ("http://127.0.0.1/a", "https://[::1]/a", "http://localhost/a"):
            line = refused(address, allow_private=False)
            assert line.startswith(" is not on the public internet")
        assert proxy.asked == []
        assert "the server says 404" in refused("http://pixace.invalid/a", allow_private=False)


def test_settings_of_proxies_that_are_not_used_change_nothing(monkeypatch):
    with serving({"/a": BODY}) as server:
        monkeypatch.setenv("no_proxy", "pixace.invalid")
        monkeypatch.setenv("ftp_proxy", server.url)
        line = refused(f"{server.url}/a", allow_private=False)
        assert line.startswith(" is not on the public internet")
        assert server.asked == []


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:secret@127.0.0.1:1",
        "http:me:secret@127.0.0.1",
        "http://me:sec/ret@host",
        "http://me:secret@[",
        "me:secret@127.0.0.1:port",
        "socks5://me:secret@127.0.0.1:1",
        "http://me:secret@no such host",
    ],
)
def test_of_a_proxy_that_cannot_be_used_no_secrets_are_told(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    for address in ("http://pixace.invalid/a", "https://pixace.invalid/a"):
        line = refused(address)
        assert "me" not in line.replace("named", "").replace("name", "").split()
        assert "sec" not in line.replace("seconds", "")
