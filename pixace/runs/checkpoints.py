"""Checkpoints of a training: whole or absent, the last few and the best one kept."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax

from pixace.errors import NotFiniteError, PixaceError, RunError
from pixace.storage import pytrees

SPARE = 1 << 20  # bytes left free for all else that a run writes
FOLDER = "checkpoints"


def saved(run: Path) -> list[int]:
    """Steps that a run has checkpoints of, rising, as the names of its folders say."""
    names = (path.name for path in (run / FOLDER).glob("*") if path.is_dir())
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


class Checkpoints:
    """The folder `checkpoints/` of a run.

    Orbax writes under a temporary name and renames, so that a killed process leaves the older
    checkpoints as they were; what it left half-written is cleared at the next start.
    """

    def __init__(self, folder: Path, *, keep: int) -> None:
        import orbax.checkpoint as ocp

        _check_name(folder)
        self._folder = folder
        # Orbax would clear these in a thread of its own, which a process that ends soon disturbs.
        for rest in folder.glob("*.orbax-checkpoint-tmp*"):
            shutil.rmtree(rest)
        keepers = ocp.checkpoint_managers
        self._manager = ocp.CheckpointManager(
            folder.resolve(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=keepers.AnyPreservationPolicy(
                    [
                        keepers.LatestN(keep),
                        # Which weights are the best is said by who saves; of those that once
                        # were, these are the last.
                        keepers.BestN(get_metric_fn=lambda m: m["best_at"], n=1),
                    ]
                ),
                enable_async_checkpointing=False,  # what goes wrong is raised here and now
            ),
        )
        self._save_args = ocp.args.StandardSave
        self._restore_args = ocp.args.StandardRestore

    def save(self, step: int, state: Any, *, is_best: bool) -> None:
        """Saves; the last one that was the best is kept.

        Raises:
          NotFiniteError: some number of the state is not finite; nothing is written.
          PixaceError: the disk is too full.
        """
        if step not in self.steps():
            flat = pytrees.flatten(state)
            if bad := pytrees.infinite(flat):
                raise NotFiniteError(f"{bad} became infinite or not a number by step {step:,}")
            self.check_room(state)
            metrics = {"best_at": step if is_best else -1}  # -1: others go before one that was
            self._manager.save(step, args=self._save_args(flat), metrics=metrics)

    def check_room(self, state: Any) -> None:
        """Refuses to begin what cannot end well: libraries under way take a full disk badly.

        Raises:
          PixaceError: the disk has no room for one more checkpoint, or no file may be so large.
        """
        needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) + SPARE
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise PixaceError(
                f"cannot write a checkpoint to {self._folder}: no space left on disk "
                f"({needed / 1e6:,.1f} MB needed, {free / 1e6:,.1f} MB free); free some, "
                "or choose another place with --runs"
            )
        if (most := _largest_file()) < needed:
            raise PixaceError(
                f"cannot write a checkpoint to {self._folder}: file too large "
                f"({needed / 1e6:,.1f} MB needed, {most / 1e6:,.1f} MB allowed); raise the limit "
                "(ulimit -f)"
            )

    def steps(self) -> list[int]:
        """Steps that there are whole checkpoints of, rising."""
        return sorted(self._manager.all_steps())

    def restore(
        self, like: Any, mended: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    ) -> Any:
        """The latest state, in the shape of `like`.

        Args:
          like: a state as it is wanted.
          mended: what makes the leaves that were saved, by name, those that are wanted.

        Raises:
          RunError: there is none, or it was made by another model.
        """
        latest = self._manager.latest_step()
        if latest is None:
            raise RunError(f"{self._folder} has no checkpoint to go on from; train anew")
        try:
            flat = self._manager.restore(latest, args=self._restore_args())
            return pytrees.unflatten(mended(flat) if mended else flat, like)
        except ValueError as why:
            raise RunError(
                f"checkpoint {self._folder / str(latest)} does not fit the configured model: {why}"
            ) from why

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._manager.close()


def _check_name(folder: Path) -> None:
    """Refuses a name that libraries in C++ cannot take.

    Raises:
      RunError: it is no text.
    """
    try:
        str(folder.resolve()).encode()
    except UnicodeEncodeError as why:
        raise RunError(
            f"cannot write checkpoints to {folder}: its name is no text in UTF-8; choose another "
            "--name or --runs"
        ) from why


def _largest_file() -> float:
    """Bytes that a file of this process may have; infinite without a limit."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return math.inf if limit == resource.RLIM_INFINITY else limit
