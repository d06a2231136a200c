"""Trainings of language models, begun and resumed, each as one call in Python.

Every argument has the command line's name and default, and errors are the same `PixaceError`s.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pixace import models, ranges
from pixace.api import data_provenance, planning, resuming, starting
from pixace.api.asked import asked_for
from pixace.api.building import captioned, language_model
from pixace.api.door import door
from pixace.api.generate import generate
from pixace.api.trained import load
from pixace.config import parts
from pixace.config.shorthands import lines, training
from pixace.images.palette_png import STRIP, palette_of, save_strip
from pixace.ranges import LARGEST, Rate, several
from pixace.runs import run_folder
from pixace.runs.checkpoints import saved
from pixace.runs.description import CaptionRecord, Description
from pixace.runtime import precision
from pixace.sources import Data
from pixace.sources.addresses import stem
from pixace.training import train_lm
from pixace.training.outcome import LmOutcome

SHOWN = 16  # classes in the collage that a training ends with


@door("train")
def train(
    data: Data | None = None,
    *,
    model: str | None = None,
    start: str | Path | None = None,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
    minutes: Rate | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    track: str | Sequence[str] = (),
    size: str | int | None = None,
    colors: str | None = None,
    order: str | None = None,
    fit: str | None = None,
    background: str | None = None,
    limit: int | None = None,
    alpha: str | None = None,
    tiles: str | int | None = None,
    labels: bool = False,
    captions: bool = False,
    template: str | Sequence[str] = (),
    strict: bool = False,
    name: str | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> LmOutcome:
    """Trains a model, into a new run.

    Args:
      data: a source (tokenized on the way, and kept for the next time), a token set, or pictures
        themselves, as `tokenize` takes them; None takes the built-in digits, with their own gin
        file.
      model: `transformer`, `reformer` or `modern`; None takes the gin file's.
      start: a trained model to begin with, as `load` takes it: what fits of its weights is kept.
        Its shape, and how its pictures became tokens, hold where nothing else is said.
      gin: gin file, by path or by the name of a shipped one; None means what suits machine,
        pictures and minutes, or on a GPU, if there is no word of minutes, the original's shape.
      bindings: gin lines such as `train.ema = 0.99`, which win over all else.
      minutes: how long it may take when the pictures are tokens, from compiling to the collage;
        None means 30 where neither a gin file nor steps say how long, and no GPU is at work. It
        decides the steps, and without a gin file the model and its batches, too.
      steps: short for the binding `train.steps`.
      batch_size: short for `train.batch_size`.
      learning_rate: short for `train.learning_rate`.
      seed: short for `train.seed`.
      track: short for `train.track`: one or several of `tensorboard`, `mlflow`,
        `mlflow:ADDRESS` and `none`.
      size: short for `pictures.size`, as the next seven are; a token set has its own.
      colors: colour scheme, as in `tokenize`.
      order: `raster`, `column`, `patch:N`, `snake`, `spiral`, `spiral:out`, `hilbert` or `zcurve`.
      fit: `crop`, `pad`, `stretch`, `center` or `nearest`.
      background: colour behind transparency and padding.
      limit: take at most so many pictures, evenly and always the same ones.
      alpha: `blend` or `threshold`, for half-transparent pixels.
      tiles: cut sprite sheets and strips into pictures of this size, which `size` then is, too.
      labels: take sub-folders as labels.
      captions: put each picture's caption in front of it, or its label where it has none.
      template: one or several sentences with `{label}` or `{caption}` in them, for captions.
      strict: stop at a bad picture instead of skipping it.
      name: of the run; None makes one from data and model.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while tokenizing, and a line for each picture skipped.

    Raises:
      PixaceError: something is unknown, missing, contradictory or full.
    """
    pictures = lines(
        "pictures",
        size=tiles if size is None else size,
        colors=colors,
        order=order,
        fit=fit,
        background=background,
        limit=limit,
        alpha=alpha,
        tiles=tiles,
    )
    own = training(
        "train",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=track,
    )
    words = lines("captions", use=captions or None, templates=several(template) or None)
    kind = [] if model is None else [f"model.kind = {model!r}"]
    if model is not None:
        models.by_kind(model)  # or the message would be about a gin file
    minutes = ranges.one(train, "minutes", minutes)
    begun = None if start is None else starting.found(start, root)
    plan = planning.Plan(
        "digits" if gin is None and data is None and begun is None else gin,
        [*(begun.lines if begun else ()), *kind, *bindings, *own, *pictures, *words],
        minutes,
    )
    asked = asked_for(
        plan, data, [*bindings, *pictures], labels=labels, strict=strict, progress=progress
    )
    tokens, learned = asked.tokens, asked.captions
    vocabulary = learned and learned.vocabulary
    bound = asked.plan.fitted(tokens, learned)
    record, how = parts.model(bound.values), parts.train(bound.values)
    built = language_model(record, tokens.tokenizer, vocabulary)
    warm = None
    if begun:
        warm = begun.weights_of(built, tokens.tokenizer, vocabulary, how.seed)
    with run_folder.new_run(run_folder.home(root), name, f"{stem(asked.data)}-{built.kind}") as run:
        run.configure(bound.text)
        run.write(
            Description(
                name=run.name,
                created=run_folder.now(),
                kind="language_model",
                model=record,
                training=asdict(how),
                data=data_provenance.record(asked.data, tokens, asked.made_by, labels=labels),
                versions=run_folder.versions(),
                compute_dtype=precision.chosen("auto"),
                tokenizer=tokens.tokenizer.spec,
                captions=vocabulary
                and CaptionRecord(
                    **asdict(vocabulary), settings=asdict(parts.captions(bound.values))
                ),
                start=begun.name if begun else None,
            )
        )
        if palette := palette_of(tokens.tokenizer):
            save_strip(run.path / STRIP, palette)
        outcome = train_lm.train(built, tokens, run, how, learned, warm)
    return _with_collage(outcome, progress)


@door("train")
def resume(
    run: str | Path | None = None,
    *,
    bindings: Sequence[str] = (),
    minutes: Rate | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    track: str | Sequence[str] = (),
    root: str | Path | None = None,
    progress: bool = False,
) -> LmOutcome:
    """Goes on with a run from its last checkpoint, with the very batches that would have come.

    Args:
      run: its name or folder; None means the latest.
      bindings: gin lines that change the run's configuration.
      minutes: how much longer it may take, from compiling to the collage; decides the steps.
      steps: short for the binding `train.steps`: more of them, for a run that is finished.
      batch_size: short for `train.batch_size`.
      learning_rate: short for `train.learning_rate`.
      seed: short for `train.seed`.
      track: short for `train.track`.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while tokenizing.

    Raises:
      RunError: there is no such run, it is finished, or its pictures are gone or have changed.
      PixaceError: a binding is broken, or the disk is full.
    """
    own = training(
        "train",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=track,
    )
    changes, minutes = [*bindings, *own], ranges.one(resume, "minutes", minutes)
    planning.refuse_steps(changes, minutes)
    # For how many steps there is time will be known when the model is there to be measured.
    endless = [] if minutes is None else [f"train.steps = {LARGEST[int]}"]
    with resuming.taken("train", run, root) as path:
        old = resuming.find("train", path, [*changes, *endless])
        record, how = parts.model(old.settings), parts.train(old.settings)
        tokens = data_provenance.restore(
            old.run.path, old.before, parts.pictures(old.settings), progress=progress
        )
        learned = captioned(parts.captions(old.settings), tokens)
        built = language_model(record, tokens.tokenizer, learned and learned.vocabulary)
        if minutes is not None:
            dtype = old.before.compute_dtype if how.dtype == "auto" else how.dtype
            more = planning.steps_within(minutes, built, tokens, learned, dtype, how)
            last = max(saved(old.run.path), default=0)
            whole = f"train.steps = {last + more}"
            old = resuming.find("train", path, [*changes, whole])
            how = parts.train(old.settings)
        with old.reconfigured(model=record, training=asdict(how)):
            outcome = train_lm.train(built, tokens, old.run, how, learned)
        return _with_collage(outcome, progress)


def _with_collage(outcome: LmOutcome, progress: bool) -> LmOutcome:
    """Adds the collage that a finished training ends with, drawn by its best model."""
    if outcome.step < outcome.steps:
        return outcome
    path = outcome.run.path / "collage.png"
    trained = load(outcome.run.path)
    classes = list(trained.vocabulary.classes) if trained.vocabulary else []
    generate(path, run=trained, classes=classes[:SHOWN], progress=progress)
    return replace(outcome, collage=path)
