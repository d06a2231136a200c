"""What to say when a user names something that does not exist."""

import difflib
from collections.abc import Iterable


def unknown(kind: str, value: str, known: Iterable[str]) -> str:
    """One line that names the value, what there is, and what may have been meant.

    >>> unknown("order", "rastr", ["column", "raster"])
    "no order 'rastr'; known: column, raster. Did you mean raster?"
    """
    known = sorted(known)
    near = difflib.get_close_matches(value, known, n=1)
    guess = f". Did you mean {near[0]}?" if near else ""
    return f"no {kind} {value!r}; known: {', '.join(known)}{guess}"
