"""Whether pictures are as good and as varied as real ones, without looking at each.

Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) and a
kernel distance (the unbiased squared maximum mean discrepancy of a cubic kernel, Bińkowski et al.
2018), on `PictureFeatures`. None of them can be compared with figures on other features.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from pixace.arrays import Images
from pixace.data.token_set import TokenSet
from pixace.errors import PixaceError
from pixace.evaluation.measure import Measure
from pixace.evaluation.picture_features import PictureFeatures
from pixace.spacing import evenly

NEAREST = 5  # real pictures whose farthest says how large a picture's neighbourhood is
LEAST = NEAREST + 1  # pictures of each kind
REAL = 2000  # held-out pictures at most
BLOCK = 50  # pictures of either side, at most, of which the kernel distance is found at a time
BLOCKS = 8  # at least, so that its error is known

Features = Float32[np.ndarray, "_ _"]


@dataclass(frozen=True)
class Fidelity:
    """Pictures beside real ones.

    Attributes:
      precision: share of the pictures that lie in the neighbourhood of a real one: whether they are
        like real ones.
      recall: share of the real ones in the neighbourhood of a picture: whether all kinds occur.
      density: how many neighbourhoods of real ones a picture lies in, of those it may expect; about
        1 for real ones.
      coverage: share of the real ones that have a picture in their neighbourhood.
      distance: a kernel distance, 0 for pictures like the real ones; times 1,000.
    """

    precision: Measure
    recall: Measure
    density: Measure
    coverage: Measure
    distance: Measure

    @classmethod
    def of(cls, pictures: Features, real: Features) -> "Fidelity":
        """Compares.

        Raises:
          PixaceError: there are fewer than 6 of either.
        """
        if min(len(pictures), len(real)) < LEAST:
            raise PixaceError(
                f"{len(pictures)} new and {len(real)} held-out pictures are too few to compare; "
                f"{LEAST} of each are the least"
            )
        apart = _distances(real, pictures)
        inside = apart < _reach(real)[:, None]
        within = apart < _reach(pictures)
        return cls(
            precision=Measure.of(inside.any(0).astype(float)),
            recall=Measure.of(within.any(1).astype(float)),
            density=Measure.of(inside.sum(0) / NEAREST),
            coverage=Measure.of(inside.any(1).astype(float)),
            distance=Measure.of(1000 * _discrepancies(pictures, real)),
        )


@dataclass(frozen=True)
class Compared:
    """New pictures and training pictures, as many, each beside held-out ones.

    Attributes:
      drawn: the new ones.
      training: what a perfect model would get.
    """

    drawn: Fidelity
    training: Fidelity

    @classmethod
    def of(cls, pictures: Images, data: TokenSet) -> "Compared":
        """Compares pictures with those of a token set.

        Raises:
          PixaceError: there are fewer than 6 of any kind.
        """
        features, train = PictureFeatures.fitted(data), data.split("train")
        as_many = train.rows(evenly(len(train), min(len(pictures), len(train))))
        held = data.split("validation")
        real = features.of(
            data.tokenizer.decode(held.rows(evenly(len(held), min(REAL, len(held)))))
        )
        others = features.of(data.tokenizer.decode(as_many))
        return cls(Fidelity.of(features.of(pictures), real), Fidelity.of(others, real))


def _distances(some: Features, others: Features) -> Float32[np.ndarray, "_ _"]:
    """Squared, of each to each."""
    squares = np.square(some).sum(1)[:, None] + np.square(others).sum(1)
    return np.maximum(squares - 2 * some @ others.T, 0)


def _reach(features: Features) -> Float32[np.ndarray, " _"]:
    """Squared distance of each to its fifth neighbour among the others."""
    return np.partition(_distances(features, features), NEAREST, axis=1)[:, NEAREST]


def _discrepancies(pictures: Features, real: Features) -> np.ndarray:
    """The kernel distance of one block of pictures after the other."""
    fewer = min(len(pictures), len(real))
    size = max(2, min(BLOCK, fewer // BLOCKS))
    blocks = fewer // size
    shuffled = np.random.default_rng(0)
    some, others = (each[shuffled.permutation(len(each))] for each in (pictures, real))
    found = []
    for start in range(0, blocks * size, size):
        new, known = some[start : start + size], others[start : start + size]
        alike = sum(
            (kernel.sum() - np.trace(kernel)) / (size * (size - 1))
            for kernel in (_kernel(new, new), _kernel(known, known))
        )
        found.append(alike - 2 * _kernel(new, known).mean())
    return np.array(found)


def _kernel(some: Features, others: Features) -> np.ndarray:
    return (some.astype(float) @ others.T / some.shape[1] + 1) ** 3
