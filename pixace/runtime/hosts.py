"""Hosts that strangers name: looked up once, looked at, and reached at the numbers that were seen.

A name may stand for another address each time it is asked for, so it is asked for once.
"""

import ipaddress
import socket
import threading
import time
from typing import Any

UNICAST = ipaddress.ip_network("2000::/3")  # all that IPv6 has given to single hosts so far
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")  # an IPv4 address inside, of whatever network
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # the same, where a network has nothing but IPv6
PRIVATE = "is not on the public internet; if that is meant, add --allow-private"


class RefusedError(Exception):
    """Said after the address."""


def is_public(number: str) -> bool:
    """Whether an IP address is that of a single host on the public internet.

    >>> [is_public(number) for number in ("1.1.1.1", "10.0.0.1", "224.0.0.1", "::ffff:1.1.1.1")]
    [True, False, False, False]
    """
    it = ipaddress.ip_address(number.partition("%")[0])
    if it in NAT64:
        it = ipaddress.IPv4Address(int(it) & 0xFFFFFFFF)
    if isinstance(it, ipaddress.IPv6Address):
        return it.is_global and it in UNICAST and it not in SIX_TO_FOUR
    return it.is_global and not it.is_multicast


def reached(host: str, port: int, seconds: float, *, allow_private: bool) -> socket.socket:
    """A connection to a host.

    Raises:
      RefusedError: it is not on the public internet, or one of its addresses is not.
      TimeoutError: it took longer than so many seconds in all.
      OSError: there is no such host, or nobody answers there.
    """
    until = time.monotonic() + seconds
    places = _found(host, port, seconds)
    if not allow_private:
        _refuse_private(places)
    why: OSError = TimeoutError()
    for family, place in places:
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(max(1e-3, until - time.monotonic()))
            line.connect(place)
        except OSError as failed:
            line.close()
            why = failed
        else:
            return line
    raise why


def refuse_private_number(host: str) -> None:
    """Refuses a host that another one is to reach, by what can be seen without asking for its name.

    Raises:
      RefusedError: it is this machine, or written as a number that is not on the public internet.
    """
    if host.rstrip(".").lower().rpartition(".")[2] == "localhost":
        raise RefusedError(PRIVATE)
    try:  # also as 127.1, 0x7f000001 or 2130706433
        places = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:  # a name
        return
    _refuse_private([(family, place) for family, *_, place in places])


def _refuse_private(places: list[tuple[int, Any]]) -> None:
    if not all(is_public(place[0]) for _, place in places):
        raise RefusedError(PRIVATE)


def _found(host: str, port: int, seconds: float) -> list[tuple[int, Any]]:
    """All addresses of a host, each with its family, in the order to try them in.

    In a thread, as nothing else can end it.

    Raises:
      TimeoutError: it took longer than so many seconds.
      OSError: there are none.
    """
    said: list[Any] = []

    def ask() -> None:
        try:
            said.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as why:
            said.append(why)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not said:
        raise TimeoutError
    if isinstance(said[0], Exception):
        raise said[0]
    return [(family, place) for family, *_, place in said[0]]
