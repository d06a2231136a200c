"""Which pictures are kept for validation: whole groups, by a hash of the group's name.

Near-duplicates share a group, so that validation never asks for what training has shown. No random
seed is involved: when pictures are added, nearly the same groups are chosen again.
"""

import hashlib
from collections.abc import Iterable

import numpy as np

VERSION = "holdout/2"  # of the ways to choose; another one may hold out other pictures


def hashes(groups: Iterable[str], count: int) -> np.ndarray:
    """A hash of each group's name, uint64 (count,)."""
    return np.fromiter((_hash(group) for group in groups), np.uint64, count)


def pick(groups: np.ndarray, fraction: float) -> np.ndarray:
    """Chooses a share of the pictures.

    Groups are taken in the order of their hashes, each as long as it still fits into the share.
    With two groups or more, at least one is taken and one is left.

    Args:
      groups: uint64 (pictures,), a hash of each one's group.
      fraction: the share wanted, 0..1; 0 and 1 mean just that.

    Returns:
      Bool (pictures,): those for validation.
    """
    count = len(groups)
    if fraction in (0, 1):
        return np.full(count, fraction == 1)
    _, members, sizes = np.unique(groups, return_inverse=True, return_counts=True)
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


def joined(groups: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Makes one group of all that have a row in common, by however many others between them.

    It gets the greatest of their hashes, and so is the last of them to be taken: what is in
    training stays there, and all other groups keep their order.

    Args:
      groups: uint64 (pictures,), a hash of each one's group.
      rows: uint64 (pictures,), a hash of each one's row.

    Returns:
      Uint64 (pictures,): hashes of the groups that come of it.
    """
    names, group = np.unique(groups, return_inverse=True)
    _, row, sizes = np.unique(rows, return_inverse=True, return_counts=True)
    if len(sizes) == len(rows):
        return groups
    head, before = np.arange(len(names)), None
    while before is None or (head != before).any():
        before = head
        of_rows = np.zeros(len(sizes), np.int64)
        np.maximum.at(of_rows, row, head[group])
        head = head.copy()
        np.maximum.at(head, group, of_rows[row])
        head = head[head]  # a head may have one of its own: long chains end in few rounds
    return names[head[group]]


def _hash(group: str) -> int:
    digest = hashlib.blake2b(group.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
