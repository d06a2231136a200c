"""What it takes to go on with a run, of a model or of a codebook."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pixace import config, provenance, runs
from pixace.errors import ConfigError, RunError
from pixace.runs import CODEBOOK, Run

GIVEN = ("pictures.", "captions.")  # what a run has learned from, and so cannot change


def find(
    named: str | Path | None,
    root: str | Path | None,
    bindings: Sequence[str],
    shorthands: Sequence[str],
    *,
    codebook: bool = False,
) -> tuple[Run, str]:
    """The run to go on with, and its configuration with some lines changed.

    Args:
      named: its name or folder; None means the latest.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      bindings: gin lines that the user wrote.
      shorthands: gin lines that arguments are short for; they win.
      codebook: whether it must be one of a codebook, or one of a model.

    Raises:
      RunError: there is none, it is of the other sort, or it is finished.
      ConfigError: a line is broken, or changes what the run has learned from.
    """
    path = runs.find(named, runs.home(root), codebook=codebook)
    sort, command = ("codebook", "codebook") if codebook else ("model", "train")
    if not path.is_dir():
        raise RunError(f"{path} is a {sort} without checkpoints; name the run's folder")
    run = Run(path)
    before = run.description
    provenance.refuse_imported(path, before.data)
    if (before.model == CODEBOOK) is not codebook:
        other = "train" if codebook else "codebook"
        raise RunError(f"{path} is a {before.model}; go on with: pixace {other} --resume {path}")
    for line in bindings:
        if line.startswith(GIVEN):
            has = line.partition(".")[0]
            raise ConfigError(f"{path} has its {has}; leave out {line!r}, or train a new run")
    text = config.restore(before.config, [*bindings, *shorthands])
    if before.status == "finished" and text == before.config:
        raise RunError(
            f"{path} is finished after {before.steps:,} steps; go on with more: "
            f"pixace {command} --resume {path} --steps {2 * before.steps}"
        )
    return run, text


@contextmanager
def changed(run: Run, text: str) -> Iterator[None]:
    """Gives the run another configuration, and its own again if what is done inside fails."""
    before = run.description
    if text != before.config:
        run.configure(replace(before, config=text))
    try:
        yield
    except Exception:  # what did not work is not what the run goes on with next time
        run.configure(replace(run.description, config=before.config, status=before.status))
        raise
