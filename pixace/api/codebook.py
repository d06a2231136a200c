"""What `pixace codebook` does, as calls in Python; see `train.py` for those of models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixace.api import data_provenance, resuming
from pixace.api.door import door
from pixace.config import gin_files, idle, parts
from pixace.config.shorthands import lines, training
from pixace.data import token_cache, token_set
from pixace.data.preprocessing import RawPreprocessing
from pixace.errors import ConfigError
from pixace.runs import run_folder
from pixace.runs.description import Description
from pixace.sources import Data, open_source
from pixace.sources.addresses import stem
from pixace.tokenizers import vq
from pixace.training import train_codebook
from pixace.training.outcome import CodebookOutcome
from pixace.training.settings import CodebookSettings


@door("codebook")
def codebook(
    data: Data,
    *,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
    codes: int | None = None,
    downsample: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int | None = None,
    track: str | Sequence[str] = (),
    size: str | int | None = None,
    fit: str | None = None,
    background: str | None = None,
    limit: int | None = None,
    alpha: str | None = None,
    tiles: str | int | None = None,
    strict: bool = False,
    name: str | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> CodebookOutcome:
    """Trains a codebook, into a new run; `colors="vq:RUN"` then makes tokens with it.

    Args:
      data: a source of pictures, or these themselves, as `tokenize` takes them.
      gin: gin file, by path or by the name of a shipped one; None takes `codebook`.
      bindings: gin lines such as `codebook.beta = 0.5`, which win over the file.
      codes: short for the binding `codebook.codes`.
      downsample: short for `codebook.downsample`.
      steps: short for `codebook.steps`.
      batch_size: short for `codebook.batch_size`.
      learning_rate: short for `codebook.learning_rate`.
      seed: short for `codebook.seed`.
      track: short for `codebook.track`: one or several of `tensorboard`, `mlflow`,
        `mlflow:ADDRESS` and `none`.
      size: short for `pictures.size`, as the next five are.
      fit: `crop`, `pad`, `stretch`, `center` or `nearest`.
      background: colour behind transparency and padding.
      limit: take at most so many pictures, evenly and always the same ones.
      alpha: `blend` or `threshold`, for half-transparent pixels.
      tiles: cut sprite sheets and strips into pictures of this size, which `size` then is, too.
      strict: stop at a bad picture instead of skipping it.
      name: of the run; None makes one from the data.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while reading, and a line for each picture skipped.

    Raises:
      PixaceError: something is unknown, missing, contradictory or full.
    """
    own = training(
        "codebook",
        codes=codes,
        downsample=downsample,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=track,
    )
    pictures = lines(
        "pictures",
        size=tiles if size is None else size,
        fit=fit,
        background=background,
        limit=limit,
        alpha=alpha,
        tiles=tiles,
    )
    bound = gin_files.load(gin or "codebook", [*bindings, *own, *pictures])
    how, preprocessing = _settings(bound.values)
    idle.refuse(bound, "codebook")
    data = data if isinstance(data, str | Path) else open_source(data)
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        raise ConfigError(f"{data} is a token set; a codebook learns from the pictures themselves")
    raw = token_cache.cached(preprocessing, data, strict=strict, progress=progress)
    with run_folder.new_run(run_folder.home(root), name, f"{stem(data)}-codebook") as run:
        run.configure(bound.text)
        run.write(
            Description(
                name=run.name,
                created=run_folder.now(),
                kind="codebook",
                model=None,
                training=asdict(how),
                data=data_provenance.record(data, raw, preprocessing, labels=False),
                versions=run_folder.versions(),
                compute_dtype="float32",
            )
        )
        return train_codebook.train(raw, run, how)


@door("codebook")
def resume_codebook(
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
) -> CodebookOutcome:
    """Goes on with a codebook from its last checkpoint, with the very batches to come.

    Args:
      run: its name or folder; None means the latest codebook.
      bindings: gin lines that change the run's configuration.
      steps: short for the binding `codebook.steps`.
      batch_size: short for `codebook.batch_size`.
      learning_rate: short for `codebook.learning_rate`.
      seed: short for `codebook.seed`.
      track: short for `codebook.track`: one or several of `tensorboard`, `mlflow`,
        `mlflow:ADDRESS` and `none`.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr while reading pictures.

    Raises:
      RunError: there is no such run, it is no codebook or finished, or its pictures have changed.
      PixaceError: a binding is broken, or the disk is full.
    """
    own = training(
        "codebook",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=track,
    )
    with resuming.taken("codebook", run, root) as path:
        old = resuming.find("codebook", path, [*bindings, *own])
        how, preprocessing = _settings(old.settings)
        raw = data_provenance.restore(old.run.path, old.before, preprocessing, progress=progress)
        with old.reconfigured(training=asdict(how)):
            return train_codebook.train(raw, old.run, how)


def _settings(settings: Mapping[str, Any]) -> tuple[CodebookSettings, RawPreprocessing]:
    """How to train, and how pictures become bytes; refused before any is read.

    Raises:
      PixaceError: a number cannot be meant, or the size cannot be downsampled.
    """
    how, preprocessing = parts.codebook(settings), RawPreprocessing.of(parts.pictures(settings))
    vq.check(preprocessing.tokenizer().size, how.downsample, how.codes)
    return how, preprocessing
