"""The doors of pixace: what every call from outside passes, in Python and from the command line.

What other software raises is said in one line there, if people can mend it: no memory left, no such
device, a file that the system refuses. All else keeps its traceback, as it is a bug of ours.

A process that was forked from one at work cannot use the device: JAX's threads stayed behind, and
what waits for them waits for ever. It is told so at the door.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pixace.errors import PixaceError
from pixace.storage import atomic

P = ParamSpec("P")
R = TypeVar("R")

# What makes the job of a command smaller.
DRAWING = "a smaller batch size (--batch-size)"
SMALLER = {
    "train": "a smaller train.batch_size, more parts of it (train.accumulate), "
    "transformer.remat = True, or a smaller model or picture",
    "codebook": "a smaller codebook.batch_size, codebook.width or picture",
    "generate": DRAWING,
    "complete": DRAWING,
    "tokenize": "fewer workers (--workers) or a smaller picture (--size)",
}
_forked: set[int] = set()  # this process, if it is one


def door(command: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function a door: one that does what a command does.

    Raises:
      PixaceError: beside what the function raises, in place of what `explained` explains.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def passed(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                if command != "tokenize":
                    _check()
                return function(*args, **kwargs)
            except PixaceError:
                raise
            except Exception as why:
                if said := explained(why, command):
                    raise said from why
                raise

        return passed

    return decorate


def is_forked() -> bool:
    """Whether this process was forked from one in which JAX was at work."""
    return os.getpid() in _forked


def explained(why: Exception, command: str | None) -> PixaceError | None:
    """The error that says what people can do about an exception; None if it is none of theirs.

    Args:
      why: of any library, or the system.
      command: what was at work; None if nothing was yet.
    """
    if isinstance(why, PixaceError):
        return why
    why = _inner(why)
    if _is_full(why):
        smaller = SMALLER.get(command or "", "a smaller model or picture")
        return PixaceError(f"not enough memory ({_first_line(why)}); try {smaller}")
    if missing := _no_device(why):
        return missing
    if said := atomic.reason(why):
        named = getattr(why, "filename", None)
        return PixaceError(f"cannot use {os.fsdecode(named)}: {said}" if named else said)
    return None


def _check() -> None:
    """Refuses at once what would wait for ever, or fail when half of the work is done."""
    if is_forked():
        raise PixaceError(
            "this process was forked from one in which JAX was at work, and would wait for ever; "
            "start it with multiprocessing.get_context('spawn')"
        )
    if os.environ.get("JAX_PLATFORMS"):
        import jax

        jax.devices()


def _inner(why: Exception) -> Exception:
    """What Trax's layers wrap, whatever goes wrong while they are traced; all else as it is."""
    within = why.__cause__ or why.__context__
    if type(why).__name__ == "LayerError" and isinstance(within, Exception):
        return _inner(within)
    return why


def _is_full(why: Exception) -> bool:
    """Whether memory is full, the computer's or the device's."""
    jax = sys.modules.get("jax")  # who has not been asked has raised nothing
    foreign = jax is not None and isinstance(why, jax.errors.JaxRuntimeError)
    return isinstance(why, MemoryError) or (foreign and "RESOURCE_EXHAUSTED" in str(why))


def _no_device(why: Exception) -> PixaceError | None:
    """The line for a device that was asked for and is not there.

    JAX says so in several ways, in one of them without a word; so it is asked again.
    """
    jax = sys.modules.get("jax")
    if jax is None or not isinstance(why, RuntimeError | AssertionError):
        return None
    if not str(why).startswith("Unable to initialize backend"):
        try:
            jax.devices()
        except Exception as again:
            why = again
        else:
            return None
    asked = jax.config.jax_platforms
    found = f"JAX_PLATFORMS={asked} asks for a device" if asked else "JAX found a device"
    said = str(why).partition("': ")[2].partition(" (set JAX")[0].partition(" (you may")[0]
    reason = f" ({said.rstrip('.')})" if said else ""
    return PixaceError(
        f"{found} that cannot be used{reason}; leave JAX_PLATFORMS away, set it to cpu, or install "
        "what the device needs, see docs/install.md"
    )


def _first_line(why: Exception) -> str:
    """The beginning of what an exception says, at most 200 characters."""
    text = (str(why).strip() or type(why).__name__).splitlines()[0].rstrip(".")
    return text if len(text) <= 200 else f"{text[:199]}…"


def _notice_fork() -> None:
    """Remembers, in a process just forked, that JAX's threads stayed behind."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    if bridge is not None and bridge.backends_are_initialized():
        _forked.add(os.getpid())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notice_fork)
