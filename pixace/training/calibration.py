"""How long a training takes on this machine: a few steps and an evaluation, by the clock."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax

from pixace.data.token_set import TokenSet
from pixace.models.language_model import LanguageModel
from pixace.runtime.progress import progress_bar
from pixace.text.captions import Captioned
from pixace.training.budget import Measured
from pixace.training.settings import TrainSettings
from pixace.training.train_lm import LmTask

SPAN, SHARE = 8.0, 0.02  # of steps, in seconds and of the time there is: the shorter of both
MOST = 1000  # steps
COLLAGE = 3  # times as long as drawing an evaluation's samples takes drawing the collage


def measured(
    model: LanguageModel,
    data: TokenSet,
    captions: Captioned | None,
    dtype: str,
    settings: TrainSettings,
    seconds: float,
) -> Measured:
    """Begins a training, looks at the clock, and throws away what was learned.

    What is compiled is kept in the process, and serves the training as well.

    Args:
      model: what is to be trained.
      data: on these pictures.
      captions: and these words in front of them.
      dtype: of the products, `float32` or `bfloat16`.
      settings: as they will be, but for the number of steps.
      seconds: that there are for all.
    """
    one_batch = replace(settings, evaluate_pictures=settings.batch_size)
    task = LmTask(model, data, captions, dtype, replace(one_batch, samples=settings.samples or 1))
    with progress_bar("measuring", 8, "part") as bar:

        def timed(work: Callable[[], Any]) -> tuple[Any, float]:
            began = time.perf_counter()
            done = jax.block_until_ready(work())
            bar.update()
            return done, time.perf_counter() - began

        def steps(state: Any, count: int) -> Any:
            for step in range(count):
                state, _ = task.step(state, task.batch(step))
            return state

        timed(lambda: steps(task.first_state(), 1))  # compiles
        state, start = timed(lambda: steps(task.first_state(), 1))
        state, few = timed(lambda: steps(state, 2))
        count = int(min(max(min(SPAN, SHARE * seconds) / (few / 2), 2), MOST))
        state, many = timed(lambda: steps(state, count))
        weights = task.weights(state)
        found, _ = timed(lambda: task.evaluator(weights))
        found, judging = timed(lambda: task.evaluator(weights))
        _, first = timed(found.show)
        drawing = timed(found.show)[1] if first < SPAN else first
    return Measured(
        start=start,
        step=many / count,
        judging=judging / task.evaluator.evaluation_set.pictures,
        drawing=drawing if settings.samples else 0.0,
        collage=first + (COLLAGE - 1) * drawing,
    )
