"""What to say when numbers of a training stop being numbers: where to go on from, and how."""

from collections.abc import Iterator
from contextlib import contextmanager

from pixace.errors import NotFiniteError
from pixace.runs.checkpoints import Checkpoints
from pixace.runs.run_folder import Run


@contextmanager
def advice(run: Run, checkpoints: Checkpoints, command: str, rate: float) -> Iterator[None]:
    """Adds the way back to what is said inside of a number that is none.

    Args:
      run: whose training it is.
      checkpoints: its own, which hold finite numbers only.
      command: `train` or `codebook`.
      rate: the highest learning rate.

    Raises:
      NotFiniteError: says what to type next.
    """
    try:
        yield
    except NotFiniteError as why:
        lower = f"--learning-rate {rate / 10:.2g}"
        if saved := checkpoints.steps():
            back = (
                f"go on from step {saved[-1]:,}, which is sound, with a lower {command}."
                f"learning_rate: pixace {command} --resume {run.path} {lower}"
            )
        else:
            back = f"begin again with a lower {command}.learning_rate: {lower}"
        raise NotFiniteError(f"{why}; {back}") from why
