"""k-means: the colours that stand for all colours of some pictures with the least error.

`kmeans:512` finds 512 of them in OKLab, where errors are weighed about as the eye does;
`kmeans:512,rgb` in plain RGB, as ImageGPT did. What is found is a palette like any other, from dark
to light. Pixels then take the nearest of its colours in RGB.

The points are the distinct colours, weighted by how often they occur; more than 65,536 of them are
gathered in 64 x 64 x 64 cells first, each with its mean. Seeded by greedy k-means++, then Lloyd's
iterations, on one thread, so that the same pictures give the same palette.

Sources: S. Lloyd 1982, "Least squares quantization in PCM"; D. Arthur and S. Vassilvitskii 2007,
"k-means++"; Chen et al. 2020, "Generative Pretraining from Pixels" (512 colours for pictures).
"""

import warnings
from dataclasses import dataclass

import numpy as np

from pixace.colors import oklab, palette
from pixace.colors.palette import MAX_COLORS, Palette
from pixace.errors import TokenError, unknown

SPACES = ("oklab", "rgb")
POINTS = 1 << 16  # distinct colours that are taken as they are
CELL_BITS = 6  # per channel, of the cells that more are gathered in
ROUNDS = 100  # of Lloyd's iterations at most


@dataclass(frozen=True)
class KMeans:
    """`kmeans:k` or `kmeans:k,space`: a palette that is still to be found."""

    count: int
    space: str = "oklab"

    def fit(self, codes: np.ndarray, counts: np.ndarray, *, seed: int = 0) -> Palette:
        """Finds the palette.

        Args:
          codes: integers (n,), distinct colours 0xRRGGBB.
          counts: integers (n,), how often each occurs.
          seed: of k-means++.

        Returns:
          At most `count` colours, all different, from dark to light: fewer where there are fewer,
          or where two means are the same colour when rounded.
        """
        colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
        found = colors if len(colors) <= self.count else self._means(colors, counts, seed)
        found = np.unique(found, axis=0)
        lightness = oklab.from_rgb(found)[:, 0].round(6)
        return palette.of(found[np.argsort(lightness, kind="stable")].tolist())

    def _means(self, colors: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
        from sklearn.cluster import KMeans as Lloyd
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits

        points = oklab.from_rgb(colors) if self.space == "oklab" else colors.astype(np.float64)
        weights = counts.astype(np.float64)
        if len(points) > POINTS:
            points, weights = _gathered(colors, points, weights)
        lloyd = Lloyd(self.count, n_init=1, max_iter=ROUNDS, random_state=seed)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            means = lloyd.fit(points, sample_weight=weights).cluster_centers_
        return oklab.to_rgb(means) if self.space == "oklab" else np.rint(means).astype(np.uint8)


def parse(settings: str) -> KMeans:
    """Reads the part after `kmeans:`."""
    count, comma, space = settings.partition(",")
    if not (
        count.isascii() and count.isdigit() and len(count) < 9 and 2 <= int(count) <= MAX_COLORS
    ):
        raise TokenError(
            f"kmeans:{settings} is no colour scheme: it takes a number of colours, 2 to "
            f"{MAX_COLORS:,}, and a space if you like, such as kmeans:512 or kmeans:512,rgb"
        )
    if comma and space not in SPACES:
        raise TokenError(unknown("space of colours", space, SPACES))
    return KMeans(int(count), space or "oklab")


def _gathered(
    colors: np.ndarray, points: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The weighted means of the points of each cell, and what they weigh together."""
    cells = colors.astype(np.intp) >> 8 - CELL_BITS
    _, cell = np.unique(cells @ [1 << 2 * CELL_BITS, 1 << CELL_BITS, 1], return_inverse=True)
    together = np.bincount(cell, weights)
    sums = [np.bincount(cell, weights * points[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / together[:, None], together
