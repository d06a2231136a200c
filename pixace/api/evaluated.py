"""What `pixace evaluate` has found."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pixace.evaluation.fidelity import Compared
from pixace.evaluation.measure import Measure
from pixace.evaluation.novelty import Novelty
from pixace.evaluation.yardsticks import Yardsticks


@dataclass(frozen=True)
class Distortion:
    """What a tokenizer loses of pictures in their size.

    Attributes:
      psnr: peak signal-to-noise ratio in dB; None if nothing is lost.
      delta: mean distance of colours in OKLab, in hundredths: 2 or so can be seen side by side.
      pictures: on how many.
    """

    psnr: float | None
    delta: float
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What `evaluate` has found.

    Attributes:
      model: its name.
      named: the pictures.
      part: `validation`, pictures that were held out; or `train`.
      nats_per_token: negative log-likelihood.
      bits_per_pixel: the same, of the picture in the model's colours.
      bits_per_dimension: of the 8-bit picture in the model's size, for each channel of a pixel:
        with the bits that tell which 8-bit colour of a token's a pixel was. None where nothing
        counts them.
      channels: 3, or 1 of greys.
      yardsticks: bits per pixel of simpler ways.
      classes: bits per pixel by label, where there are any.
      distortion: of the tokenizer; None where the pictures themselves are not at hand.
      learned: bits per pixel of training pictures, where novelty is asked for of held-out ones: far
        below these it has learned its pictures by heart.
      novelty: how near new pictures of the model are to the training pictures, where asked for.
      fidelity: how like held-out pictures they are, and how varied, where asked for.
    """

    model: str
    named: str
    part: Literal["train", "validation"]
    nats_per_token: Measure
    bits_per_pixel: Measure
    bits_per_dimension: Measure | None
    channels: int
    yardsticks: Yardsticks
    classes: dict[str, Measure]
    distortion: Distortion | None
    learned: Measure | None
    novelty: Novelty | None
    fidelity: Compared | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)
