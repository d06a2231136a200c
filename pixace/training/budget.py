"""What is learned best in so many minutes: the shape of the model, the batch, how many steps.

Arithmetic alone: what was measured comes in, settings come out, by the names they are bound by.

Sources: Hoffmann et al. 2022, "Training compute-optimal large language models", for a model that
grows with the tokens it sees; Muennighoff et al. 2023, "Scaling data-constrained language models",
for what tokens are worth that are seen again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Multiply-adds of the forward pass that a second of training is good for, until it is measured.
CPU, OTHER = 4e10, 4e12
TOKENS_PER_WEIGHT = 15  # at least; fewer than in language, whose tokens say more
WORTH = 15  # all repetitions are worth so many times the tokens that are repeated
PASSES = 40  # over the pictures, at most: more would be learned by heart
FEW, OFTEN = 5_000, 10  # pictures, or passes, with which a model must be kept from doing so
# What keeps a model from it.
FOR_FEW = {"DROPOUT": 0.1, "train.weight_decay": 0.5}
STEPS = 6_000  # are aimed at by the batch, …
TOKENS = (2_048, 32_768)  # … which has so many tokens, at least and at most
LEAST = 10  # steps, however short the time
WARMUP = 100  # steps at most, and a tenth of all
EVALUATIONS = 10  # at most, …
JUDGING = 0.05  # … that take at most this share of the time
JUDGED = (64, 512)  # pictures of each, at least and at most


@dataclass(frozen=True)
class Pictures:
    """What is learned, as far as it matters here.

    Attributes:
      count: how many are trained on.
      tokens: of a row.
      ids: of the vocabulary.
    """

    count: int
    tokens: int
    ids: int

    def worth(self, seen: float) -> float:
        """So many tokens, none of them seen twice, teach as much as those that are `seen`."""
        own = self.count * self.tokens
        repeated = max(seen / own - 1, 0)
        return min(seen, own) + own * WORTH * -math.expm1(-repeated / WORTH)


@dataclass(frozen=True)
class Shape:
    """Of a model: features, blocks, heads."""

    d_model: int
    n_layers: int
    n_heads: int

    @property
    def weights(self) -> int:
        """Those of the blocks, whose feed-forward layers are four times as wide as the rest."""
        return 12 * self.d_model**2 * self.n_layers

    def work(self, pictures: Pictures) -> float:
        """Multiply-adds of the forward pass for a token: blocks, attention and head."""
        attention = pictures.tokens * self.d_model * self.n_layers
        return self.weights + attention + self.d_model * pictures.ids


# From that of `digits.gin` to the original pixace's.
SHAPES = (Shape(96, 3, 2), Shape(128, 4, 2), Shape(192, 6, 3), Shape(256, 8, 4), Shape(512, 6, 8))


@dataclass(frozen=True)
class Choice:
    """What must be known before anything can be measured.

    Attributes:
      shape: of the model.
      batch_size: in pictures.
      few: whether the pictures are so few that they would be learned by heart.
    """

    shape: Shape
    batch_size: int
    few: bool

    @property
    def settings(self) -> dict[str, Any]:
        """What to bind."""
        return {
            "D_MODEL": self.shape.d_model,
            "D_FF": 4 * self.shape.d_model,
            "LAYERS": self.shape.n_layers,
            "HEADS": self.shape.n_heads,
            "train.batch_size": self.batch_size,
            **(FOR_FEW if self.few else {}),
        }


def choice(
    speed: float, seconds: float, pictures: Pictures, shapes: Sequence[Shape] = SHAPES
) -> Choice:
    """The largest model that sees enough in the time, and a batch for it.

    Args:
      speed: multiply-adds of the forward pass for each second of training.
      seconds: of training.
      pictures: what is learned.
      shapes: to choose from, the smallest first.
    """

    def seen(shape: Shape) -> float:
        return seconds * speed / shape.work(pictures)

    enough = (
        shape
        for shape in reversed(shapes)
        if pictures.worth(seen(shape)) >= TOKENS_PER_WEIGHT * shape.weights
    )
    shape = next(enough, shapes[0])
    own = pictures.count * pictures.tokens
    passes = min(seen(shape) / own, PASSES)
    # By powers of two, so that a machine that is a little busier takes the same batch.
    tokens = 2 ** int(math.log2(_within(passes * own / STEPS, *TOKENS)))
    batch_size = int(_within(tokens / pictures.tokens, 1, max(1, pictures.count // 10)))
    return Choice(shape, batch_size, few=pictures.count < FEW or passes > OFTEN)


@dataclass(frozen=True)
class Measured:
    """How long the parts of a training take, in seconds.

    Attributes:
      start: until the first step is done.
      step: each other step.
      judging: for each picture of an evaluation.
      drawing: an evaluation's samples.
      collage: the one at the end.
    """

    start: float
    step: float
    judging: float
    drawing: float
    collage: float

    def judged(self, seconds: float) -> int:
        """How many pictures an evaluation is to judge, in a training of so many seconds."""
        most = JUDGING / EVALUATIONS * seconds - self.drawing
        return int(_within(most / self.judging, *JUDGED))

    def steps(
        self,
        seconds: float,
        pictures: int,
        *,
        every: int | None = None,
        most: float = math.inf,
    ) -> tuple[int, int]:
        """How many steps there is time for, and how many between two evaluations.

        Args:
          seconds: from the start to the collage.
          pictures: judged by each evaluation.
          every: steps between two, if that is settled.
          most: steps, whatever the time.
        """
        left = seconds - self.start - self.collage
        evaluation = pictures * self.judging + self.drawing
        if every:
            rounds = max(0, int(left / (every * self.step + evaluation)))
            rest = left - rounds * (every * self.step + evaluation) - evaluation
            steps = rounds * every + max(0, int(rest / self.step))
        else:
            rounds = int(_within(JUDGING * left / evaluation, 1, EVALUATIONS))
            steps = int((left - rounds * evaluation) / self.step)
        steps = int(min(max(LEAST, steps), most))
        return steps, every or math.ceil(steps / rounds)

    def total(self, steps: int, pictures: int, every: int) -> float:
        """Seconds that so many steps take, with all that is around them."""
        evaluations = math.ceil(steps / every)
        judging = evaluations * (pictures * self.judging + self.drawing)
        return self.start + steps * self.step + judging + self.collage


def most_steps(batch_size: int, pictures: Pictures) -> int:
    """So many that no picture is seen more often than `PASSES` times."""
    return math.ceil(PASSES * pictures.count / batch_size)


def paced(steps: int, every: int | None = None) -> dict[str, Any]:
    """What to bind for so many steps, with evaluations after every so many of them."""
    return {
        "train.steps": steps,
        "train.warmup_steps": min(WARMUP, math.ceil(steps / 10)),
        "train.evaluate_every": every or math.ceil(steps / EVALUATIONS),
    }


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
