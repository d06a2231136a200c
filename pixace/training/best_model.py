"""The best weights of a run so far: the one place that decides which they are."""

from dataclasses import dataclass
from typing import Any, Generic

from pixace.errors import NotFiniteError
from pixace.evaluation.evaluator import Evaluation
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
        best = self.run.description.best_loss
        is_best = best is None or _loss(found) < best
        if is_best:
            self.task.keep(self.run, weights, step=done, **self._said_of(found))
        return is_best

    def compare_alike(self) -> None:
        """Evaluates the best weights so far anew, if that was done on other pictures."""
        before = self.run.description
        if before.best_loss is None or before.judged == self._judged:
            return
        weights, done = self.task.kept(self.run)
        found = self.evaluated(weights, done)
        self.task.keep(self.run, weights, step=done, **self._said_of(found))

    def keep_something(self, weights: W, done: int) -> None:
        """A run that was stopped before its first evaluation still gets a model to try."""
        if self.run.description.best_loss is None:
            self.task.keep(self.run, weights, step=done, judged=self._judged)

    @property
    def _judged(self) -> dict[str, Any]:
        return self.task.evaluator.evaluation_set.as_dict()

    def _said_of(self, found: Evaluation) -> dict[str, Any]:
        return {"best_loss": _loss(found), "judged": self._judged}


def _loss(found: Evaluation) -> float:
    return found.numbers.get("squared_error", found.value)
