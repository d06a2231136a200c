"""What the commands do, as calls in Python.

Every argument has the command line's name and default, and errors are the same `PixaceError`s.
"""

import hashlib
import importlib.metadata
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixace import config, configurables, gallery, runs, tokenset
from pixace.collage import save_png
from pixace.errors import ConfigError, RunError
from pixace.preparation import Preparation, stem
from pixace.report import report
from pixace.sources import Source, open_source
from pixace.tokenset import TokenSet
from pixace.training import Outcome


def tokenize(
    source: str | Path | Source,
    out: str | Path,
    *,
    size: str | int = 32,
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
      size: `32` for a square, or `WIDTHxHEIGHT`.
      colors: colour scheme, for example `hsv:5,4,4`, `rgb:3,3,2`, `grey:16`, `palette:FILE.npy`.
      order: `raster`, `column` or `patch:N`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      validation: source of the validation part; None keeps back a share of `source`.
      validation_fraction: that share, 0 … 0.5.
      labels: take sub-folders as labels.
      strict: stop at the first bad picture instead of skipping it.
      workers: processes; None takes one per core.
      progress: a live bar on stderr.

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
    size: str | int = 32,
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
      size: `32` for a square, or `WIDTHxHEIGHT`.
      order: `raster`, `column` or `patch:N`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      pictures: at most so many are measured, taken evenly from the source.

    Returns:
      Per scheme the colours used, entropy in bits per pixel and PSNR in dB.

    Raises:
      PixaceError: something is unknown, or no picture can be read.
    """
    schemes = [Preparation(size, each, order, fit, background) for each in colors]
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
    name: str | None = None,
    root: str | Path | None = None,
    labels: bool = False,
    progress: bool = False,
) -> Outcome:
    """Trains a model, into a new run.

    Args:
      data: a source (tokenized on the way, and kept for the next time) or a token set; None takes
        the built-in digits, with their own gin file.
      model: `transformer` or `reformer`; None takes the gin file's.
      gin: gin file, by path or by the name of a shipped one; None takes the model's own.
      bindings: gin lines such as `train.steps = 1000`, which win over the file.
      name: of the run; None makes one from data and model.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      labels: take sub-folders as labels.
      progress: a live bar on stderr while tokenizing.

    Raises:
      PixaceError: something is unknown, missing, contradictory or full.
    """
    if gin is None:
        gin = "digits" if data is None else model or "transformer"
    bound = [*([] if model is None else [f"model.kind = {model!r}"]), *bindings]
    text = config.load(gin, bound)
    data = "digits" if data is None else data
    tokens = _tokens(data, labels=labels, progress=progress)
    if tokenset.is_set(Path(data)):
        _refuse_other_pictures(bindings, tokens)
    tokenizer = tokens.tokenizer
    built = configurables.language_model(tokenizer.vocab_size, tokenizer.length, tokenizer.axes)
    run = runs.create(_root(root), name, f"{stem(data)}-{built.kind}")
    run.write(
        runs.Description(
            name=run.name,
            created=runs.now(),
            model=built.kind,
            tokenizer=tokenizer.spec,
            config=text,
            data=_about(data, tokens, labels=labels),
            versions={each: importlib.metadata.version(each) for each in ("jax", "trax")},
        )
    )
    (run.path / "config.gin").write_text(text, encoding="utf-8")
    try:
        outcome = configurables.train(built, tokens, run)
    except BaseException:
        if not (run.path / runs.MODEL).exists():  # nothing to draw from, nothing to go on from
            shutil.rmtree(run.path)
        raise
    return _with_collage(outcome, progress)


def resume(
    run: str | Path | None = None,
    *,
    bindings: Sequence[str] = (),
    root: str | Path | None = None,
    progress: bool = False,
) -> Outcome:
    """Goes on with a run from its last checkpoint, with the very batches that would have come.

    Args:
      run: its name or folder; None means the latest.
      bindings: gin lines that change the run's configuration, for example more `train.steps`.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while tokenizing.

    Raises:
      RunError: there is no such run, or its pictures have changed since.
    """
    path = runs.find(run, _root(root))
    if not path.is_dir():
        raise RunError(f"{path} is a model without checkpoints; name the run's folder")
    old = runs.Run(path)
    description = old.description
    text = config.restore(description.config, bindings)
    tokens = _tokens_again(description.data, progress=progress)
    tokenizer = tokens.tokenizer
    model = configurables.language_model(tokenizer.vocab_size, tokenizer.length, tokenizer.axes)
    if text != description.config:
        (path / "config.gin").write_text(text, encoding="utf-8")
        old.describe(config=text)
    return _with_collage(configurables.train(model, tokens, old), progress)


def _with_collage(outcome: Outcome, progress: bool) -> Outcome:
    """Adds the collage that a finished training ends with, drawn by its best model."""
    if outcome.step < outcome.steps:
        return outcome
    path = outcome.run.path / "collage.png"
    gallery.generate(path, run=outcome.run.path, progress=progress)
    return replace(outcome, collage=path)


def _tokens(data: str | Path, *, labels: bool, progress: bool) -> TokenSet:
    """The token set that the user named, or that the gin file's `pictures` make of a source."""
    if tokenset.is_set(Path(data)):
        return tokenset.open_set(Path(data))
    return configurables.pictures().cached(data, labels=labels, progress=progress)


def _tokens_again(data: dict[str, Any], *, progress: bool) -> TokenSet:
    """The very token set that a run was begun with."""
    place = Path(data["tokens"])
    if tokenset.is_set(place):
        tokens = tokenset.open_set(place)
    else:
        tokens = _tokens(data["named"], labels=data["labels"], progress=progress)
    if _checksum(tokens) != data["checksum"]:
        raise RunError(
            f"the pictures of {data['named']} have changed since this run began; train a new one"
        )
    return tokens


def _about(data: str | Path, tokens: TokenSet, *, labels: bool) -> dict[str, Any]:
    header, named = tokens.header, str(data)
    return {
        "named": str(Path(named).resolve()) if Path(named).exists() else named,
        "labels": labels,
        "tokens": str(tokens.path.resolve()),
        "checksum": _checksum(tokens),
        "train": len(tokens.split("train")),
        "validation": len(tokens.split("validation")),
        "fit": header.fit,
        "background": list(header.background),
    }


def _refuse_other_pictures(bindings: Sequence[str], tokens: TokenSet) -> None:
    for line in bindings:
        if line.startswith("pictures."):
            raise ConfigError(
                f"{tokens.path} is a token set already ({tokens.tokenizer.spec}); leave out "
                f"{line.split('=')[0].strip()!r}, or name the pictures instead of the token set"
            )


def _checksum(tokens: TokenSet) -> str:
    """One for all of a token set's files."""
    every = [file.sha256 for file in tokens.header.files]
    return hashlib.sha256(" ".join(every).encode()).hexdigest()


def _root(root: str | Path | None) -> Path:
    return runs.default_root() if root is None else Path(root)
