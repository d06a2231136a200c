"""The judge of a training: how good the weights are, by the loss and by what they draw."""

import math
import sys
from functools import partial
from typing import Any

from tqdm import tqdm

from pixace.data.batches import in_order
from pixace.data.token_set import TokenSet
from pixace.errors import NotFiniteError
from pixace.evaluation.judged import Judged
from pixace.images.collage import collage
from pixace.images.png import save_png
from pixace.models.language_model import LanguageModel, Weights
from pixace.runs import model_file
from pixace.runs.run_folder import Run
from pixace.runtime import precision
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.storage import pytrees
from pixace.text.captions import Captioned
from pixace.training.lm_step import validation_loss
from pixace.training.metrics_log import MetricsLog, bits_per_pixel
from pixace.training.settings import TrainSettings


class Judge:
    """Evaluates: the loss, a picture of samples, and the model file when it is the best so far."""

    def __init__(
        self,
        model: LanguageModel,
        data: TokenSet,
        run: Run,
        captions: Captioned | None,
        dtype: str,
        settings: TrainSettings,
    ) -> None:
        """Takes the run, what it is trained on, and how."""
        height, width = data.tokenizer.size
        self.judged = Judged.of(data, settings.evaluate_pictures)
        self.length = data.tokenizer.length  # without words, which cost nothing
        self.to_bits = partial(bits_per_pixel, length=self.length, pixels=height * width)
        self._model, self._tokenizer, self._run, self._dtype = model, data.tokenizer, run, dtype
        self._split = data.split(self.judged.part)
        self._words = None if captions is None else getattr(captions, self.judged.part)
        self._loss = validation_loss(model, dtype=precision.by_name(dtype))
        self._batch_size = settings.batch_size
        self._samples, self._settings = settings.samples, SamplingSettings(seed=settings.seed)

    def __call__(self, done: int, weights: Weights, log: MetricsLog, bar: tqdm) -> float:
        """Looks at the weights after `done` steps; gives the nats per token.

        Raises:
          NotFiniteError: the loss or the weights are not finite; nothing is kept of them.
        """
        loss, name = self._measured(weights, done), self.judged.name
        bits = self.to_bits(loss)
        log.write(done, **{f"{name}_loss": loss, f"{name}_bits_per_pixel": bits})
        best = self._run.description.best_loss
        if best is None or loss < best:
            self._keep(weights, step=done, best_loss=loss)
        if self._samples:
            prefixes = None if self._words is None else self._words.some(self._samples)
            each = -(-self._samples // (1 if prefixes is None else len(prefixes)))
            drawn = Sampler(self._model, weights, self._tokenizer, self._dtype).generate(
                each, self._settings, prefixes=prefixes
            )
            picture = collage(list(drawn))
            save_png(self._run.path / "samples" / f"{done:06d}.png", picture, {"step": done})
            log.picture(done, "samples", picture)
        bar.write(
            f"step {done:,}: {name} {loss:.4f} nats/token, {bits:.3f} bits/pixel",
            file=sys.stderr,
        )
        return loss

    def compare_alike(self) -> None:
        """Judges the best model so far anew, if that was done on other pictures."""
        before = self._run.description
        if before.best_loss is None or before.judged == self.judged.as_dict():
            return
        flat, described = model_file.read(self._run.path)
        weights = pytrees.unflatten(model_file.parted(flat)[0], self._model.shapes)
        loss = self._measured(weights, described.step)
        self._keep(weights, step=described.step, best_loss=loss)

    def keep_something(self, weights: Weights, done: int) -> None:
        """A run that was stopped before its first evaluation still gets a model to try."""
        if self._run.description.best_loss is None:
            self._keep(weights, step=done)

    def _measured(self, weights: Weights, done: int) -> float:
        """Nats per token over the pictures that are judged."""
        batches = in_order(self._split, self._batch_size, self.judged.pictures, self._words)
        loss = self._loss(weights, batches)
        if not math.isfinite(loss):
            raise NotFiniteError(f"{self.judged.name} loss became {loss} by step {done:,}")
        return loss

    def _keep(self, weights: Weights, **changes: Any) -> None:
        model_file.keep(
            self._run, weights, self._tokenizer.arrays, judged=self.judged.as_dict(), **changes
        )
