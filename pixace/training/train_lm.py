"""Trains a language model on a token set, from the first step or from where it was stopped."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from pixace import trackers
from pixace.data.batches import Batches
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, NotFiniteError
from pixace.models.language_model import LanguageModel
from pixace.runs.checkpoints import FOLDER, Checkpoints
from pixace.runs.run_folder import MODEL, Run
from pixace.runtime import precision
from pixace.runtime.interrupts import stopped_by_signal
from pixace.runtime.printable import tell
from pixace.storage.atomic import writing
from pixace.text.captions import Captioned
from pixace.training import divergence, optimizers, schedules
from pixace.training.lm_evaluator import Judge
from pixace.training.lm_step import Measures, first_state, make_step
from pixace.training.metrics_log import METRICS, MetricsLog, read
from pixace.training.settings import TrainSettings
from pixace.training.throughput import Pace


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
      run: where everything is.
      step: optimiser steps done.
      steps: optimiser steps planned; fewer are done after Ctrl-C or SIGTERM.
      stopped: whether such a signal ended it.
      loss: nats per token on what is judged, of the best model; None before any evaluation.
      bits_per_pixel: the same in bits per pixel.
      held_out: whether that was measured on pictures that were held out.
      tokens_per_second: median over the log's lines of this process, without compilation.
      collage: pictures drawn by the best model, a PNG; None before the end.
    """

    run: Run
    step: int
    steps: int
    stopped: bool
    loss: float | None
    bits_per_pixel: float | None
    held_out: bool
    tokens_per_second: float | None
    collage: Path | None = None


def train(
    model: LanguageModel,
    data: TokenSet,
    run: Run,
    settings: TrainSettings,
    captions: Captioned | None = None,
) -> Outcome:
    """Trains until all steps are done or the user stops it; goes on from the last checkpoint.

    Args:
      model: what to train.
      data: token set; its `validation` part judges, or its `train` part where there is none.
      run: folder that gets everything.
      settings: how.
      captions: words in front of the pictures, for a model with a prefix.

    Raises:
      ConfigError: there are no pictures to train on, or all steps are done.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    if not len(data.split("train")):
        raise ConfigError(f"{data.path} has no pictures to train on")
    dtype = run.description.dtype if settings.dtype == "auto" else settings.dtype
    steps, ema = settings.steps, settings.ema
    rate = schedules.by_name(
        settings.schedule,
        peak=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        steps=steps,
    )
    rule = optimizers.by_name(
        settings.optimizer, rate, weight_decay=settings.weight_decay, clip=settings.clip
    )
    words = captions and captions.train
    batches = Batches(
        data.split("train"), settings.batch_size, settings.seed, words, settings.drop_caption
    )
    take_step = make_step(
        model, rule, dtype=precision.by_name(dtype), accumulate=settings.accumulate, ema=ema
    )
    first_key, step_key = jax.random.split(jax.random.key(settings.seed))
    state = first_state(model, rule, first_key, ema=ema)
    with (
        writing(run.path),
        stopped_by_signal() as stopped,
        Checkpoints(run.path / FOLDER, keep=settings.keep) as checkpoints,
        divergence.told(run, checkpoints, command="train", rate=settings.learning_rate),
    ):
        if checkpoints.steps():
            state = checkpoints.restore(state, partial(_with_average, ema=ema))
        done = int(state.step)
        if done >= steps:
            raise ConfigError(f"{run.path} has done {done:,} steps already; ask for more --steps")
        checkpoints.check_room(state)
        other = run.description.dtype if done and run.description.dtype != dtype else None
        run.describe(status="running", step=done, steps=steps, dtype=dtype)
        judge = Judge(model, data, run, captions, dtype, settings)
        judge.compare_alike()
        notes = [
            judge.judged.warning,
            schedules.jump(read(run.path / METRICS), rate, done, "train"),
            other and f"products go on in {dtype}, and were {other} so far",
        ]
        for note in filter(None, notes):
            tell(note)
        told = trackers.opened(settings.track, run.story(done))
        with (
            MetricsLog(run.path, since=done, trackers=told) as log,
            Pace(done, steps, settings.batch_size * judge.length) as pace,
        ):
            while done < steps and not stopped():
                state, measures = take_step(state, batches.batch(done), step_key)
                done += 1
                pace.stepped(measures)
                if done % settings.log_every == 0 or done == steps:
                    numbers = _numbers(measures, done, float(rate(done - 1)), judge.to_bits)
                    shown = f"{numbers['loss']:.3f} nats/token"
                    if speed := pace.since():
                        numbers["tokens_per_second"] = speed
                        shown += f", {speed:,.0f} tokens/s"
                    log.write(done, **numbers)
                    pace.bar.set_postfix_str(shown)
                if done % settings.evaluate_every == 0 or done == steps:
                    with pace.paused(measures):
                        loss = judge(done, state.average if ema else state.weights, log, pace.bar)
                        checkpoints.save(done, state, loss=loss)
            if done < steps:
                checkpoints.save(done, state, loss=None)
                judge.keep_something(state.average if ema else state.weights, done)
                log.status = "stopped"
            log.artifact(run.path / MODEL)
    described = run.describe(status="finished" if done >= steps else "stopped", step=done)
    best = described.best_loss
    return Outcome(
        run=run,
        step=done,
        steps=steps,
        stopped=done < steps,
        loss=best,
        bits_per_pixel=None if best is None else judge.to_bits(best),
        held_out=described.held_out,
        tokens_per_second=pace.median,
    )


def _with_average(flat: dict[str, Any], ema: float) -> dict[str, Any]:
    """The leaves of a checkpoint with the moving average that is wanted, or without.

    One that is turned on begins with the weights as they are.
    """
    own = {name: leaf for name, leaf in flat.items() if not name.startswith("average/")}
    if not ema or len(own) < len(flat):
        return flat if ema else own
    weights = {name: leaf for name, leaf in own.items() if name.startswith("weights/")}
    # Copies, as a step gives its whole state away and nothing can be given away twice.
    return own | {
        name.replace("weights", "average", 1): jnp.copy(each) for name, each in weights.items()
    }


def _numbers(
    measures: Measures, done: int, rate: float, to_bits: Callable[[float], float]
) -> dict[str, float]:
    """What a line of metrics says.

    Raises:
      NotFiniteError: the loss or the gradient is not finite.
    """
    loss, norm = float(measures.loss), float(measures.gradient_norm)
    for name, number in (("loss", loss), ("gradient's norm", norm)):
        if not math.isfinite(number):
            raise NotFiniteError(f"{name} became {number} by step {done:,} (rate {rate:.2g})")
    return {
        "loss": loss,
        "bits_per_pixel": to_bits(loss),
        "learning_rate": rate,
        "gradient_norm": norm,
    }
