"""Checkpoints of a training: whole or absent, the last few and the best one kept."""

import io
import logging
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax

from pixace.errors import NotFiniteError, PixaceError, RunError
from pixace.runtime.printable import tell
from pixace.storage import manifest, pytrees

SPARE = 1 << 20  # bytes left free for all else that a run writes
FOLDER = "checkpoints"
ASIDE = ".damaged"  # behind the name of one that is


def saved(run: Path) -> list[int]:
    """Steps that a run has finished checkpoints of, rising, as their names say."""
    return _finished(run / FOLDER)


class Checkpoints:
    """The folder `checkpoints/` of a run.

    Orbax writes under a temporary name and renames, so that a killed process leaves the older
    checkpoints as they were; what it left half-written is cleared at the next start. Beside each
    stand the checksums of its files. Damaged ones are set aside when the folder is opened, and
    older ones go only when a new one has been read back.
    """

    def __init__(self, folder: Path, *, keep: int) -> None:
        import orbax.checkpoint as ocp

        _check_name(folder)
        self._folder = folder
        _set_right(folder)
        self._manager = ocp.CheckpointManager(
            folder.resolve(),
            options=ocp.CheckpointManagerOptions(
                preservation_policy=ocp.checkpoint_managers.LatestN(None),  # see `_forget`
                enable_async_checkpointing=False,  # what goes wrong is raised here and now
            ),
        )
        self._keep = keep
        self._save_args = ocp.args.StandardSave
        self._restore_args = ocp.args.StandardRestore

    def save(self, step: int, state: Any, *, is_best: bool) -> None:
        """Saves; the last ones are kept, and the last one that was the best.

        Raises:
          NotFiniteError: some number of the state is not finite; nothing is written.
          PixaceError: the disk is too full, or does not give back what was written.
        """
        if step in self.steps():
            return
        flat = pytrees.flatten(state)
        if bad := pytrees.infinite(flat):
            raise NotFiniteError(f"{bad} became infinite or not a number by step {step:,}")
        self.check_room(state)
        try:
            with _quietly():
                self._manager.save(step, args=self._save_args(flat))
        except BaseException:
            _clear(self._folder)  # what is half takes room
            raise
        # Told what to expect: TensorStore never gives back the room of what it says of arrays.
        again = self._manager.restore(step, args=self._restore_args(flat))
        if pytrees.sha256(again) != pytrees.sha256(flat):
            raise PixaceError(
                f"cannot write {self._folder / str(step)}: it reads otherwise than it was written; "
                "see whether the disk is well, or choose another place with --runs"
            )
        manifest.write(self._folder / str(step), best=is_best)
        self._forget()

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
        steps = self.steps()
        if not steps:
            raise RunError(f"{self._folder} has no checkpoint to go on from; train anew")
        try:
            flat = self._manager.restore(steps[-1], args=self._restore_args())
            return pytrees.unflatten(mended(flat) if mended else flat, like)
        except ValueError as why:
            raise RunError(
                f"checkpoint {self._folder / str(steps[-1])} does not fit the configured model: "
                f"{why}"
            ) from why

    def _forget(self) -> None:
        """Removes all but the last ones, and the last that was the best when it was saved."""
        steps = self.steps()
        best = [step for step in steps if manifest.facts(self._folder / str(step))["best"]]
        for step in {*steps} - {*steps[-self._keep :], *best[-1:]}:
            manifest.place(self._folder / str(step)).unlink()  # first: it is unfinished without
            self._manager.delete(step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._manager.close()


def _finished(folder: Path) -> list[int]:
    """Steps of the checkpoints that were finished, rising."""
    names = (path.name for path in folder.glob("*") if manifest.place(path).exists())
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def _set_right(folder: Path) -> None:
    """Clears what was not finished, and sets aside what is damaged, which it says.

    Orbax would clear its own in a thread, which a process that ends soon disturbs, and is at a loss
    with what is damaged.

    Raises:
      RunError: all are damaged.
    """
    _clear(folder)
    was = [str(step) for step in _finished(folder)]
    finished = {*was}
    for name in was:
        if what := manifest.damage(folder / name):
            aside = (folder / name).with_suffix(ASIDE)
            shutil.rmtree(aside, ignore_errors=True)
            (folder / name).replace(aside)
            manifest.place(folder / name).unlink()
            tell(f"checkpoint {folder / name} is damaged ({what}), and set aside as {aside.name}")
            finished.remove(name)
    if was and not finished:
        raise RunError(
            f"all checkpoints in {folder} are damaged; the model can still be used; for a new run: "
            f"pixace train --from {folder.parent}"
        )


def _clear(folder: Path) -> None:
    """Removes what was not finished."""
    finished = {str(step) for step in _finished(folder)}
    for path in folder.glob("*"):
        if path.is_dir() and path.suffix != ASIDE and path.name not in finished:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """Drops what libraries print in threads of theirs about what is raised here anyway."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


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
