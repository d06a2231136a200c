"""What it takes to go on with a run, of a model or of a codebook."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixace.api import data_provenance
from pixace.config import gin_files, idle, parts
from pixace.errors import ConfigError, RunError
from pixace.ranges import said
from pixace.runs import run_folder
from pixace.runs.checkpoints import saved
from pixace.runs.description import Description
from pixace.runs.run_folder import CONFIG, Run
from pixace.storage.lock import alone
from pixace.training import metrics_log

GIVEN = ("pictures", "captions")  # what a run has learned from, and so cannot change
# Of a model all is settled but these, with which the weights stay what they are.
FREE = ("dropout", "remat", "window", "attention")
# And of a training, those that say what a checkpoint holds.
SETTLED = (
    *("model.kind", "train.optimizer", "train.features", "codebook.codes", "codebook.downsample"),
    *("codebook.dim", "codebook.width", "codebook.blocks", "codebook.update"),
)


@dataclass(frozen=True)
class Resumption:
    """A run to go on with.

    Attributes:
      run: its folder.
      before: what it says of itself.
      settings: its own ones, and in place of some of them what is bound anew.
      config: the text of `config.gin` with these.
    """

    run: Run
    before: Description
    settings: Mapping[str, Any]
    config: str

    @contextmanager
    def reconfigured(self, **changes: Any) -> Iterator[None]:
        """Gives the run its new settings.

        If what is done inside fails before any checkpoint was written with them, the run has its
        own ones again: what did not work is not what it goes on with next time. After a
        checkpoint, that and the settings belong together, and the run is one that was stopped.

        Args:
          changes: fields of the run's description.
        """
        run, before, at = self.run, self.before, saved(self.run.path)
        file = run.path / CONFIG
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        run.write(replace(before, **changes))
        run.configure(self.config)
        try:
            yield
        except BaseException:
            done = saved(run.path)
            if done[-1:] == at[-1:]:
                now = run.read()
                run.write(replace(before, best=now.best, tokenizer=now.tokenizer))
                run.configure(text)
            else:
                run.describe(status="stopped", step=done[-1])
            raise


@contextmanager
def taken(command: str, named: str | Path | None, root: str | Path | None) -> Iterator[Path]:
    """The folder of the run to go on with, which nobody else goes on with meanwhile.

    Args:
      command: `train`, or `codebook`, for the latest of that sort.
      named: its name or folder; None means the latest.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.

    Raises:
      RunError: there is none, or it is a file.
      PixaceError: somebody is at work in it.
    """
    codebook = command == "codebook"
    path = run_folder.find(named, run_folder.home(root), codebook=codebook)
    if not path.is_dir():
        sort = "codebook" if codebook else "model"
        raise RunError(f"{path} is a {sort} without checkpoints; name the run's folder")
    with alone(path, f"{command} --resume"):
        yield path


def find(command: str, path: Path, lines: Sequence[str]) -> Resumption:
    """A run to go on with, and its settings with some of them changed.

    Args:
      command: `train`, or `codebook`, if it must be one of a codebook.
      path: the run's folder.
      lines: gin lines.

    Raises:
      RunError: it is of the other sort, it is finished, or it has no checkpoint.
      ConfigError: a line is broken, changes nothing, or changes what the run has learned from.
    """
    codebook, run = command == "codebook", Run(path)
    before = run.read()
    data_provenance.refuse_imported(path, before.data)
    if before.is_codebook is not codebook:
        other = "train" if codebook else "codebook"
        raise RunError(
            f"{path} is a {before.model_kind}; go on with: pixace {other} --resume {path}"
        )
    if not saved(path) and _had_one(run, before):
        raise RunError(
            f"{path} has no checkpoint left to go on from; its model can still be used; for more "
            f"steps train a new one with: pixace {command}"
        )
    own = _flat(before)
    file = path / CONFIG
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    old = gin_files.read(text, place=str(file))
    bound = gin_files.read(text, lines, place=str(file))
    changes = {
        name: value
        for name, value in bound.values.items()
        if name not in old.values or old.values[name] != value
    }
    idle.refuse(bound, command, own | changes)
    _refuse_changes(path, own, changes)
    if before.status == "finished" and not changes:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace {command} --resume {path} --steps {2 * before.steps}"
        )
    return Resumption(run, before, own | changes, bound.text)


def _flat(description: Description) -> dict[str, Any]:
    """The settings of a run, with those of its attention layers by their own names."""
    settings = description.settings
    if description.model:
        settings |= parts.flat_model(description.model)
    return settings


def _had_one(run: Run, description: Description) -> bool:
    """Whether there was a checkpoint once: not in a run that was killed before its first."""
    step = description.step
    lines = metrics_log.read(run.path / metrics_log.METRICS)
    went_on = any(line["step"] > step for line in lines)
    return description.status != "running" or (step > 0 and went_on)


def _refuse_changes(path: Path, own: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Refuses other values of what a run is made of, by whatever name or macro they come."""
    for name, value in changes.items():
        part, _, key = name.rpartition(".")
        if part in GIVEN:
            line = f"{name} = {value!r}"
            raise ConfigError(f"{path} has its {part}; leave out {line!r}, or train a new run")
        is_settled = name in SETTLED or (parts.is_model(part) and key not in FREE)
        if is_settled and name in own and own[name] != value:
            raise ConfigError(
                f"{path} was begun with {name} = {said(own[name])}, and its checkpoint fits no "
                f"other; leave out {said(value)}, or train a new run"
            )
