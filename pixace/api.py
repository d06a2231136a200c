"""What the commands do, as calls in Python.

Every argument has the command line's name and default, and errors are the same `PixaceError`s.
"""

import importlib.metadata
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixace import config, configurables, gallery, models, provenance, runs, tokenset
from pixace.collage import save_png
from pixace.errors import ConfigError, PixaceError, RunError
from pixace.files import whole
from pixace.preparation import Preparation, stem
from pixace.report import report
from pixace.sources import Source, open_source
from pixace.tokenset import TokenSet
from pixace.training import Outcome


def tokenize(
    source: str | Path | Source,
    out: str | Path,
    *,
    size: str | int | None = None,
    colors: str = "hsv:5,4,4",
    order: str = "raster",
    fit: str = "crop",
    background: str = "white",
    validation: str | Path | Source | None = None,
    validation_fraction: float = 0.05,
    labels: bool = False,
    strict: bool = False,
    workers: int | None = None,
    progress: bool = False,
) -> TokenSet:
    """Turns the pictures of a source into a token set.

    Args:
      source: folder, archive, table, array or idx file, `tfds:NAME`, `digits` or `emoji`.
      out: folder to make.
      size: `32` for a square, or `WIDTHxHEIGHT`; None means 32, or the codebook's own.
      colors: colour scheme, for example `hsv:5,4,4`, `rgb:3,3,2`, `grey:16`, `palette:FILE.npy`,
        or `vq:RUN` for a codebook's codes.
      order: `raster`, `column` or `patch:N`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      validation: source of the validation part; None keeps back a share of `source`.
      validation_fraction: that share, 0 or more and below 1.
      labels: take sub-folders as labels.
      strict: stop at the first bad picture instead of skipping it.
      workers: processes; None takes one per core.
      progress: a live bar on stderr, and a line for each picture skipped.

    Raises:
      PixaceError: nothing to read, something unknown, or `out` exists.
    """
    preparation = Preparation(size, colors, order, fit, background, validation_fraction)
    return preparation.build(
        open_source(source, labels=labels),
        Path(out),
        validation=None if validation is None else open_source(validation, labels=labels),
        strict=strict,
        workers=workers,
        progress=progress,
    )


def compare(
    source: str | Path | Source,
    out: str | Path,
    *,
    colors: Sequence[str] = ("hsv:5,4,4", "hsv:4,3,3", "hsv:3,2,2"),
    size: str | int | None = None,
    order: str = "raster",
    fit: str = "crop",
    background: str = "white",
    pictures: int = 256,
) -> dict[str, Any]:
    """Writes a PNG that shows originals beside what each choice of colours keeps of them.

    Args:
      source: as in `tokenize`.
      out: the PNG.
      colors: schemes, one column each.
      size: `32` for a square, or `WIDTHxHEIGHT`; None means 32, or the codebook's own.
      order: `raster`, `column` or `patch:N`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      pictures: at most so many are measured, taken evenly from the source.

    Returns:
      Per scheme the colours used, entropy in bits per pixel and PSNR in dB.

    Raises:
      PixaceError: something is unknown, or no picture can be read.
    """
    gallery.check_name(out, ".png")
    made = [Preparation(size, each, order, fit, background).tokenizer() for each in colors]
    height, width = next((each.size for each in made if each.arrays), made[0].size)
    schemes = [Preparation(f"{width}x{height}", each, order, fit, background) for each in colors]
    found = report(
        schemes[0].images(open_source(source), pictures), [each.tokenizer() for each in schemes]
    )
    save_png(Path(out), found.picture, found.as_dict())
    return found.as_dict()


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
    size: str | int | None = None,
    colors: str | None = None,
    order: str | None = None,
    fit: str | None = None,
    background: str | None = None,
    labels: bool = False,
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
      size: short for `pictures.size`, as the next four are; a token set has its own.
      colors: colour scheme, as in `tokenize`.
      order: `raster`, `column` or `patch:N`.
      fit: `crop`, `pad` or `stretch`.
      background: colour behind transparency and padding.
      labels: take sub-folders as labels.
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
        "train", steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed
    )
    kind = [] if model is None else [f"model.kind = {model!r}"]
    if model is not None:
        models.by_kind(model)  # or the message would be about a gin file of that name
    if gin is None:
        gin = "digits" if data is None else model or "transformer"
    text = config.load(gin, [*kind, *bindings, *training, *pictures])
    data = "digits" if data is None else data
    if tokenset.is_set(Path(data)):
        tokens = tokenset.open_set(Path(data))
        provenance.refuse_others([*bindings, *pictures], tokens, labels=labels)
    else:
        tokens = configurables.pictures().cached(
            data, labels=labels, strict=strict, progress=progress
        )
    tokenizer = tokens.tokenizer
    built = configurables.language_model(tokenizer.vocab_size, tokenizer.length, tokenizer.axes)
    place = _root(root)
    is_first = not place.exists()
    run = runs.create(place, name, f"{stem(data)}-{built.kind}")
    description = runs.Description(
        name=run.name,
        created=runs.now(),
        model=built.kind,
        tokenizer=tokenizer.spec,
        config=text,
        data=provenance.describe(data, tokens, labels=labels),
        versions={each: importlib.metadata.version(each) for each in ("jax", "trax")},
    )
    try:
        _configure(run, description)
        outcome = configurables.train(built, tokens, run)
    except BaseException:
        if not (run.path / runs.MODEL).exists():  # nothing to draw from, nothing to go on from
            shutil.rmtree(run.path, ignore_errors=True)
            if is_first:
                with suppress(OSError):  # another process has begun a run there
                    place.rmdir()
        else:
            run.describe(status="stopped")
        raise
    return _with_collage(outcome, progress)


def resume(
    run: str | Path | None = None,
    *,
    bindings: Sequence[str] = (),
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
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
    if before.model == runs.CODEBOOK:
        raise RunError(f"{path} is a codebook; go on with: pixace codebook --resume {path}")
    shorthands = _bindings(
        "train", steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed
    )
    text = config.restore(before.config, [*bindings, *shorthands])
    if before.status == "finished" and text == before.config:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace train --resume {path} --steps {2 * before.steps}"
        )
    tokens = provenance.restore(path, before.data, progress=progress)
    for line in bindings:
        if line.startswith("pictures."):
            raise ConfigError(f"{path} has its pictures; leave out {line!r}, or train a new run")
    tokenizer = tokens.tokenizer
    model = configurables.language_model(tokenizer.vocab_size, tokenizer.length, tokenizer.axes)
    if text != before.config:
        _configure(old, replace(before, config=text))
    try:
        outcome = configurables.train(model, tokens, old)
    except PixaceError:  # what did not work is not what the run goes on with next time
        _configure(old, replace(old.description, config=before.config, status=before.status))
        raise
    return _with_collage(outcome, progress)


def _with_collage(outcome: Outcome, progress: bool) -> Outcome:
    """Adds the collage that a finished training ends with, drawn by its best model."""
    if outcome.step < outcome.steps:
        return outcome
    path = outcome.run.path / "collage.png"
    gallery.generate(path, run=outcome.run.path, progress=progress)
    return replace(outcome, collage=path)


def _bindings(of: str, **values: Any) -> list[str]:
    """The gin lines that some shorthands are short for; what is None is left as it is."""
    return [f"{of}.{name} = {value!r}" for name, value in values.items() if value is not None]


def _configure(run: runs.Run, description: runs.Description) -> None:
    """Writes down what a run is, for programs and, its configuration, for people."""
    run.write(description)
    with whole(run.path / "config.gin") as draft:
        draft.write_text(description.config, encoding="utf-8")


def _root(root: str | Path | None) -> Path:
    return runs.default_root() if root is None else Path(root)
