"""Photos on the web: several at a time, each with limits of its own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pixace.errors import WebError
from pixace.runtime import web

MOST = 32 << 20  # bytes of a photo
AT_ONCE = 8  # photos


def fetched(
    addresses: Sequence[str], *, allow_private: bool = False, seconds: float = web.SECONDS
) -> dict[str, bytes | WebError]:
    """What is behind each of some addresses, or why it cannot be had; several at a time.

    Args:
      addresses: with http:// or https:// in front.
      allow_private: whether this machine and the local network may be asked, too.
      seconds: for each of them.
    """

    def one(address: str) -> bytes | WebError:
        try:
            return fetch(address, allow_private=allow_private, seconds=seconds)
        except WebError as why:
            return why

    different = list(dict.fromkeys(addresses))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(different, pool.map(one, different), strict=True))


def fetch(address: str, *, allow_private: bool = False, seconds: float = web.SECONDS) -> bytes:
    """What is behind one address, at most `MOST` bytes; the rest is as `fetched` has it.

    Raises:
      WebError: it cannot be had; says why.
    """
    parts, length = [], 0
    with web.opened(address, allow_private=allow_private, seconds=seconds) as answer:
        if answer.length is not None and answer.length > MOST:
            raise WebError(
                f"{address} has {answer.length:,} bytes, more than the limit of {MOST:,}"
            )
        for part in answer.blocks():
            parts.append(part)
            length += len(part)
            if length > MOST:
                raise WebError(f"{address} has more bytes than the limit of {MOST:,}")
    return b"".join(parts)
