"""Redirects of servers: a few of them, and to the web only."""

import io
import urllib.parse
import urllib.request
from typing import Any

from pixace.runtime.addresses import SECRET, is_address, shown
from pixace.runtime.hosts import RefusedError

MOST = 3
LONGEST = 200  # letters of what a server says, in messages


class Redirects(urllib.request.HTTPRedirectHandler):
    """Counted here, so that it can be said."""

    max_repeats = max_redirections = MOST + 1

    def __init__(self) -> None:
        self._count = 0

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """The answer of where the server sends on to.

        Raises:
          RefusedError: that is nowhere on the web, or not the end.
        """
        self._count += 1
        to = headers.get("location") or headers.get("uri") or ""
        full = urllib.parse.urljoin(req.full_url, to)
        why = None
        if self._count > MOST:
            why = f"sends on more than {MOST} times"
        elif not is_address(full):
            why = f"sends on to {shown(to)[:LONGEST]}, which is no address on the web"
        elif shown(full) != full:
            why = f"sends on to {shown(full)[:LONGEST]}, which {SECRET}"
        fp.close()  # what else it says may have no end
        if why:
            raise RefusedError(why)
        return super().http_error_302(req, io.BytesIO(), code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, *args: Any) -> Any:
        """The next request, without the proxy's password: it may go to no proxy."""
        request = super().redirect_request(*args)
        if request:
            request.remove_header("Proxy-authorization")
        return request
