"""The training pictures that others are nearest to: how a copy is told.

Pictures are compared as their tokens show them, in RGB. The search is wide first and then close:
all training pictures, upright and mirrored, are shrunk to 8x8 pixels, and those few that are
nearest so are laid over a picture in full, shifted by a pixel or two.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from pixace.arrays import Images
from pixace.data.token_set import TokenSet
from pixace.images.shrinking import shrunk
from pixace.spacing import evenly

SHRUNK = 8  # pixels a side
CHUNK = 4096  # training pictures at a time
CLOSE = 16  # that are looked at in full, of each picture
SHIFTED = 32  # pixels of a side for each of which a picture may be shifted by one more

Shrunk = Float32[np.ndarray, "_ features"]


@dataclass(frozen=True)
class Neighbours:
    """The nearest training picture of each of some pictures.

    Attributes:
      rows: where it is in the training part.
      mirrored: whether it is nearest from left to right.
      distances: root of the mean squared difference, of colour values in 0..255, where both are.
      relative: the same as a share of the mean distance of the next ones, the others of those 16
        that were looked at in full; a plain picture is near to many, a copy to one.
      alike: share of the pixels, in [0, 1], that have the very same colour then.
    """

    rows: Int64[np.ndarray, " n"]
    mirrored: Bool[np.ndarray, " n"]
    distances: Float32[np.ndarray, " n"]
    relative: Float32[np.ndarray, " n"]
    alike: Float32[np.ndarray, " n"]

    def pictures(self, data: TokenSet) -> Images:
        """The training pictures, uint8 `(n, height, width, 3)`, turned as they are nearest."""
        return _turned(data.tokenizer.decode(data.split("train").rows(self.rows)), self.mirrored)


def nearest(pictures: Images, data: TokenSet, among: int | None = None) -> Neighbours:
    """Searches the training pictures.

    1,000 pictures of 32x32 pixels among 100,000 took 10 seconds on two quiet cores, and 330 MB
    (2026-11-28).

    Args:
      pictures: uint8 `(n, height, width, 3)`, as the token set's tokenizer shows them.
      data: token set with at least one training picture.
      among: how many of these are searched, evenly spread; None for all.
    """
    count = len(data.split("train"))
    searched = evenly(count, min(count, among or count))
    rows, mirrored = _candidates(pictures, data, searched)
    found = [
        _closest(picture, _turned(data.tokenizer.decode(data.split("train").rows(those)), turned))
        for picture, those, turned in zip(pictures, rows, mirrored, strict=True)
    ]
    best, *measured = (np.array(each) for each in zip(*found, strict=True))
    own = np.arange(len(pictures))
    numbers = (each.astype(np.float32) for each in measured)
    return Neighbours(rows[own, best], mirrored[own, best], *numbers)


def _candidates(
    pictures: Images, data: TokenSet, searched: Int64[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, "n few"], Bool[np.ndarray, "n few"]]:
    """Rows of the training pictures that are nearest in the small, and which are mirrored."""
    train, tokenizer = data.split("train"), data.tokenizer
    upright, mirrored = _shrunk(pictures), _shrunk(pictures[:, :, ::-1])
    distances = np.empty((len(pictures), 0), np.float32)
    rows = np.empty((len(pictures), 0), np.int64)
    for start in range(0, len(searched), CHUNK):
        chunk = searched[start : start + CHUNK]
        theirs = _shrunk(tokenizer.decode(train.rows(chunk)))
        for mine, sign in ((upright, 1), (mirrored, -1)):  # a mirrored row is kept below zero
            distances = np.concatenate([distances, _squared(mine, theirs)], 1)
            named = np.broadcast_to(sign * (chunk + 1), (len(pictures), len(chunk)))
            rows = np.concatenate([rows, named], 1)
        if distances.shape[1] > CLOSE:
            best = np.argpartition(distances, CLOSE, 1)[:, :CLOSE]
            distances = np.take_along_axis(distances, best, 1)
            rows = np.take_along_axis(rows, best, 1)
    return np.abs(rows) - 1, rows < 0


def _closest(picture: np.ndarray, others: Images) -> tuple[int, float, float, float]:
    """Which of some pictures is nearest in full, and the three numbers of `Neighbours` on it."""
    height, width = picture.shape[:2]
    mine, theirs = picture.astype(np.int16), others.astype(np.int16)
    squared = np.full(len(others), np.inf)
    alike = np.zeros(len(others))
    for down in _shifts(height):
        for right in _shifts(width):
            here, there = (
                (slice(max(y, 0), height + min(y, 0)), slice(max(x, 0), width + min(x, 0)))
                for y, x in ((down, right), (-down, -right))
            )
            difference = mine[here] - theirs[:, *there]
            shifted = np.square(difference, dtype=np.int32).mean((1, 2, 3))
            nearer = shifted < squared
            squared[nearer] = shifted[nearer]
            alike[nearer] = (difference[nearer] == 0).all(-1).mean((1, 2))
    distances = np.sqrt(squared)
    best = int(distances.argmin())
    rest = np.delete(distances, best).mean() if len(others) > 1 else 0.0
    relative = distances[best] / rest if rest else 1.0
    return best, distances[best], relative, alike[best]


def _shifts(side: int) -> range:
    """By how many pixels a picture is shifted along a side."""
    most = min(max(1, side // SHIFTED), side - 1)
    return range(-most, most + 1)


def _shrunk(pictures: Images) -> Shrunk:
    """One row of features for each picture."""
    return shrunk(pictures, SHRUNK).reshape(len(pictures), -1)


def _squared(mine: Shrunk, theirs: Shrunk) -> Float32[np.ndarray, "_ _"]:
    """The square of the distance of each to each."""
    return np.square(mine).sum(1)[:, None] - 2 * mine @ theirs.T + np.square(theirs).sum(1)


def _turned(pictures: Images, mirrored: Bool[np.ndarray, " n"]) -> Images:
    return np.where(mirrored[:, None, None, None], pictures[:, :, ::-1], pictures)
