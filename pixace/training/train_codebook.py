"""Trains a codebook: encoder, codes and decoder, from the first step or from where it stopped."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np

from pixace import ranges, trackers
from pixace.data.batches import Batches
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, NotFiniteError, unknown
from pixace.models.pixel_values import psnr
from pixace.models.vqvae import Network
from pixace.ranges import Amount, Count, Part, Range, Rate, Seed, Share, Whole
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
from pixace.training.throughput import Pace

UPDATES = ("ema", "gradient")
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


def train(
    data: TokenSet,
    run: Run,
    *,
    codes: Annotated[int, Range(2, says=vq.TOO_FEW)] = 512,
    downsample: Annotated[int, Range(2)] = 4,
    dim: Count = 32,
    width: Count = 128,
    blocks: Whole = 2,
    beta: Amount = 0.25,
    update: str = "ema",
    decay: Part = 0.99,
    revive: Share = 0.03,
    sharpness: Amount = 0.0,
    discriminator: Amount = 0.0,
    discriminator_from: Whole = 0,
    steps: Count = 10_000,
    batch_size: Count = 16,
    learning_rate: Rate = 1e-3,
    schedule: str = "cosine",
    warmup_steps: Whole = 100,
    clip: Amount = 1.0,
    seed: Seed = 0,
    log_every: Count = 20,
    evaluate_every: Count = 1000,
    evaluate_pictures: Count = 512,
    shown: Whole = 16,
    keep: Count = 2,
    track: str = "tensorboard",
) -> CodebookOutcome:
    """Trains until `steps` are done or the user stops it; goes on from the run's last checkpoint.

    Args:
      data: pictures as they are, from a `raw` tokenizer; the `validation` part judges, or the
        `train` part where there is none.
      run: folder that gets everything.
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
      schedule: `cosine`, `rsqrt` or `constant`.
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
      ConfigError: numbers that do not fit together.
      TokenError: there are too few codes, or the size cannot be downsampled so.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    _check(locals())
    vq.check(data.tokenizer.size, downsample, codes)
    grey = all(is_grey(data, split) for split in ("train", "validation"))
    network = Network(downsample, 1 if grey else 3, width, blocks, dim)
    batches = Batches(data.split("train"), batch_size, seed)
    few = spread_over(data, "train", SAMPLE)
    aim = Objective(
        network=network,
        variance=float(np.var(few[..., : network.channels] / 127.5)) + 1e-4,
        beta=beta,
        by_average=update == "ema",
        decay=decay,
        revive=revive,
        sharpness=sharpness,
        discriminator=discriminator,
        discriminator_from=discriminator_from,
    )
    rate = schedules.by_name(schedule, peak=learning_rate, warmup_steps=warmup_steps, steps=steps)
    rule = optimizers.by_name("adam", rate, clip=clip)
    take_step = make_step(aim, rule)
    first_key, step_key = jax.random.split(jax.random.key(seed))
    state = first_state(aim, rule, codes, few[:: max(1, len(few) // FIRST)], first_key)
    with (
        writing(run.path),
        stopped_by_signal() as stopped,
        Checkpoints(run.path / FOLDER, keep=keep) as checkpoints,
        divergence.told(run, checkpoints, command="codebook", rate=learning_rate),
    ):
        if checkpoints.steps():
            state = checkpoints.restore(state, partial(_with_critic, fresh=pytrees.flatten(state)))
        done = int(state.step)
        if done >= steps:
            raise ConfigError(f"{run.path} has done {done:,} steps already; ask for more --steps")
        checkpoints.check_room(state)
        run.describe(status="running", step=done, steps=steps)
        judge = Judge(data, run, network, evaluate_pictures, shown)
        judge.compare_alike(state.weights)
        notes = [
            judge.judged.warning,
            schedules.jump(read(run.path / METRICS), rate, done, "codebook"),
        ]
        for note in filter(None, notes):
            tell(note)
        told = trackers.opened(track, run.story(done))
        with (
            MetricsLog(run.path, since=done, trackers=told) as log,
            Pace(done, steps, batch_size) as pace,
        ):
            while done < steps and not stopped():
                rows = batches.batch(done).tokens
                state, measures = take_step(state, data.tokenizer.decode(rows), step_key)
                done += 1
                pace.stepped(measures)
                if done % log_every == 0 or done == steps:
                    numbers = _numbers(measures, done, float(rate(done - 1)))
                    if speed := pace.since():
                        numbers["pictures_per_second"] = speed
                    log.write(done, **numbers)
                    pace.bar.set_postfix_str(f"{numbers['psnr']:.2f} dB")
                if done % evaluate_every == 0 or done == steps:
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
        codes=codes,
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


def _check(given: dict[str, Any]) -> None:
    trackers.check(given["track"])
    ranges.check("codebook", train, given)
    if given["update"] not in UPDATES:
        raise ConfigError(unknown("codebook.update", given["update"], UPDATES))
    if not len(given["data"].split("train")):
        raise ConfigError(f"{given['data'].path} has no pictures to train on")
