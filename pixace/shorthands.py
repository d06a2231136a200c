"""Arguments that are short for bindings, as the gin lines that they stand for."""

from collections.abc import Sequence
from typing import Any

from pixace import trackers


def lines(of: str, **values: Any) -> list[str]:
    """One line for each of `of`'s settings that has a value; what is None is left as it is."""
    return [f"{of}.{name} = {value!r}" for name, value in values.items() if value is not None]


def several(text: str | Sequence[str]) -> list[str]:
    """An argument that takes one text or several, as a list."""
    return [text] if isinstance(text, str) else list(text)


def tracked(track: str | Sequence[str]) -> str | None:
    """Trackers as one word for a binding; None for none named.

    Raises:
      ConfigError: one is unknown, or not installed.
    """
    together = ",".join(several(track))
    if not together:
        return None
    trackers.check(together)
    return together
