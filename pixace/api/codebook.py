"""What `pixace codebook` does, as calls in Python; see `train.py` for those of models."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from pixace.api import data_provenance, resuming
from pixace.api.door import door
from pixace.config import configurables, gin_files
from pixace.config.shorthands import lines, tracked
from pixace.data import token_cache, token_set
from pixace.data.preprocessing import RawPreprocessing
from pixace.errors import ConfigError
from pixace.runs import run_folder
from pixace.sources import Data, open_source
from pixace.sources.addresses import stem
from pixace.training import train_codebook
from pixace.training.train_codebook import CodebookOutcome


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
    own = lines(
        "codebook",
        codes=codes,
        downsample=downsample,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=tracked(track),
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
    text = gin_files.load(gin or "codebook", [*bindings, *own, *pictures])
    data = data if isinstance(data, str | Path) else open_source(data)
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        raise ConfigError(f"{data} is a token set; a codebook learns from the pictures themselves")
    settings = RawPreprocessing.of(configurables.pictures())
    configurables.check_codebook(settings.tokenizer().size)
    gin_files.refuse_idle(text, gin_files.parts("codebook"))
    raw = token_cache.cached(settings, data, strict=strict, progress=progress)
    with run_folder.begun(run_folder.home(root), name, f"{stem(data)}-codebook") as run:
        description = run_folder.Description(
            name=run.name,
            created=run_folder.now(),
            model=run_folder.CODEBOOK,
            tokenizer="",
            config=text,
            data=data_provenance.describe(data, raw, labels=False),
            versions={each: importlib.metadata.version(each) for each in ("jax", "trax")},
            dtype="float32",
        )
        run.configure(description)
        return train_codebook.train(raw, run, configurables.codebook())


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
    own = lines(
        "codebook",
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        track=tracked(track),
    )
    old, text = resuming.find(run, root, bindings, own, codebook=True)
    settings = RawPreprocessing.of(configurables.pictures())
    configurables.check_codebook(settings.tokenizer().size)
    gin_files.refuse_idle(text, gin_files.parts("codebook"))
    raw = data_provenance.restore(
        old.path, old.description.data, progress=progress, settings=settings
    )
    with resuming.changed(old, text):
        return train_codebook.train(raw, old, configurables.codebook())
