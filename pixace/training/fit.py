"""The one loop of all trainings, from the first step or from where it was stopped."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tqdm import tqdm

from pixace import trackers
from pixace.errors import ConfigError, NotFiniteError
from pixace.images.png import save_png
from pixace.runs.checkpoints import FOLDER, Checkpoints
from pixace.runs.run_folder import MODEL, Run
from pixace.runtime import memory_sizes
from pixace.runtime.interrupts import stopped_by_signal
from pixace.runtime.printable import printable, tell
from pixace.storage.atomic import writing
from pixace.training import divergence, schedules
from pixace.training.best_model import BestModel
from pixace.training.divergence import DivergedError, Lookout
from pixace.training.metrics_log import METRICS, MetricsLog, read
from pixace.training.story import story
from pixace.training.task import B, LoopSettings, M_co, Measured, S, Task, W
from pixace.training.throughput import Pace
from pixace.training.watch import slowed

WORTH_A_LINE = 60.0  # seconds of training


@dataclass(frozen=True)
class Fitted:
    """How a training ended; its best model is in the run's folder.

    Attributes:
      step: steps done.
      best: the metric of the best weights; None before any evaluation.
      held_out: whether that was measured on pictures that were held out.
      per_second: median of the speed in this process, without compilation.
      last: what was measured once, at the end; empty before.
    """

    step: int
    best: float | None
    held_out: bool
    per_second: float | None
    last: Mapping[str, float]


def fit(task: Task[S, B, W, M_co], run: Run, settings: LoopSettings) -> Fitted:
    """Trains until all steps are done or the user stops it; goes on from the last checkpoint.

    Args:
      task: what is trained.
      run: folder that gets everything.
      settings: how long, and what is written when.

    Raises:
      ConfigError: all steps are done already.
      NotFiniteError: a number became infinite or not a number; says how to go on.
      PixaceError: the disk is full.
    """
    share = None
    for _ in range(divergence.BACK):
        try:
            return _fitted(task, run, settings, share)
        except DivergedError as why:
            tell(divergence.back(why, run, task.command))
            share = why.share / 2
    try:
        return _fitted(task, run, settings, share)
    except DivergedError as why:
        advice = divergence.advice(why, run, task.command, settings.learning_rate)
        raise NotFiniteError(advice) from why


def _fitted(
    task: Task[S, B, W, M_co], run: Run, settings: LoopSettings, share: float | None
) -> Fitted:
    """As `fit`, at a share of the rate; None is that of the checkpoint.

    Raises:
      DivergedError: the training must go back.
    """
    state, best, last = task.first_state(), BestModel(task, run), dict[str, float]()
    with (
        writing(run.path),
        stopped_by_signal() as stopped,
        Checkpoints(run.path / FOLDER, keep=settings.keep) as checkpoints,
    ):
        if checkpoints.steps():
            state = checkpoints.restore(state, partial(task.mended, first=state))
        state = slowed(state, share)
        share = float(state.watch.share)
        done, steps = int(state.step), settings.steps
        if done >= steps:
            raise ConfigError(f"{run.path} has done {done:,} steps already; ask for more --steps")
        checkpoints.check_room(state)
        notes = _notes(task, run, done, share)
        run.describe(status="running", step=done, steps=steps, compute_dtype=task.dtype)
        best.compare_alike()
        for note in notes:
            tell(note)
        tracked = trackers.opened(settings.track, story(run, done))
        lookout = Lookout(task, run.path)
        with (
            MetricsLog(run.path, since=done, trackers=tracked) as log,
            Pace(done, steps, task.units) as pace,
            divergence.told(share),
        ):
            while done < steps and not stopped():
                state, measures = task.step(state, task.batch(done))
                done += 1
                pace.stepped(measures)
                lookout.saw(done, measures)
                is_line = done % settings.log_every == 0 or done == steps
                is_evaluation = done % settings.evaluate_every == 0 or done == steps
                if is_line or is_evaluation or lookout.has_many:
                    most = divergence.SUSPECT if is_evaluation else divergence.IN_A_ROW
                    for line in lookout.look(most):
                        pace.bar.write(printable(line), file=sys.stderr)
                if is_line:
                    numbers = _line(task, measures, share * float(task.rate(done - 1)))
                    if lookout.skipped:
                        numbers["skipped"] = lookout.skipped
                    known = pace.median is not None
                    if speed := pace.since():
                        numbers[f"{task.unit}_per_second"] = speed
                        if not known:
                            _foretell(task, (steps - done) * task.units / speed, pace.bar)
                    log.write(done, **numbers)
                    if measures.applied:
                        pace.bar.set_postfix_str(task.shown(numbers))
                if is_evaluation:
                    with pace.paused(measures):
                        is_best = _evaluate(best, task.weights(state), done, log, pace.bar)
                        checkpoints.save(done, state, is_best=is_best)
            if done < steps:
                if not lookout.is_suspect:
                    checkpoints.save(done, state, is_best=False)
                best.keep_something(task.weights(state), done)
                log.status = "stopped"
            elif last := task.last_numbers(run):
                log.write(done, **last)
            log.artifact(run.path / MODEL)
    described = run.describe(status="finished" if done >= steps else "stopped", step=done)
    value = described.best.value if described.best else None
    return Fitted(done, value, described.held_out, pace.median, last)


def _notes(task: Task[S, B, W, M_co], run: Run, done: int, share: float) -> list[str]:
    """What the user should know before it goes on."""
    before = run.read().compute_dtype
    other = f"products go on in {task.dtype}, and were {before} so far"
    notes = [
        task.evaluator.evaluation_set.warning,
        schedules.jump(read(run.path / METRICS), task.rate, done, task.command, share),
        other if done and before != task.dtype else None,
    ]
    return [note for note in notes if note]


def _foretell(task: Task[S, B, W, M_co], seconds: float, bar: tqdm) -> None:
    """Says what is to be expected of a training that takes a while, as soon as it is known."""
    if seconds >= WORTH_A_LINE:
        taken = memory_sizes.shown(memory_sizes.of_process())
        bar.write(
            f"{printable(task.about)}: about {seconds / 60:.0f} minutes of steps to go, and "
            f"evaluations; {taken} of memory",
            file=sys.stderr,
        )


def _line(task: Task[S, B, W, M_co], measures: Measured, rate: float) -> dict[str, float]:
    """What a line of metrics says of the last step; only the rate if it was skipped."""
    if not measures.applied:
        return {"learning_rate": rate}
    numbers = {name: float(each) for name, each in measures._asdict().items() if name != "applied"}
    return {**numbers, **task.derived(numbers), "learning_rate": rate}


def _evaluate(best: BestModel[S, W], weights: W, done: int, log: MetricsLog, bar: tqdm) -> bool:
    """Evaluates, logs, keeps the weights if they are the best, shows; whether they are."""
    evaluator = best.task.evaluator
    found, name = best.evaluated(weights, done), evaluator.evaluation_set.name
    log.write(done, **{f"{name}_{what}": number for what, number in found.numbers.items()})
    is_best = best.offered(weights, found, done)
    lines = [f"{name} {found.line}", best.task.verdict(read(best.run.path / METRICS))]
    if found.show:
        shown = found.show()
        save_png(best.run.path / "samples" / f"{done:06d}.png", shown.picture, {"step": done})
        log.picture(done, evaluator.shows, shown.picture)
        if shown.numbers:
            log.write(done, **{f"{evaluator.shows}_{it}": n for it, n in shown.numbers.items()})
        lines.append(shown.remark)
    said = f"step {done:,}: {'; '.join(filter(None, lines))}"
    bar.write(printable(said), file=sys.stderr)
    return is_best
