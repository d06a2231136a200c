"""What `fit` trains: all that differs between a language model and a codebook."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax

from pixace.arrays import Images
from pixace.evaluation.evaluator import Evaluator
from pixace.runs.run_folder import Run
from pixace.training.schedules import Schedule
from pixace.training.watch import Watch


@runtime_checkable  # tests check types while they run
class LoopSettings(Protocol):
    """The settings that the loop itself obeys; `settings.py` says what they mean."""

    @property
    def steps(self) -> int:
        """How many in all."""

    @property
    def learning_rate(self) -> float:
        """The highest."""

    @property
    def log_every(self) -> int:
        """Steps between two lines."""

    @property
    def evaluate_every(self) -> int:
        """Steps between two evaluations."""

    @property
    def keep(self) -> int:
        """Latest checkpoints kept."""

    @property
    def track(self) -> str:
        """The trackers."""


@runtime_checkable  # tests check types while they run
class Stepped(Protocol):
    """A state: a tree of arrays that counts its steps."""

    @property
    def step(self) -> jax.Array:
        """Steps done, int32 scalar."""

    @property
    def watch(self) -> Watch:
        """What is usual."""


@runtime_checkable  # tests check types while they run
class Measured(Protocol):
    """What a step measured: named scalars, of which `applied` says whether it changed weights."""

    @property
    def loss(self) -> jax.Array:
        """What is lowered."""

    @property
    def applied(self) -> jax.Array:
        """Whether the step was applied; False where it was skipped."""

    def _asdict(self) -> dict[str, Any]:
        """All of them by name."""


S = TypeVar("S", bound=Stepped)  # all that a step changes and a checkpoint holds
B = TypeVar("B")  # a batch
W = TypeVar("W")  # the weights of a state that are evaluated, and kept if they are the best
M_co = TypeVar("M_co", bound=Measured, covariant=True)


@runtime_checkable  # tests check types while they run
class Task(Protocol[S, B, W, M_co]):
    """What is trained, and how one step goes."""

    @property
    def command(self) -> str:
        """Begins such a training, `train` or `codebook`; its settings are called so, too."""

    @property
    def dtype(self) -> str:
        """Of the products, `float32` or `bfloat16`."""

    @property
    def unit(self) -> str:
        """What its speed counts: `tokens` or `pictures`."""

    @property
    def units(self) -> int:
        """How many of them a step gets through."""

    @property
    def about(self) -> str:
        """What is trained, and on how much, in a few words."""

    @property
    def rate(self) -> Schedule:
        """The learning rate by step."""

    @property
    def evaluator(self) -> Evaluator[W]:
        """Says how good weights are."""

    def first_state(self) -> S:
        """The state before the first step."""

    def mended(self, flat: dict[str, Any], first: S) -> dict[str, Any]:
        """The leaves of a checkpoint, by name, as the settings of today want them.

        Args:
          flat: as they were saved.
          first: a state as it is wanted.
        """

    def batch(self, step: int) -> B:
        """What step number `step`, counted from 0, learns from."""

    def pictures(self, batch: B) -> Images:
        """A batch as people see it, uint8 `(n, height, width, 3)`."""

    def step(self, state: S, batch: B) -> tuple[S, M_co]:
        """The state after one more step, and what it measured; the state given is gone."""

    def derived(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """More numbers for a line of the log, from those that a step measured."""

    def shown(self, numbers: Mapping[str, float]) -> str:
        """A few words for the bar, from a line of the log."""

    def weights(self, state: S) -> W:
        """Those that are evaluated and kept."""

    def keep(self, run: Run, weights: W, **changes: Any) -> None:
        """Writes them as the run's model file, and changes of its description with them."""

    def kept(self, run: Run) -> tuple[W, int]:
        """What the model file holds, and after how many steps."""

    def verdict(self, lines: Sequence[Mapping[str, float]]) -> str | None:
        """What all evaluations say together, in words; None for nothing.

        Args:
          lines: of the log.
        """

    def last_numbers(self, run: Run) -> dict[str, float]:
        """What is measured once, at the end, of the best weights."""
