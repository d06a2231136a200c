"""What `pixace probe` has found."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8

from pixace.evaluation import accuracy_curve
from pixace.evaluation.measure import Measure
from pixace.evaluation.probe import Told


@dataclass(frozen=True, kw_only=True)
class Probed:
    """How well a linear classifier tells the classes of held-out pictures, by what it is given.

    Attributes:
      model: its name.
      named: the pictures.
      classes: how many there are.
      train: how many pictures were learned from.
      held: how many were held out.
      pixels: by the pixels as the tokenizer shows them.
      pca: by their principal components, as many as the model has features, or as there are.
      layers: by the mean of the model's features over a picture: of what goes into the first
        block, and of what each block gives.
      best: the number of the layer that does best on training pictures; held-out ones choose
        nothing.
      gain: its accuracy on held-out pictures, less that by the pixels.
    """

    model: str
    named: str
    classes: int
    train: int
    held: int
    pixels: Told
    pca: Told
    layers: tuple[Told, ...]
    best: int
    gain: Measure

    @property
    def others(self) -> dict[str, Told]:
        """What the layers are beside, by name."""
        return {"pixels": self.pixels, f"PCA, {self.pca.features}": self.pca}

    def figure(self) -> UInt8[np.ndarray, "_ _ 3"]:
        """Accuracy over the layers, as a curve."""
        return accuracy_curve.figure(
            [told.accuracy for told in self.layers],
            {name: told.accuracy for name, told in self.others.items()},
            f"{self.model}: held-out pictures told right, {self.classes:,} classes",
        )

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)
