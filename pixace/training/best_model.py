"""The best weights of a run so far: the one place that decides which they are."""

from dataclasses import dataclass
from typing import Any, Generic

from pixace.errors import NotFiniteError
from pixace.evaluation.evaluator import Evaluation
from pixace.runs.description import Best
from pixace.runs.run_folder import Run
from pixace.training.task import S, Task, W


@dataclass(frozen=True)
class BestModel(Generic[S, W]):
    """A run's model file, which holds the best weights, and what the run says of them."""

    task: Task[S, Any, W, Any]
    run: Run

    def evaluated(self, weights: W, done: int) -> Evaluation:
        """How good the weights after `done` steps are.

        Raises:
          NotFiniteError: no number says so.
        """
        try:
            return self.task.evaluator(weights)
        except NotFiniteError as why:
            raise NotFiniteError(f"{why} by step {done:,}") from why

    def offered(self, weights: W, found: Evaluation, done: int) -> bool:
        """Keeps weights if they are better than all before; whether they are.

        Raises:
          NotFiniteError: the weights are not finite; nothing is kept of them.
        """
        best = self.run.read().best
        is_best = best is None or found.is_better_than(best.value)
        if is_best:
            self.task.keep(self.run, weights, step=done, best=self._measured(found))
        return is_best

    def compare_alike(self) -> None:
        """Evaluates the best weights so far anew, if that was done on other pictures."""
        best, chosen = self.run.read().best, self.task.evaluator.evaluation_set
        if best is None or (best.part, best.pictures) == (chosen.part, chosen.pictures):
            return
        weights, done = self.task.kept(self.run)
        found = self.evaluated(weights, done)
        self.task.keep(self.run, weights, step=done, best=self._measured(found))

    def keep_something(self, weights: W, done: int) -> None:
        """A run that was stopped before its first evaluation still gets a model to try."""
        if self.run.read().best is None:
            self.task.keep(self.run, weights, step=done)

    def _measured(self, found: Evaluation) -> Best:
        chosen = self.task.evaluator.evaluation_set
        return Best(found.metric, found.value, chosen.part, chosen.pictures)
