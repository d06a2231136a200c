"""Trainings of language models, begun and resumed, each as one call in Python.

Every argument has the command line's name and default, and errors are the same `PixaceError`s.
"""

import importlib.metadata
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pixace import config, configurables, gallery, models, provenance, runs, tokenset, trackers
from pixace.errors import ConfigError, PixaceError, RunError
from pixace.pixelart import STRIP, palette_of, save_strip
from pixace.preparation import stem
from pixace.trained import load
from pixace.training import Outcome

SHOWN = 16  # classes in the collage that a training ends with


def train(
    data: str | Path | None = None,
    *,
    model: str | None = None,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
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
    labels: bool = False,
    captions: bool = False,
    template: str | Sequence[str] = (),
    strict: bool = False,
    name: str | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> Outcome:
    """Trains a model, into a new run.

    Args:
      data: a source (tokenized on the way, and kept for the next time) or a token set; None takes
        the built-in digits, with their own gin file.
      model: `transformer` or `reformer`; None takes the gin file's.
      gin: gin file, by path or by the name of a shipped one; None takes the model's own.
      bindings: gin lines such as `train.ema = 0.99`, which win over the file.
      steps: short for the binding `train.steps`.
      batch_size: short for `train.batch_size`.
      learning_rate: short for `train.learning_rate`.
      seed: short for `train.seed`.
      track: short for `train.track`: one or several of `tensorboard`, `mlflow`,
        `mlflow:ADDRESS` and `none`.
      size: short for `pictures.size`, as the next four are; a token set has its own.
      colors: colour scheme, as in `tokenize`.
      order: `raster`, `column`, `patch:N`, `snake`, `spiral`, `spiral:out`, `hilbert` or `zcurve`.
      fit: `crop`, `pad` or `stretch`.
      background: colour behind transparency and padding.
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
    pictures = _bindings(
        "pictures", size=size, colors=colors, order=order, fit=fit, background=background
    )
    training = _bindings(
        "train",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=_tracked(track),
    )
    words = _bindings("captions", use=captions or None, templates=_several(template) or None)
    kind = [] if model is None else [f"model.kind = {model!r}"]
    if model is not None:
        models.by_kind(model)  # or the message would be about a gin file of that name
    if gin is None:
        gin = "digits" if data is None else model or "transformer"
    text = config.load(gin, [*kind, *bindings, *training, *pictures, *words])
    data = "digits" if data is None else data
    if tokenset.is_set(Path(data)):
        tokens = tokenset.open_set(Path(data))
        provenance.refuse_others([*bindings, *pictures], tokens, labels=labels)
    else:
        tokens = configurables.pictures().cached(
            data, labels=labels, strict=strict, progress=progress
        )
    tokenizer, learned = tokens.tokenizer, configurables.captions(tokens)
    vocabulary = learned and learned.vocabulary
    built = configurables.language_model(
        tokenizer.vocab_size,
        tokenizer.length,
        tokenizer.axes,
        vocabulary,
        order=tokenizer.order,
    )
    if progress and learned and learned.cut:
        print(f"{learned.cut:,} long captions are cut; see captions.longest", file=sys.stderr)
    with runs.begun(_root(root), name, f"{stem(data)}-{built.kind}") as run:
        description = runs.Description(
            name=run.name,
            created=runs.now(),
            model=built.kind,
            tokenizer=tokenizer.spec,
            config=text,
            data=provenance.describe(data, tokens, labels=labels),
            versions={each: importlib.metadata.version(each) for each in ("jax", "trax")},
            captions=vocabulary and asdict(vocabulary),
        )
        run.configure(description)
        if palette := palette_of(tokenizer):
            save_strip(run.path / STRIP, palette)
        outcome = configurables.train(built, tokens, run, learned)
    return _with_collage(outcome, progress)


def resume(
    run: str | Path | None = None,
    *,
    bindings: Sequence[str] = (),
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    track: str | Sequence[str] = (),
    root: str | Path | None = None,
    progress: bool = False,
) -> Outcome:
    """Goes on with a run from its last checkpoint, with the very batches that would have come.

    Args:
      run: its name or folder; None means the latest.
      bindings: gin lines that change the run's configuration.
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
    path = runs.find(run, _root(root))
    if not path.is_dir():
        raise RunError(f"{path} is a model without checkpoints; name the run's folder")
    old = runs.Run(path)
    before = old.description
    provenance.refuse_imported(path, before.data)
    if before.model == runs.CODEBOOK:
        raise RunError(f"{path} is a codebook; go on with: pixace codebook --resume {path}")
    shorthands = _bindings(
        "train",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=_tracked(track),
    )
    text = config.restore(before.config, [*bindings, *shorthands])
    if before.status == "finished" and text == before.config:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace train --resume {path} --steps {2 * before.steps}"
        )
    tokens = provenance.restore(path, before.data, progress=progress)
    for line in bindings:
        if line.startswith(("pictures.", "captions.")):
            has = line.partition(".")[0]
            raise ConfigError(f"{path} has its {has}; leave out {line!r}, or train a new run")
    tokenizer, learned = tokens.tokenizer, configurables.captions(tokens)
    model = configurables.language_model(
        tokenizer.vocab_size,
        tokenizer.length,
        tokenizer.axes,
        learned and learned.vocabulary,
        order=tokenizer.order,
    )
    if text != before.config:
        old.configure(replace(before, config=text))
    try:
        outcome = configurables.train(model, tokens, old, learned)
    except PixaceError:  # what did not work is not what the run goes on with next time
        old.configure(replace(old.description, config=before.config, status=before.status))
        raise
    return _with_collage(outcome, progress)


def _with_collage(outcome: Outcome, progress: bool) -> Outcome:
    """Adds the collage that a finished training ends with, drawn by its best model."""
    if outcome.step < outcome.steps:
        return outcome
    path = outcome.run.path / "collage.png"
    trained = load(outcome.run.path)
    classes = list(trained.vocabulary.classes) if trained.vocabulary else []
    gallery.generate(path, run=trained, classes=classes[:SHOWN], progress=progress)
    return replace(outcome, collage=path)


def _several(text: str | Sequence[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _bindings(of: str, **values: Any) -> list[str]:
    """The gin lines that some shorthands are short for; what is None is left as it is."""
    return [f"{of}.{name} = {value!r}" for name, value in values.items() if value is not None]


def _tracked(track: str | Sequence[str]) -> str | None:
    """Trackers as one word for a binding, refused early if they are unknown or not installed."""
    names = [track] if isinstance(track, str) else list(track)
    if not names:
        return None
    trackers.check(",".join(names))
    return ",".join(names)


def _root(root: str | Path | None) -> Path:
    return runs.default_root() if root is None else Path(root)
