"""Which pictures are kept for validation: whole groups, by a hash of the group's name.

Near-duplicates share a group, so that validation never asks for what training has shown. No random
seed is involved: when pictures are added, nearly the same groups are chosen again.
"""

import hashlib
from collections.abc import Iterable

import numpy as np


def choose(groups: Iterable[str], count: int, fraction: float) -> np.ndarray:
    """Chooses a share of the pictures.

    Groups are taken in the order of their hashes, each as long as it still fits into the share.
    With two groups or more, at least one is taken and one is left.

    Args:
      groups: the group of each picture, `count` of them; kept in 8 bytes each.
      count: number of pictures.
      fraction: the share wanted, 0..1; 0 and 1 mean just that.

    Returns:
      Bool (count,): the pictures for validation.
    """
    hashes = np.fromiter((_hash(group) for group in groups), np.uint64, count)
    if fraction in (0, 1):
        return np.full(count, fraction == 1)
    _, members, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    room = min(max(1, round(fraction * count)), count - 1)
    taken = np.zeros(len(sizes), bool)
    for group, size in enumerate(sizes.tolist()):  # in the order of their hashes
        if size <= room:
            taken[group] = True
            room -= size
        if not room:
            break
    if len(sizes) > 1 and not taken.any():
        taken[sizes.argmin()] = True
    return taken[members]


def _hash(group: str) -> int:
    digest = hashlib.blake2b(group.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
