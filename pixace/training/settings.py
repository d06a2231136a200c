"""The settings of both trainings, checked when they are made; light to import, without JAX.

Optimisers and schedules are only named here: what they are stands in files that import Optax.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pixace import ranges, trackers
from pixace.errors import ConfigError, unknown
from pixace.ranges import Amount, Count, Part, Range, Rate, Seed, Share, Whole
from pixace.runtime import precision
from pixace.tokenizers import vq

OPTIMIZERS = ("muon", "adamw", "adam", "adafactor")
SCHEDULES = ("cosine", "flat", "rsqrt", "constant")
UPDATES = ("ema", "gradient")


@dataclass(frozen=True)
class TrainSettings:
    """How a language model is trained.

    Attributes:
      steps: optimiser steps in all.
      batch_size: pictures in one optimiser step.
      accumulate: parts to cut a batch into, to save memory; divides `batch_size`.
      optimizer: `muon`, `adamw`, `adam` or `adafactor`.
      learning_rate: the highest.
      schedule: `cosine`, `flat` (and down over the last two fifths), `rsqrt` or `constant`.
      warmup_steps: steps of linear growth before.
      weight_decay: Muon's and AdamW's.
      beta2: decay of Adam's average of squares; the larger, the longer a rare colour is remembered.
      features: how many numbers say what a token is, a colour say, and what others are like it; an
        even number, 0 lets each be learned by itself.
      clip: largest norm of the gradient; 0 for none.
      ema: decay of the weights' moving average, which then is what is judged, drawn from and kept
        as the model; 0 for none.
      dtype: of the products, `float32`, `bfloat16`, or `auto` for the one that suited the device
        where the run began.
      seed: of weights, batches, dropout and samples.
      log_every: steps between two lines of metrics.
      evaluate_every: steps between two evaluations, each with a picture and a checkpoint.
      evaluate_pictures: at most so many pictures of the validation part are judged, evenly spread.
      samples: pictures drawn at each evaluation; 0 for none.
      drop_caption: share of the pictures that come without their caption, so that the model can
        also draw without one; guidance needs it.
      drop_words: the largest share of a caption's words that is left out, other ones in each epoch,
        so that each word is learned by itself, too; one at least stays.
      mirror: show half of the pictures mirrored, left to right, others in each epoch; not for
        letters and digits, nor for captions that say left or right.
      shift: move each picture by up to so many pixels, up or down and to a side, otherwise in each
        epoch; what comes in repeats the edge; 0 for none.
      hue: turn all hues of each picture by up to so many degrees either way, otherwise in each
        epoch; 180 for any hue, 0 for none; greys stay, and palettes swap their colours.
      keep: latest checkpoints kept; the best one stays besides.
      track: who is told besides: `tensorboard`, `mlflow`, `mlflow:ADDRESS` of a server, `none`, or
        several with commas between.

    Raises:
      ConfigError: a number is outside of its range, a name is unknown, or two do not fit together.
      MissingError: MLflow is to be told, and is not installed.
    """

    steps: Count = 10_000
    batch_size: Count = 8
    accumulate: Count = 1
    optimizer: str = "adamw"
    learning_rate: Rate = 1e-3
    schedule: str = "cosine"
    warmup_steps: Whole = 100
    weight_decay: Amount = 0.1
    beta2: Part = 0.95
    features: Whole = 192
    clip: Amount = 1.0
    ema: Part = 0.0
    dtype: str = "auto"
    seed: Seed = 0
    log_every: Count = 10
    evaluate_every: Count = 500
    evaluate_pictures: Count = 512
    samples: Whole = 16
    drop_caption: Share = 0.1
    drop_words: Share = 0.0
    mirror: bool = False
    shift: Whole = 0
    hue: Annotated[float, Range(0, 180)] = 0.0
    keep: Count = 3
    track: str = "tensorboard"

    def __post_init__(self) -> None:
        trackers.check(self.track)
        ranges.settle(self, "train")
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f"train.batch_size {self.batch_size} cannot be cut into "
                f"train.accumulate {self.accumulate} equal parts"
            )
        if self.features % 2:
            raise ConfigError(
                f"train.features {self.features} is odd, and each sine goes with a cosine; "
                f"try {self.features + 1}"
            )
        _check("dtype", self.dtype, precision.NAMES)
        _check("schedule", self.schedule, SCHEDULES)
        _check("optimizer", self.optimizer, OPTIMIZERS)


@dataclass(frozen=True)
class CodebookSettings:
    """What a codebook is, and how it is trained.

    Attributes:
      codes: how many there are, 2 or more.
      downsample: pixels to a side of what a code stands for: a power of two that divides the size.
      dim: features of a code.
      width: channels of encoder and decoder on the grid of codes.
      blocks: residual blocks of each of them.
      beta: weight of the commitment: how much encoder outputs are held to their codes.
      update: `ema`, codes are moving averages of what chose them; `gradient`, they go down theirs.
      decay: of the moving averages.
      revive: a code that was of late used less than this share of the average is dead, and is put
        where it is needed; 0 revives none.
      sharpness: weight of a loss of differences between neighbouring pixels; 0 for none.
      discriminator: weight of a discriminator of patches, with hinge loss; 0 for none.
      discriminator_from: the step from which it is heard.
      steps: optimiser steps in all.
      batch_size: pictures in one step.
      learning_rate: the highest, of Adam.
      schedule: `cosine`, `flat` (and down over the last two fifths), `rsqrt` or `constant`.
      warmup_steps: steps of linear growth before.
      clip: largest norm of the gradient; 0 for none.
      seed: of weights, batches and revivals.
      log_every: steps between two lines of metrics.
      evaluate_every: steps between two evaluations, each with a picture and a checkpoint.
      evaluate_pictures: at most so many pictures of the validation part are judged, evenly spread.
      shown: pictures that are shown beside their reconstructions.
      keep: latest checkpoints kept; the best one stays besides.
      track: who is told besides: `tensorboard`, `mlflow`, `mlflow:ADDRESS` of a server, `none`, or
        several with commas between.

    Raises:
      ConfigError: a number is outside of its range, or a name is unknown.
      MissingError: MLflow is to be told, and is not installed.
    """

    codes: Annotated[int, Range(2, says=vq.TOO_FEW)] = 512
    downsample: Annotated[int, Range(2)] = 4
    dim: Count = 32
    width: Count = 128
    blocks: Whole = 2
    beta: Amount = 0.25
    update: str = "ema"
    decay: Part = 0.99
    revive: Share = 0.03
    sharpness: Amount = 0.0
    discriminator: Amount = 0.0
    discriminator_from: Whole = 0
    steps: Count = 10_000
    batch_size: Count = 16
    learning_rate: Rate = 1e-3
    schedule: str = "cosine"
    warmup_steps: Whole = 100
    clip: Amount = 1.0
    seed: Seed = 0
    log_every: Count = 20
    evaluate_every: Count = 1000
    evaluate_pictures: Count = 512
    shown: Whole = 16
    keep: Count = 2
    track: str = "tensorboard"

    def __post_init__(self) -> None:
        trackers.check(self.track)
        ranges.settle(self, "codebook")
        _check("codebook.update", self.update, UPDATES)
        _check("schedule", self.schedule, SCHEDULES)


def _check(what: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise ConfigError(unknown(what, name, known))
