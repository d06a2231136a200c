"""The judge of a training: how good the weights are, by the loss and by what they draw."""

import sys
from functools import partial
from typing import Any

from tqdm import tqdm

from pixace import modelfile
from pixace.batches import in_order
from pixace.captions import Captioned
from pixace.collage import collage, save_png
from pixace.metrics import MetricsLog, bits_per_pixel
from pixace.models.lm import LanguageModel, Weights
from pixace.runs import MODEL, Run
from pixace.sampling import Sampler, Settings
from pixace.step import validation_loss
from pixace.tokenset import TokenSet


class Judge:
    """Evaluates: the loss, a picture of samples, and the model file when it is the best so far."""

    def __init__(
        self,
        model: LanguageModel,
        data: TokenSet,
        run: Run,
        captions: Captioned | None,
        dtype: Any,
        batch_size: int,
        pictures: int,
        samples: int,
        seed: int,
    ) -> None:
        """Takes the run and what it is trained on; `pictures` and `samples` as in `train`."""
        height, width = data.tokenizer.size
        self.length = data.tokenizer.length  # without words, which cost nothing
        self.to_bits = partial(bits_per_pixel, length=self.length, pixels=height * width)
        self._model, self._tokenizer, self._run = model, data.tokenizer, run
        part = "validation" if len(data.split("validation")) else "train"
        self._split = data.split(part)
        self._words = None if captions is None else getattr(captions, part)
        self._loss = validation_loss(model, dtype=dtype)
        self._batch_size, self._pictures = batch_size, pictures
        self._samples, self._settings = samples, Settings(seed=seed)

    def __call__(self, done: int, weights: Weights, log: MetricsLog, bar: tqdm) -> float:
        """Looks at the weights after `done` steps; gives the nats per token."""
        batches = in_order(self._split, self._batch_size, self._pictures, self._words)
        loss = self._loss(weights, batches)
        bits = self.to_bits(loss)
        log.write(done, validation_loss=loss, validation_bits_per_pixel=bits)
        best = self._run.description.best_loss
        if best is None or loss < best:
            self._save(weights, step=done, best_loss=loss)
        if self._samples:
            prefixes = None if self._words is None else self._words.some(self._samples)
            each = -(-self._samples // (1 if prefixes is None else len(prefixes)))
            drawn = Sampler(self._model, weights, self._tokenizer).generate(
                each, self._settings, prefixes=prefixes
            )
            picture = collage(list(drawn))
            save_png(self._run.path / "samples" / f"{done:06d}.png", picture, {"step": done})
            log.picture(done, "samples", picture)
        bar.write(
            f"step {done:,}: validation {loss:.4f} nats/token, {bits:.3f} bits/pixel",
            file=sys.stderr,
        )
        return loss

    def keep_something(self, weights: Weights) -> None:
        """A run that was stopped before its first evaluation still gets a model to try."""
        if not (self._run.path / MODEL).exists():
            self._save(weights)

    def _save(self, weights: Weights, **changes: Any) -> None:
        described = self._run.describe(**changes)
        modelfile.save(self._run.path / MODEL, weights, described, self._tokenizer.arrays)
