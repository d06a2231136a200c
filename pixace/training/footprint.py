"""How much memory a training takes, and how fast its steps are: compiled, and a few of them run."""

import time
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from pixace.data.batches import Batch
from pixace.data.token_set import TokenSet
from pixace.models.language_model import LanguageModel
from pixace.text.captions import Captioned
from pixace.training.settings import TrainSettings
from pixace.training.train_lm import LmTask

STEPS = 3  # are timed, after one that is not
# What a process takes on a processor, whose memory it shares, beside its step: Python, JAX, Trax,
# most of all the compiler. Measured on Linux (docs/planning.md); it differs little between models.
PROCESS = 800 * 2**20


@dataclass(frozen=True)
class Footprint:
    """A training's needs.

    Attributes:
      batch_size: pictures of the step that was measured.
      fixed: bytes of the step, whatever the batch: weights, moments.
      for_picture: bytes more for each picture of a batch.
      tokens_per_second: of these steps, words not counted.
    """

    batch_size: int
    fixed: int
    for_picture: int
    tokens_per_second: float

    def step(self, batch_size: int) -> int:
        """Bytes at the peak of a step."""
        return self.fixed + batch_size * self.for_picture

    def largest(self, amount: int) -> int:
        """The largest batch whose step takes so many bytes; 0 if none does."""
        return max(0, (amount - self.fixed) // max(1, self.for_picture))


def of_process() -> int:
    """Bytes that a training takes beside its step, of the memory that `Footprint` counts."""
    return PROCESS if jax.default_backend() == "cpu" else 0


def footprint(
    model: LanguageModel,
    data: TokenSet,
    captions: Captioned | None,
    dtype: str,
    settings: TrainSettings,
) -> Footprint:
    """Compiles a step for two sizes of batches, and runs it a few times with the smaller one.

    Args:
      model: what would be trained.
      data: on these pictures.
      captions: and these words in front of them.
      dtype: of the products.
      settings: how.
    """
    one_part = replace(settings, accumulate=1)
    task = LmTask(model, data, captions, dtype, one_part)
    size = settings.batch_size
    step = _compiled(task, size)
    own, twice = (_peak(each) for each in (step, _compiled(task, 2 * size)))
    for_picture = (twice - own) // size
    state, batch = task.first_state(), task.batch(0)
    for count in (1, STEPS):
        began = time.perf_counter()
        for _ in range(count):
            state, measures = step(state, batch)
        jax.block_until_ready(measures)
    seconds = (time.perf_counter() - began) / STEPS
    return Footprint(
        batch_size=size,
        fixed=own - size * for_picture,
        for_picture=for_picture,
        tokens_per_second=task.units / seconds,
    )


def _compiled(task: LmTask, batch_size: int) -> Any:
    width = task.batch(0).tokens.shape[1]
    shape = (batch_size, width)
    rows = Batch(jax.ShapeDtypeStruct(shape, np.int32), jax.ShapeDtypeStruct(shape, np.float32))
    return jax.jit(task.step, donate_argnums=0).lower(task.shapes, rows).compile()


def _peak(step: Any) -> int:
    """Bytes of a compiled step: what goes in, what comes out beside that, and all between."""
    it = step.memory_analysis()
    inputs, outputs = it.argument_size_in_bytes, it.output_size_in_bytes - it.alias_size_in_bytes
    return int(inputs + outputs + it.temp_size_in_bytes)
