"""What `pixace codebook` does, as calls in Python; see `trainings.py` for those of models."""

import importlib.metadata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixace import config, configurables, provenance, runs, tokenset
from pixace.codebook_training import CodebookOutcome
from pixace.errors import ConfigError, PixaceError, RunError
from pixace.preparation import Bytes, stem


def codebook(
    data: str | Path,
    *,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
    codes: int | None = None,
    downsample: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    size: str | int | None = None,
    fit: str | None = None,
    background: str | None = None,
    strict: bool = False,
    name: str | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> CodebookOutcome:
    """Trains a codebook, into a new run; `colors="vq:RUN"` then makes tokens with it.

    Args:
      data: a source of pictures.
      gin: gin file, by path or by the name of a shipped one; None takes `codebook`.
      bindings: gin lines such as `codebook.beta = 0.5`, which win over the file.
      codes: short for the binding `codebook.codes`.
      downsample: short for `codebook.downsample`.
      steps: short for `codebook.steps`.
      batch_size: short for `codebook.batch_size`.
      learning_rate: short for `codebook.learning_rate`.
      seed: short for `codebook.seed`.
      size: short for `pictures.size`, as the next two are.
      fit: `crop`, `pad` or `stretch`.
      background: colour behind transparency and padding.
      strict: stop at a bad picture instead of skipping it.
      name: of the run; None makes one from the data.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while reading, and a line for each picture skipped.

    Raises:
      PixaceError: something is unknown, missing, contradictory or full.
    """
    own = _shorthands(
        codes=codes,
        downsample=downsample,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    pictures = [
        f"pictures.{key} = {value!r}"
        for key, value in (("size", size), ("fit", fit), ("background", background))
        if value is not None
    ]
    text = config.load(gin or "codebook", [*bindings, *own, *pictures])
    if tokenset.is_set(Path(data)):
        raise ConfigError(f"{data} is a token set; a codebook learns from the pictures themselves")
    preparation = Bytes.of(configurables.pictures())
    configurables.check_codebook(preparation.tokenizer().size)
    raw = preparation.cached(data, strict=strict, progress=progress)
    place = runs.default_root() if root is None else Path(root)
    with runs.begun(place, name, f"{stem(data)}-codebook") as run:
        description = runs.Description(
            name=run.name,
            created=runs.now(),
            model=runs.CODEBOOK,
            tokenizer="",
            config=text,
            data=provenance.describe(data, raw, labels=False),
            versions={each: importlib.metadata.version(each) for each in ("jax", "trax")},
        )
        run.configure(description)
        return configurables.codebook(raw, run)


def resume_codebook(
    run: str | Path | None = None,
    *,
    bindings: Sequence[str] = (),
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> CodebookOutcome:
    """Goes on with a codebook from its last checkpoint, with the very batches to come.

    Args:
      run: its name or folder; None means the latest codebook.
      bindings: gin lines that change the run's configuration.
      steps: short for the binding `codebook.steps`.
      batch_size: short for `codebook.batch_size`.
      learning_rate: short for `codebook.learning_rate`.
      seed: short for `codebook.seed`.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while reading pictures.

    Raises:
      RunError: there is no such run, it is no codebook or finished, or its pictures have changed.
      PixaceError: a binding is broken, or the disk is full.
    """
    path = runs.find(run, runs.default_root() if root is None else Path(root), codebook=True)
    if not path.is_dir():
        raise RunError(f"{path} is a codebook without checkpoints; name the run's folder")
    old = runs.Run(path)
    before = old.description
    if before.model != runs.CODEBOOK:
        raise RunError(f"{path} is a {before.model}; go on with: pixace train --resume {path}")
    own = _shorthands(steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed)
    text = config.restore(before.config, [*bindings, *own])
    if before.status == "finished" and text == before.config:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace codebook --resume {path} --steps {2 * before.steps}"
        )
    for line in bindings:
        if line.startswith("pictures."):
            raise ConfigError(f"{path} has its pictures; leave out {line!r}, or train a new run")
    raw = provenance.restore(
        path,
        before.data,
        progress=progress,
        preparation=Bytes.of(configurables.pictures()),
    )
    if text != before.config:
        old.configure(replace(before, config=text))
    try:
        return configurables.codebook(raw, old)
    except PixaceError:  # what did not work is not what the run goes on with next time
        old.configure(replace(old.description, config=before.config, status=before.status))
        raise


def _shorthands(**values: Any) -> list[str]:
    """The gin lines that some arguments are short for; what is None is left as it is."""
    return [f"codebook.{name} = {value!r}" for name, value in values.items() if value is not None]
