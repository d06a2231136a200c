"""Trains a codebook: encoder, codes and decoder, from the first step or from where it stopped."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pixace import trackers
from pixace.data.batches import Batches
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, NotFiniteError
from pixace.models.pixel_values import psnr
from pixace.models.vqvae import Network
from pixace.runs.checkpoints import FOLDER, Checkpoints
from pixace.runs.run_folder import MODEL, Run
from pixace.runtime.interrupts import stopped_by_signal
from pixace.runtime.printable import tell
from pixace.storage import pytrees
from pixace.storage.atomic import writing
from pixace.tokenizers import vq
from pixace.training import divergence, optimizers, schedules
from pixace.training.codebook_evaluator import Judge, is_grey, spread_over
from pixace.training.codebook_step import Measures, Objective, first_state, make_step
from pixace.training.metrics_log import METRICS, MetricsLog, read
from pixace.training.settings import CodebookSettings
from pixace.training.throughput import Pace

SAMPLE = 512  # pictures from which the variance is taken
FIRST = 32  # of these, from which the first codes are taken


@dataclass(frozen=True)
class CodebookOutcome:
    """How the training of a codebook ended.

    Attributes:
      run: where everything is.
      step: optimiser steps done.
      steps: optimiser steps planned; fewer are done after Ctrl-C or SIGTERM.
      stopped: whether such a signal ended it.
      psnr: dB between what is judged and its reconstructions by the best codebook.
      held_out: whether that was measured on pictures that were held out.
      codes: how many there are.
      used: how many of them the training pictures use; None before the end.
      perplexity: of the codes over the training pictures; None before the end.
      pictures_per_second: median over the log's lines of this process, without compilation.
    """

    run: Run
    step: int
    steps: int
    stopped: bool
    psnr: float | None
    held_out: bool
    codes: int
    used: int | None
    perplexity: float | None
    pictures_per_second: float | None


def train(data: TokenSet, run: Run, settings: CodebookSettings) -> CodebookOutcome:
    """Trains until all steps are done or the user stops it; goes on from the last checkpoint.

    Args:
      data: pictures as they are, from a `raw` tokenizer; the `validation` part judges, or the
        `train` part where there is none.
      run: folder that gets everything.
      settings: how.

    Raises:
      ConfigError: there are no pictures to train on, or all steps are done.
      TokenError: there are too few codes, or the size cannot be downsampled so.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    if not len(data.split("train")):
        raise ConfigError(f"{data.path} has no pictures to train on")
    vq.check(data.tokenizer.size, settings.downsample, settings.codes)
    steps = settings.steps
    grey = all(is_grey(data, split) for split in ("train", "validation"))
    network = Network(
        settings.downsample, 1 if grey else 3, settings.width, settings.blocks, settings.dim
    )
    batches = Batches(data.split("train"), settings.batch_size, settings.seed)
    few = spread_over(data, "train", SAMPLE)
    aim = Objective(
        network=network,
        variance=float(np.var(few[..., : network.channels] / 127.5)) + 1e-4,
        beta=settings.beta,
        by_average=settings.update == "ema",
        decay=settings.decay,
        revive=settings.revive,
        sharpness=settings.sharpness,
        discriminator=settings.discriminator,
        discriminator_from=settings.discriminator_from,
    )
    rate = schedules.by_name(
        settings.schedule,
        peak=settings.learning_rate,
        warmup_steps=settings.warmup_steps,
        steps=steps,
    )
    rule = optimizers.by_name("adam", rate, clip=settings.clip)
    take_step = make_step(aim, rule)
    first_key, step_key = jax.random.split(jax.random.key(settings.seed))
    state = first_state(aim, rule, settings.codes, few[:: max(1, len(few) // FIRST)], first_key)
    with (
        writing(run.path),
        stopped_by_signal() as stopped,
        Checkpoints(run.path / FOLDER, keep=settings.keep) as checkpoints,
        divergence.told(run, checkpoints, command="codebook", rate=settings.learning_rate),
    ):
        if checkpoints.steps():
            state = checkpoints.restore(state, partial(_with_critic, fresh=pytrees.flatten(state)))
        done = int(state.step)
        if done >= steps:
            raise ConfigError(f"{run.path} has done {done:,} steps already; ask for more --steps")
        checkpoints.check_room(state)
        run.describe(status="running", step=done, steps=steps)
        judge = Judge(data, run, network, settings.evaluate_pictures, settings.shown)
        judge.compare_alike(state.weights)
        notes = [
            judge.judged.warning,
            schedules.jump(read(run.path / METRICS), rate, done, "codebook"),
        ]
        for note in filter(None, notes):
            tell(note)
        told = trackers.opened(settings.track, run.story(done))
        with (
            MetricsLog(run.path, since=done, trackers=told) as log,
            Pace(done, steps, settings.batch_size) as pace,
        ):
            while done < steps and not stopped():
                rows = batches.batch(done).tokens
                state, measures = take_step(state, data.tokenizer.decode(rows), step_key)
                done += 1
                pace.stepped(measures)
                if done % settings.log_every == 0 or done == steps:
                    numbers = _numbers(measures, done, float(rate(done - 1)))
                    if speed := pace.since():
                        numbers["pictures_per_second"] = speed
                    log.write(done, **numbers)
                    pace.bar.set_postfix_str(f"{numbers['psnr']:.2f} dB")
                if done % settings.evaluate_every == 0 or done == steps:
                    with pace.paused(measures):
                        error = judge(done, state, log, pace.bar)
                        checkpoints.save(done, state, loss=error)
            if done < steps:
                checkpoints.save(done, state, loss=None)
                judge.keep_something(state, done)
                log.status = "stopped"
            used, puzzle = judge.usage(log, done) if done == steps else (None, None)
            log.artifact(run.path / MODEL)
    described = run.describe(status="finished" if done >= steps else "stopped", step=done)
    best = described.best_loss
    return CodebookOutcome(
        run=run,
        step=done,
        steps=steps,
        stopped=done < steps,
        psnr=None if best is None else float(psnr(jnp.float32(best))),
        held_out=described.held_out,
        codes=settings.codes,
        used=used,
        perplexity=puzzle,
        pictures_per_second=pace.median,
    )


def _with_critic(flat: dict[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """The leaves of a checkpoint with a discriminator, a new one if there was none; or without."""
    had, wanted = ({name for name in each if name.startswith("critic")} for each in (flat, fresh))
    own = {name: leaf for name, leaf in flat.items() if name in wanted or name not in had}
    return own | {name: fresh[name] for name in wanted - had}


def _numbers(measures: Measures, done: int, rate: float) -> dict[str, float]:
    """What a line of metrics says.

    Raises:
      NotFiniteError: one of them is not finite.
    """
    numbers = {name: float(each) for name, each in measures._asdict().items()}
    for name, number in numbers.items():
        if not math.isfinite(number):
            said = name.replace("_", " ")
            raise NotFiniteError(f"{said} became {number} by step {done:,} (rate {rate:.2g})")
    decibels = float(psnr(jnp.float32(numbers["squared_error"])))
    return {**numbers, "psnr": decibels, "learning_rate": rate}
