"""Files on the web, fetched from addresses that anybody may have written.

Only http and https are spoken, redirects included. Redirects and time are limited, the time for all
of a file together if that is wanted, so that a server which sends a byte now and then is left. What
does not lie on the public internet (this machine, the local network) is refused unless that is
asked for: the address of the other end is looked at once there is a connection, before a word is
said. Proxies that the environment names are used as ever; where one is, it is they who connect.

`PIXACE_OFFLINE=1` turns all of it off.
"""

import http.client
import ipaddress
import os
import re
import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pixace.errors import WebError
from pixace.version import __version__

SECONDS = 30.0
REDIRECTS = 5
BLOCK = 1 << 16
OFFLINE = "PIXACE_OFFLINE"
PRIVATE = "is not on the public internet; if that is meant, add --allow-private"


def is_address(named: object) -> bool:
    """Whether something is named by its address on the web."""
    return isinstance(named, str) and re.match(r"https?://", named, re.IGNORECASE) is not None


@contextmanager
def opened(
    address: str,
    *,
    allow_private: bool = False,
    seconds: float = SECONDS,
    all_of_it: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Iterator["Answer"]:
    """A good answer of a server, as long as the body of `with` lasts.

    Args:
      address: with http:// or https:// in front.
      allow_private: whether this machine and the local network may be asked, too.
      seconds: until all has come, or to wait for each next part.
      all_of_it: which of both.
      headers: more of them for the request.

    Raises:
      WebError: it cannot be had; says why.
    """
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise WebError(f"{address} is not asked, as {OFFLINE} is set")
    visit = _Visit(address, allow_private, seconds)
    with visit.limited() if all_of_it else visit.open():
        with visit.explained():
            response = visit.response(headers or {})
        with response:
            yield Answer(response, visit)


class Answer:
    """A good answer of a server.

    Attributes:
      status: its number, 2xx.
      headers: of it, whatever the case of their names.
      length: how many bytes will come, if that is said.
    """

    def __init__(self, response: http.client.HTTPResponse, visit: "_Visit") -> None:
        self.status, self.headers, self.length = response.status, response.headers, response.length
        self._response, self._visit = response, visit

    def blocks(self) -> Iterator[bytes]:
        """Its bytes, in parts as they come.

        Raises:
          WebError: the connection breaks.
        """
        while True:
            with self._visit.explained():
                part = self._response.read1(BLOCK)
                if not part and self._visit.late:
                    raise TimeoutError
                if not part and self._response.length:  # what is still owed
                    raise http.client.IncompleteRead(b"", self._response.length)
            if not part:
                return
            yield part


class _RefusedError(Exception):
    """Said after the address."""


class _Visit:
    """One file's fetching: who may be asked, and until when."""

    def __init__(self, address: str, allow_private: bool, seconds: float) -> None:
        self.address, self.allow_private, self.seconds = address, allow_private, seconds
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
    def open(self) -> Iterator[None]:
        """Ends all connections."""
        try:
            yield
        finally:
            for each in self._sockets:
                each.close()

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Ends all connections, and when the time is over, wherever they are waiting."""

        def over() -> None:
            self.late = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        clock = threading.Timer(self.seconds, over)
        clock.daemon = True
        clock.start()
        try:
            with self.open():
                yield
        finally:
            clock.cancel()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Says in one line what went wrong.

        Raises:
          WebError: something has.
        """
        try:
            yield
        except _RefusedError as why:
            raise WebError(f"{self.address} {why}") from why
        except urllib.error.HTTPError as why:
            why.close()
            raise WebError(f"{self.address}: the server says {why.code} {why.reason}") from why
        except (OSError, http.client.HTTPException, ValueError) as why:
            reason = getattr(why, "reason", why)  # in a URLError, what it was
            raise WebError(f"{self.address}: {self._said(reason)}") from why

    def response(self, headers: Mapping[str, str]) -> Any:
        """A good response, after redirects."""
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
        own = {"User-Agent": f"pixace/{__version__}", **headers}
        return opener.open(urllib.request.Request(self.address, headers=own), timeout=self.seconds)

    def _said(self, why: Any) -> str:
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
                return f"the connection was cut, {why.expected or 0:,} bytes too early"
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
