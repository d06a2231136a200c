"""Addresses on the web, as people and servers write them."""

import os
import re

from pixace.errors import WebError

OFFLINE = "PIXACE_OFFLINE"
SECRET = "has a name or password in it, and such are not sent; name one without"


def is_address(named: object) -> bool:
    """Whether something is named by its address on the web."""
    return isinstance(named, str) and re.match(r"https?://", named, re.IGNORECASE) is not None


def shown(address: str) -> str:
    """An address without the name and password that may stand in it.

    >>> shown("https://me:secret@pixace.org/a.png")
    'https://pixace.org/a.png'
    """
    return re.sub(r"^([\w+.-]+:)?//[^/?#]*@", r"\1//", address)


def refuse_offline(named: str) -> None:
    """Refuses to ask for something where the network is turned off.

    Raises:
      WebError: it is.
    """
    if os.environ.get(OFFLINE, "0") not in ("", "0"):
        raise WebError(f"{shown(named)} is not asked, as {OFFLINE} is set")
