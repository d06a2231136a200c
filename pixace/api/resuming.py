"""What it takes to go on with a run, of a model or of a codebook."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pixace.api import data_provenance
from pixace.config import configurables, gin_files
from pixace.errors import ConfigError, RunError
from pixace.runs import run_folder
from pixace.runs.checkpoints import saved
from pixace.runs.run_folder import CODEBOOK, Run
from pixace.storage import gin_text
from pixace.training import metrics_log

GIVEN = ("pictures", "captions")  # what a run has learned from, and so cannot change
# Of a model all is settled but these, with which the weights stay what they are.
FREE = ("dropout", "remat", "window", "attention")
# And of a training, those that say what a checkpoint holds.
SETTLED = (
    *("model.kind", "train.optimizer", "codebook.codes", "codebook.downsample", "codebook.dim"),
    *("codebook.width", "codebook.blocks", "codebook.update"),
)


def find(
    named: str | Path | None,
    root: str | Path | None,
    lines: Sequence[str],
    shorthands: Sequence[str],
    *,
    codebook: bool = False,
) -> tuple[Run, str]:
    """The run to go on with, and its configuration with some lines changed.

    Args:
      named: its name or folder; None means the latest.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      lines: gin lines that the user wrote.
      shorthands: gin lines that arguments are short for; they win.
      codebook: whether it must be one of a codebook, or one of a model.

    Raises:
      RunError: there is none, it is of the other sort, it is finished, or it has no checkpoint.
      ConfigError: a line is broken, changes nothing, or changes what the run has learned from.
    """
    path = run_folder.find(named, run_folder.home(root), codebook=codebook)
    sort, command = ("codebook", "codebook") if codebook else ("model", "train")
    if not path.is_dir():
        raise RunError(f"{path} is a {sort} without checkpoints; name the run's folder")
    run = Run(path)
    before = run.description
    data_provenance.refuse_imported(path, before.data)
    if (before.model == CODEBOOK) is not codebook:
        other = "train" if codebook else "codebook"
        raise RunError(f"{path} is a {before.model}; go on with: pixace {other} --resume {path}")
    if not saved(path) and _had_one(run):
        raise RunError(
            f"{path} has no checkpoint left to go on from; its model can still be used; for more "
            f"steps train a new one with: pixace {command}"
        )
    parts = gin_files.parts(command, before.model)
    text = gin_files.restore(before.config, [*lines, *shorthands], place=path)
    gin_files.refuse_idle(text, parts)
    _refuse_changes(path, before.config, text, parts)
    if before.status == "finished" and text == before.config:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace {command} --resume {path} --steps {2 * before.steps}"
        )
    return run, text


def _had_one(run: Run) -> bool:
    """Whether there was a checkpoint once: not in a run that was killed before its first."""
    it = run.description
    lines = metrics_log.read(run.path / metrics_log.METRICS)
    went_on = any(line["step"] > it.step for line in lines)
    return it.status != "running" or (it.step > 0 and went_on)


def _refuse_changes(path: Path, before: str, after: str, parts: Sequence[str]) -> None:
    """Refuses other values of what a run is made of, by whatever name or macro they come."""
    defaults = configurables.settings(parts)
    old, new = (gin_text.resolved(gin_text.read(text, path)) for text in (before, after))
    for name, value in new.items():
        part, _, key = name.removeprefix("pixace.").rpartition(".")
        if part in GIVEN and (name not in old or old[name] != value):
            said = f"{name} = {value!r}"
            raise ConfigError(f"{path} has its {part}; leave out {said!r}, or train a new run")
        is_model = configurables.is_model(part) and part in parts and key not in FREE
        was = old.get(name, defaults.get(name))
        if (is_model or name in SETTLED) and was != value:
            raise ConfigError(
                f"{path} was begun with {name} = {was!r}, and its checkpoint fits no other; "
                f"leave out {value!r}, or train a new run"
            )


@contextmanager
def changed(run: Run, text: str) -> Iterator[None]:
    """Gives the run another configuration.

    If what is done inside fails before any checkpoint was written with it, the run has its own one
    again: what did not work is not what it goes on with next time. After a checkpoint, that and
    the configuration belong together, and the run is one that was stopped.
    """
    before, at = run.description, saved(run.path)
    if text != before.config:
        run.configure(replace(before, config=text))
    try:
        yield
    except BaseException:
        now, done = run.description, saved(run.path)
        if done[-1:] == at[-1:]:
            own = replace(now, config=before.config, status=before.status)
            run.configure(replace(own, steps=before.steps, step=before.step, dtype=before.dtype))
        else:
            run.describe(status="stopped", step=done[-1])
        raise
