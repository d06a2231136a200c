"""What some numbers say about the classes of pictures: how often a linear classifier is right.

The classifier is scikit-learn's logistic regression. How strongly it is fitted, and whether its
features are scaled one by one or all alike, a fifth of the training pictures decide, on which it is
tried; held-out pictures decide nothing.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from pixace.arrays import Images
from pixace.errors import PixaceError
from pixace.evaluation.measure import Measure

LEAST = 5  # training pictures of each class; and held-out pictures
TRIED = 0.2  # of the training pictures
STRENGTHS = 10.0 ** np.arange(-4, 3)  # how much the fit counts beside small weights
PATIENCE = 2  # more of them that are no better
ROUNDS = 500  # of the solver

Features = Float[np.ndarray, "_ _"]  # a row for each picture
Both = tuple[Features, Features]  # of the training pictures, and of those held out


@dataclass(frozen=True)
class Told:
    """How well a linear classifier tells the classes of pictures by some features.

    Attributes:
      features: how many numbers there are of each picture.
      tried: the share of the training pictures it was tried on whose class it told.
      accuracy: the same share of held-out pictures.
    """

    features: int
    tried: float
    accuracy: Measure


@dataclass(frozen=True)
class Classes:
    """The classes of pictures to learn from, and of those held out.

    Attributes:
      train: of the training pictures.
      held: of the others.
      seed: of the choice on which of the training pictures a classifier is tried.

    Raises:
      PixaceError: there are too few pictures, or all are of one class.
    """

    train: Sequence[str]
    held: Sequence[str]
    seed: int = 0

    def __post_init__(self) -> None:
        counts = Counter({label: 0 for label in self.held})
        counts.update(self.train)
        if len(counts) < 2:
            raise PixaceError(
                f"all pictures are of one class ({next(iter(counts), None)!r}), and there is "
                "nothing to tell apart; name pictures of several"
            )
        rarest, count = counts.most_common()[-1]
        if count < LEAST:
            raise PixaceError(
                f"too few pictures of class {rarest!r} to learn from: {count}, where {LEAST} of "
                "each are the least; add some, or leave this class out"
            )
        if len(self.held) < LEAST:
            raise PixaceError(
                f"too few held-out pictures with labels to judge by: {len(self.held)}, where "
                f"{LEAST} are the least; name more pictures"
            )

    def told_by(self, train: Features, held: Features) -> tuple[Told, Bool[np.ndarray, " held"]]:
        """How well they are told by some features, and which held-out pictures are told right.

        Args:
          train: of the training pictures.
          held: of the others.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import train_test_split
        from threadpoolctl import threadpool_limits

        labels, best = np.array(self.train), (-1.0, False, 0.0)
        own, tried = train_test_split(
            np.arange(len(labels)), test_size=TRIED, stratify=labels, random_state=self.seed
        )
        # On one thread, as sums of several threads differ from run to run.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for alike in (False, True):
                x, _ = _scaled(train, held, alike)
                path = LogisticRegression(warm_start=True, max_iter=ROUNDS)
                shares = list[float]()
                for strength in STRENGTHS:  # each begins where the last one ended
                    path.set_params(C=strength).fit(x[own], labels[own])
                    shares.append(float(path.score(x[tried], labels[tried])))
                    if shares[-1] > best[0]:
                        best = shares[-1], alike, strength
                    if len(shares) > PATIENCE + int(np.argmax(shares)):
                        break
            share, alike, strength = best
            x, x_held = _scaled(train, held, alike)
            final = LogisticRegression(C=strength, max_iter=ROUNDS).fit(x, labels)
            right = final.predict(x_held) == np.array(self.held)
        return Told(x.shape[1], share, Measure.of_share(right)), right


def pixels(pictures: Images) -> Features:
    """The values of all pixels in [0, 1], a row for each picture; of greys one channel."""
    is_grey = (pictures == pictures[..., :1]).all()
    return (pictures[..., :1] if is_grey else pictures).reshape(len(pictures), -1) / 255


def components(train: Features, held: Features, most: int, seed: int = 0) -> Both:
    """The first principal components of the training pictures' features, and those of others."""
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        fitted = PCA(min(most, *train.shape), random_state=seed).fit(train)
    return fitted.transform(train), fitted.transform(held)


def _scaled(train: Features, held: Features, alike: bool) -> Both:
    """The same with mean 0, and variance 1 of each feature, or else of all on average."""
    train, held = train.astype(float), held.astype(float)
    mean, variance = train.mean(0), train.var(0)
    scale = np.sqrt(variance.mean() if alike else variance)
    scale = np.where(scale > 0, scale, 1)
    return (train - mean) / scale, (held - mean) / scale
