"""Pictures on the web: files fetched from addresses that anybody may have written.

Only http and https are spoken, redirects included. Bytes, redirects and time are limited, and the
time for all of a file together, so that a server which sends a byte now and then is left. What does
not lie on the public internet (this machine, the local network) is refused unless that is asked
for: the address of the other end is looked at once there is a connection, before a word is said.
Proxies that the environment names are used as ever; where one is, it is they who connect.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from pixace.errors import ImageError
from pixace.version import __version__

MOST = 32 << 20  # bytes of a picture
SECONDS = 30.0  # for all of it
REDIRECTS = 5
AT_ONCE = 8  # pictures
BLOCK = 1 << 16
PRIVATE = "is not on the public internet; if that is meant, add --allow-private"


def is_address(named: object) -> bool:
    """Whether a picture is named by its address on the web."""
    return isinstance(named, str) and re.match(r"https?://", named, re.IGNORECASE) is not None


def fetched(
    addresses: Sequence[str], *, allow_private: bool = False, seconds: float = SECONDS
) -> dict[str, bytes | ImageError]:
    """What is behind each of some addresses, or why it cannot be had; several at a time.

    Args:
      addresses: with http:// or https:// in front.
      allow_private: whether this machine and the local network may be asked, too.
      seconds: for each of them.
    """

    def one(address: str) -> bytes | ImageError:
        try:
            return fetch(address, allow_private=allow_private, seconds=seconds)
        except ImageError as why:
            return why

    different = list(dict.fromkeys(addresses))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(different, pool.map(one, different), strict=True))


def fetch(address: str, *, allow_private: bool = False, seconds: float = SECONDS) -> bytes:
    """What is behind one address; the rest is as `fetched` has it.

    Raises:
      ImageError: it cannot be had; says why.
    """
    visit = _Visit(allow_private, seconds)
    try:
        with visit.limited():
            return visit.body(address)
    except _RefusedError as why:
        raise ImageError(f"{address} {why}") from why
    except urllib.error.HTTPError as why:
        why.close()
        raise ImageError(f"{address}: the server says {why.code} {why.reason}") from why
    except (OSError, http.client.HTTPException, ValueError) as why:
        reason = getattr(why, "reason", why)  # in a URLError, what it was
        raise ImageError(f"{address}: {visit.what_failed(reason)}") from why


class _RefusedError(Exception):
    """Said after the address."""


class _Visit:
    """One file's fetching: who may be asked, and until when."""

    def __init__(self, allow_private: bool, seconds: float) -> None:
        self.allow_private, self.seconds = allow_private, seconds
        self.late = False
        self._sockets: list[socket.socket] = []

    def connected(self, connection: http.client.HTTPConnection) -> None:
        """Notes a connection, to end it at last."""
        self._sockets.append(connection.sock)
        if self.late:
            raise TimeoutError

    def look(self, connection: http.client.HTTPConnection) -> None:
        """Looks at who is at the other end, before anything is said."""
        other = ipaddress.ip_address(connection.sock.getpeername()[0])
        if not (other.is_global or self.allow_private):
            raise _RefusedError(PRIVATE)

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Ends all connections when the time is over, wherever they are waiting."""

        def over() -> None:
            self.late = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        clock = threading.Timer(self.seconds, over)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()
            for each in self._sockets:
                each.close()

    def body(self, address: str) -> bytes:
        """All bytes of the file."""
        opener = urllib.request.OpenerDirector()
        proxies = urllib.request.getproxies()
        http_kind, https_kind = self._kinds(bool(proxies))
        for handler in (
            urllib.request.ProxyHandler(proxies),
            _Http(http_kind),
            _Https(https_kind),
            _Redirects(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            opener.add_handler(handler)
        said = {"User-Agent": f"pixace/{__version__}", "Accept": "image/*"}
        request = urllib.request.Request(address, headers=said)
        parts, length = [], 0
        with opener.open(request, timeout=self.seconds) as answer:
            claimed = answer.headers.get("Content-Length", "")
            if claimed.isdigit() and int(claimed) > MOST:
                raise _RefusedError(f"has {int(claimed):,} bytes, more than the limit of {MOST:,}")
            while part := answer.read1(BLOCK):
                parts.append(part)
                length += len(part)
                if length > MOST:
                    raise _RefusedError(f"has more bytes than the limit of {MOST:,}")
            if self.late:
                raise TimeoutError
            if claimed.isdigit() and length < int(claimed):
                raise http.client.IncompleteRead(b"", int(claimed) - length)
        return b"".join(parts)

    def what_failed(self, why: Any) -> str:
        """What a person can make of an exception."""
        match why:
            case _ if self.late or isinstance(why, TimeoutError):
                return f"took longer than {self.seconds:g} seconds"
            case ssl.SSLCertVerificationError():
                return f"its certificate does not hold ({why.verify_message})"
            case ssl.SSLError():
                return "no encrypted connection comes about; is it http:// perhaps?"
            case socket.gaierror():
                return "no such host, or no network"
            case ConnectionRefusedError():
                return "nobody answers there"
            case http.client.IncompleteRead():
                return f"the connection was cut, {why.expected:,} bytes too early"
            case ConnectionError() | http.client.HTTPException():
                return "the connection was cut, or what answers is no web server"
        return f"cannot be fetched ({why})"

    def _kinds(self, is_proxy: bool) -> tuple[Any, Any]:
        """The two kinds of connection, which are looked at as soon as they stand."""
        visit = self

        class Http(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                visit.connected(self)
                if not is_proxy:
                    visit.look(self)

        class Https(http.client.HTTPSConnection, Http):
            def connect(self) -> None:
                super().connect()  # in `Http` too, before it is encrypted
                visit.connected(self)

        return Http, Https


class _Http(urllib.request.HTTPHandler):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self._kind = kind

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._kind, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self._kind = kind

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(self._kind, request)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Counted here, so that it can be said."""

    max_repeats = max_redirections = REDIRECTS + 1

    def __init__(self) -> None:
        self._count = 0

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        self._count += 1
        to = headers.get("location") or headers.get("uri") or ""
        why = None
        if self._count > REDIRECTS:
            why = f"sends on more than {REDIRECTS} times"
        elif not is_address(urllib.parse.urljoin(req.full_url, to)):
            why = f"sends on to {to}, which is no address on the web"
        if why:
            fp.close()
            raise _RefusedError(why)
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
