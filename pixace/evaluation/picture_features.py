"""Pictures as a few numbers each, in which pictures that look alike are near.

The principal components of the training pictures in OKLab, shrunk to at most 16x16 pixels. Nothing
needs to be downloaded, and models of different kinds and colours are measured alike; what is seen
is light, colour and coarse shape, not what a thing is.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from pixace.arrays import Images
from pixace.colors import oklab
from pixace.data.token_set import TokenSet
from pixace.images.shrinking import shrunk
from pixace.spacing import evenly

SIDE = 16  # pixels
COMPONENTS = 64
FITTED = 4096  # training pictures

Features = Float32[np.ndarray, "_ _"]


@dataclass(frozen=True)
class PictureFeatures:
    """A linear map from pictures to features.

    Attributes:
      mean: of the training pictures.
      components: one a column; features have mean 0, and variance 1 on average.
    """

    mean: Float32[np.ndarray, " pixels"]
    components: Float32[np.ndarray, "pixels features"]

    @classmethod
    def fitted(cls, data: TokenSet) -> "PictureFeatures":
        """Of the training pictures of a token set, as its tokenizer shows them."""
        train = data.split("train")
        rows = train.rows(evenly(len(train), min(FITTED, len(train))))
        pixels = _pixels(data.tokenizer.decode(rows))
        mean = pixels.mean(0)
        _, sizes, directions = np.linalg.svd(pixels - mean, full_matrices=False)
        kept = directions[:COMPONENTS]
        variance = np.square(sizes[:COMPONENTS]).mean() / len(pixels)
        return cls(mean, (kept / np.sqrt(max(variance, 1e-12))).T.astype(np.float32))

    def of(self, pictures: Images) -> Features:
        """One row for each of some pictures, uint8 `(n, height, width, 3)`."""
        return (_pixels(pictures) - self.mean) @ self.components


def _pixels(pictures: Images) -> Features:
    lab = oklab.from_rgb(pictures).astype(np.float32)
    return shrunk(lab, SIDE).reshape(len(pictures), -1)
