"""Every error that a user of pixace can mend, and nothing else.

A `PixaceError` means "you can fix this": its message is one line that says what, why and what
next; the command line prints it without a traceback and exits 1. Any other exception is a bug of
ours and keeps its traceback.
"""

import difflib
from collections.abc import Iterable

LONG = 200  # letters of a name in a message


class PixaceError(Exception):
    """Something that the user can fix."""


class ImageError(PixaceError):
    """One file is not a picture that pixace can read."""


class WebError(PixaceError):
    """Something on the web cannot be had."""


class SizeError(ImageError):
    """A picture would have to be resampled, and must not be."""


class SourceError(PixaceError):
    """A source of pictures does not exist, is empty or is of no known kind."""


class TokenError(PixaceError):
    """A colour scheme, order or token set is unknown, broken or does not fit."""


class ConfigError(PixaceError):
    """A gin file or binding is missing, unknown or contradictory."""


class RunError(PixaceError):
    """A run does not exist, is not whole or cannot be continued."""


class NotFiniteError(PixaceError):
    """A number that must be one has become infinite, or none at all."""


class MissingError(PixaceError):
    """A package, font or program that this job needs is not installed."""


def unknown(kind: str, value: str, known: Iterable[str]) -> str:
    """One line that names the value, what there is, and what may have been meant.

    >>> unknown("order", "rastr", ["column", "raster"])
    "no order 'rastr'; known: column, raster. Did you mean raster?"
    """
    known = sorted(known)
    spelled = {each.lower(): each for each in known}
    value = value if len(value) <= LONG else f"{value[: LONG - 1]}…"
    near = difflib.get_close_matches(value.lower(), spelled, n=1)
    guess = f". Did you mean {spelled[near[0]]}?" if near else ""
    return f"no {kind} {value!r}; known: {', '.join(known)}{guess}"
