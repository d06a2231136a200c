"""Colour schemes: one id for each pixel. One scheme per file; `by_spec` finds it by name.

`kmeans.py` and `exact.py` are the ways to make a palette of the pictures at hand.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from pixace.colors import grey, hsv, palette, rgb
from pixace.errors import TokenError, unknown

if TYPE_CHECKING:
    from pixace.arrays import Ids


def _unfitted(settings: str) -> "Colors":
    """What `kmeans:K` and `exact` are before they have seen pictures."""
    raise TokenError(
        "kmeans and exact are no colours yet: they become a palette when they see the pictures, "
        "in pixace tokenize or pixace train"
    )


SCHEMES: dict[str, Callable[[str], "Colors"]] = {
    "exact": _unfitted,
    "grey": grey.parse,
    "hsv": hsv.parse,
    "kmeans": _unfitted,
    "palette": palette.parse,
    "rgb": rgb.parse,
}


@runtime_checkable
class Colors(Protocol):
    """What every scheme offers. Schemes are frozen, hashable and can be pickled."""

    @property
    def size(self) -> int:
        """Number of ids; they are 0..size-1."""

    @property
    def spec(self) -> str:
        """The text from which `by_spec` makes this scheme again, on any machine."""

    @property
    def canonical(self) -> np.ndarray:
        """Bool (size,): the ids that `encode` can give."""

    def encode(self, pixels: np.ndarray) -> "Ids":
        """Pixels uint8 (..., 3), RGB, to ids int32 (...), all of them canonical."""

    def decode(self, ids: "Ids") -> np.ndarray:
        """Ids (...) to pixels uint8 (..., 3); raises TokenError for ids outside 0..size-1."""


def by_spec(spec: str) -> Colors:
    """Makes a scheme from text: `hsv:5,4,4`, `rgb:3,3,2`, `grey:16`, `palette:FILE`.

    Raises:
      TokenError: no such scheme, or its settings make no sense.
    """
    name, _, settings = spec.partition(":")
    if name not in SCHEMES:
        raise TokenError(unknown("colours", name, SCHEMES))
    return SCHEMES[name](settings)
