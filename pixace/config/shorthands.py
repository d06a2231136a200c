"""Arguments that are short for bindings, as the gin lines that they stand for."""

import ast
import math
from collections.abc import Iterable
from typing import Any

from pixace import trackers
from pixace.errors import ConfigError
from pixace.ranges import plain, said, several


def lines(of: str, **values: Any) -> list[str]:
    """One line for each of `of`'s settings that has a value; what is None is left as it is.

    Raises:
      ConfigError: a value is none that a line can hold.
    """
    given = {name: plain(value) for name, value in values.items() if value is not None}
    return [line(f"{of}.{name}", value) for name, value in given.items()]


def line(name: str, value: Any) -> str:
    """The gin line that gives a setting a value.

    Raises:
      ConfigError: the value is none that a line can hold.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} is {value}; it must be a finite number")
    try:
        ast.literal_eval(repr(value))
    except (ValueError, SyntaxError) as why:
        raise ConfigError(f"{name} = {said(value)} is no number and no text") from why
    return f"{name} = {value!r}"


def training(
    of: str, *, track: str | Iterable[str] | None, **values: int | float | None
) -> list[str]:
    """The lines for what both trainings take; `values` are `steps`, `batch_size` and so on.

    Raises:
      ConfigError: a value is none that a line can hold; or as `tracked`.
    """
    return lines(of, **values, track=tracked(track))


def tracked(track: str | Iterable[str] | None) -> str | None:
    """Trackers as one word for a binding; None for none named.

    Raises:
      ConfigError: one is unknown, or not installed.
    """
    together = ",".join(several(track))
    if not together:
        return None
    trackers.check(together)
    return together
