"""Trains a language model on a token set, from the first step or from where it was stopped."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from pixace import ranges, trackers
from pixace.data.batches import Batches
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, NotFiniteError
from pixace.models.language_model import LanguageModel
from pixace.ranges import Amount, Count, Part, Rate, Seed, Share, Whole
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
    *,
    captions: Captioned | None = None,
    steps: Count = 10_000,
    batch_size: Count = 8,
    accumulate: Count = 1,
    optimizer: str = "adamw",
    learning_rate: Rate = 1e-3,
    schedule: str = "cosine",
    warmup_steps: Whole = 100,
    weight_decay: Amount = 0.1,
    clip: Amount = 1.0,
    ema: Part = 0.0,
    dtype: str = "auto",
    seed: Seed = 0,
    log_every: Count = 10,
    evaluate_every: Count = 500,
    evaluate_pictures: Count = 512,
    samples: Whole = 16,
    drop_caption: Share = 0.1,
    keep: Count = 3,
    track: str = "tensorboard",
) -> Outcome:
    """Trains until `steps` are done or the user stops it; goes on from the run's last checkpoint.

    Args:
      model: what to train.
      data: token set; its `validation` part judges, or its `train` part where there is none.
      run: folder that gets everything.
      captions: words in front of the pictures, for a model with a prefix.
      steps: optimiser steps in all.
      batch_size: pictures in one optimiser step.
      accumulate: parts to cut a batch into, to save memory; divides `batch_size`.
      optimizer: `adamw`, `adam` or `adafactor`.
      learning_rate: the highest.
      schedule: `cosine`, `rsqrt` or `constant`.
      warmup_steps: steps of linear growth before.
      weight_decay: AdamW's.
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
      keep: latest checkpoints kept; the best one stays besides.
      track: who is told besides: `tensorboard`, `mlflow`, `mlflow:ADDRESS` of a server, `none`, or
        several with commas between.

    Raises:
      ConfigError: numbers that do not fit together.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    _check(locals())
    dtype = run.description.dtype if dtype == "auto" else precision.chosen(dtype)
    rate = schedules.by_name(schedule, peak=learning_rate, warmup_steps=warmup_steps, steps=steps)
    rule = optimizers.by_name(optimizer, rate, weight_decay=weight_decay, clip=clip)
    words = captions and captions.train
    batches = Batches(data.split("train"), batch_size, seed, words, drop_caption)
    take_step = make_step(
        model, rule, dtype=precision.by_name(dtype), accumulate=accumulate, ema=ema
    )
    first_key, step_key = jax.random.split(jax.random.key(seed))
    state = first_state(model, rule, first_key, ema=ema)
    with (
        writing(run.path),
        stopped_by_signal() as stopped,
        Checkpoints(run.path / FOLDER, keep=keep) as checkpoints,
        divergence.told(run, checkpoints, command="train", rate=learning_rate),
    ):
        if checkpoints.steps():
            state = checkpoints.restore(state, partial(_with_average, ema=ema))
        done = int(state.step)
        if done >= steps:
            raise ConfigError(f"{run.path} has done {done:,} steps already; ask for more --steps")
        checkpoints.check_room(state)
        other = run.description.dtype if done and run.description.dtype != dtype else None
        run.describe(status="running", step=done, steps=steps, dtype=dtype)
        judge = Judge(
            model, data, run, captions, dtype, batch_size, evaluate_pictures, samples, seed
        )
        judge.compare_alike()
        notes = [
            judge.judged.warning,
            schedules.jump(read(run.path / METRICS), rate, done, "train"),
            other and f"products go on in {dtype}, and were {other} so far",
        ]
        for note in filter(None, notes):
            tell(note)
        told = trackers.opened(track, run.story(done))
        with (
            MetricsLog(run.path, since=done, trackers=told) as log,
            Pace(done, steps, batch_size * judge.length) as pace,
        ):
            while done < steps and not stopped():
                state, measures = take_step(state, batches.batch(done), step_key)
                done += 1
                pace.stepped(measures)
                if done % log_every == 0 or done == steps:
                    numbers = _numbers(measures, done, float(rate(done - 1)), judge.to_bits)
                    shown = f"{numbers['loss']:.3f} nats/token"
                    if speed := pace.since():
                        numbers["tokens_per_second"] = speed
                        shown += f", {speed:,.0f} tokens/s"
                    log.write(done, **numbers)
                    pace.bar.set_postfix_str(shown)
                if done % evaluate_every == 0 or done == steps:
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


def _check(given: dict[str, Any]) -> None:
    trackers.check(given["track"])
    ranges.check("train", train, given)
    if given["batch_size"] % given["accumulate"]:
        raise ConfigError(
            f"train.batch_size {given['batch_size']} cannot be cut into "
            f"train.accumulate {given['accumulate']} equal parts"
        )
    if not len(given["data"].split("train")):
        raise ConfigError(f"{given['data'].path} has no pictures to train on")
