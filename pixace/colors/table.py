"""The two things all schemes share: settings that are numbers, and a table of colours."""

import re

import numpy as np

from pixace.errors import TokenError


def parse_bits(scheme: str, settings: str) -> tuple[int, int, int]:
    """Reads `5,4,4`: three numbers of bits, each 1..8, at most 16 together."""
    parts = settings.split(",")
    bits = tuple(int(part) if re.fullmatch("[1-8]", part) else 0 for part in parts)
    if len(bits) != 3 or 0 in bits or sum(bits) > 16:
        raise TokenError(
            f"{scheme}:{settings:.60} is no colour scheme: it takes three numbers of bits, each 1 "
            f"to 8 and at most 16 together, such as {scheme}:5,4,4"
        )
    return bits[0], bits[1], bits[2]


def levels(steps: int) -> np.ndarray:
    """Uint8 (steps,): intensities spread evenly over 0..255, from black to white."""
    return np.rint(np.arange(steps) * (255 / (steps - 1))).astype(np.uint8)


def nearest_level(steps: int) -> np.ndarray:
    """Int32 (256,): for each intensity the step whose level is nearest; inverts `levels`."""
    return np.rint(np.arange(256) * ((steps - 1) / 255)).astype(np.int32)


def look_up(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """`table[ids]`, colours uint8 (..., 3), for ids that are all in the table.

    Raises:
      TokenError: an id is outside; names the first one.
    """
    ids = np.asarray(ids)
    outside = (ids < 0) | (ids >= len(table))
    if outside.any():
        first = int(ids[outside].flat[0])
        raise TokenError(f"colour {first} does not exist; colours are 0..{len(table) - 1}")
    return table.take(ids, axis=0)
