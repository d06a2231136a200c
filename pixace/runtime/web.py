"""Files on the web, fetched from addresses that anybody may have written.

Only http and https are spoken, redirects included. Redirects are counted and time is limited, for
all of a file or by its bytes, so that a server which sends one now and then is left. What does not
lie on the public internet (this machine, the local network) is refused unless that is asked for:
`hosts` looks at addresses before anybody is asked, at each redirect anew. Proxies that the
environment names are used as ever; where one is, it is they who look up names. Names and passwords
in addresses are neither sent nor shown. What comes is never unpacked.

`PIXACE_OFFLINE=1` turns all of it off.
"""

import functools
import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pixace.errors import WebError
from pixace.runtime import hosts
from pixace.runtime.addresses import SECRET, refuse_offline, shown
from pixace.runtime.hosts import RefusedError
from pixace.runtime.redirects import LONGEST, Redirects
from pixace.version import __version__

SECONDS = 30.0
BLOCK = 1 << 16


@contextmanager
def opened(
    address: str,
    *,
    allow_private: bool = False,
    seconds: float = SECONDS,
    pace: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator["Answer"]:
    """A good answer of a server, as long as the body of `with` lasts.

    Args:
      address: with http:// or https:// in front.
      allow_private: whether this machine and the local network may be asked, too.
      seconds: until all has come, and to wait for each next part.
      pace: bytes that earn another second, for files that may take their time; or None.
      headers: more of them for the request.

    Raises:
      WebError: it cannot be had; says why.
    """
    refuse_offline(address)
    if shown(address) != address:
        raise WebError(f"{shown(address)} {SECRET}")
    visit = _Visit(address, allow_private, seconds, pace)
    with visit.limited():
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
            self._visit.earn(len(part))
            yield part


class _Visit:
    """One file's fetching: who may be asked, and until when."""

    def __init__(
        self, address: str, allow_private: bool, seconds: float, pace: float | None
    ) -> None:
        self.address, self.allow_private, self.seconds = address, allow_private, seconds
        self.late = False
        self._pace, self._came = pace, 0
        self._until = time.monotonic() + seconds
        self._over = threading.Event()
        self._lines: list[socket.socket] = []
        self._proxies = urllib.request.getproxies()

    def earn(self, count: int) -> None:
        """Notes bytes that have come, which may give more time."""
        self._came += count
        if self._pace:
            self._until += count / self._pace

    def connection(self, kind: Any, request: Any, host: str, **settings: Any) -> Any:
        """What will connect to the host of a request, or to its proxy."""
        by_proxy = bool(request.has_proxy() or request._tunnel_host)
        if by_proxy and not self.allow_private:
            hosts.refuse_private_number(urllib.parse.urlsplit(request.full_url).hostname or "")

        def connect(where: tuple[str, int], *_: Any) -> socket.socket:
            left = self._until - time.monotonic()
            line = hosts.reached(*where, left, allow_private=self.allow_private or by_proxy)
            line.settimeout(self.seconds)
            self._lines.append(line.dup())  # which stays when the line is encrypted
            if self.late:
                raise TimeoutError
            return line

        made = kind(host, **settings)
        made._create_connection = connect
        return made

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Ends all connections at last, and when the time is over, wherever they are waiting."""
        watching = threading.Thread(target=self._watch, daemon=True)
        watching.start()
        try:
            yield
        finally:
            self._over.set()
            watching.join()
            for each in self._lines:
                each.close()

    def _watch(self) -> None:
        while (left := self._until - time.monotonic()) > 0:
            if self._over.wait(left):
                return
        self.late = True
        for each in self._lines:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Says in one line what went wrong.

        Raises:
          WebError: something has.
        """
        try:
            yield
        except RefusedError as why:
            raise WebError(f"{self.address} {why}") from why
        except urllib.error.HTTPError as why:
            why.close()
            said = f"the server says {why.code} {why.reason[:LONGEST]}"
            raise WebError(f"{self.address}: {said}") from why
        except (OSError, http.client.HTTPException, ValueError) as why:
            reason = getattr(why, "reason", why)  # in a URLError, what it was
            raise WebError(f"{self.address}: {self._said(reason)}") from why

    def response(self, headers: Mapping[str, str]) -> Any:
        """A good response, after redirects.

        Raises:
          RefusedError, OSError, HTTPException, ValueError: there is none.
        """
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(self._proxies),
            _Http(self.connection),
            _Https(self.connection),
            Redirects(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            opener.add_handler(handler)
        own = {"User-Agent": f"pixace/{__version__}", **headers}
        request = urllib.request.Request(self.address, headers=own)
        response = opener.open(request, timeout=self.seconds)
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            response.close()
            raise RefusedError(f"comes packed ({packed[:LONGEST]}), which nobody asked for")
        return response

    def _said(self, why: Any) -> str:
        """What a person can make of an exception, without what stands in it of a proxy."""
        match why:
            case _ if self.late and self._pace and self._came:
                return f"comes at less than {self._pace:,.0f} bytes a second"
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
            case http.client.IncompleteRead() if why.expected:
                return f"the connection was cut, {why.expected:,} bytes too early"
            case ValueError() | http.client.InvalidURL():
                which = "it, and the proxy's, such as http_proxy" if self._proxies else "it"
                return f"no such address can be asked; look at {which}"
            case ConnectionError() | http.client.HTTPException():
                return "the connection was cut, or what answers is no web server"
        return f"cannot be fetched ({str(why)[:LONGEST]})"


class _Http(urllib.request.HTTPHandler):
    def __init__(self, connection: Callable[..., Any]) -> None:
        super().__init__()
        self._connection = connection

    def http_open(self, request: urllib.request.Request) -> Any:
        kind = functools.partial(self._connection, http.client.HTTPConnection, request)
        return self.do_open(kind, request)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, connection: Callable[..., Any]) -> None:
        super().__init__()
        self._connection = connection

    def https_open(self, request: urllib.request.Request) -> Any:
        kind = functools.partial(self._connection, http.client.HTTPSConnection, request)
        return self.do_open(kind, request)
