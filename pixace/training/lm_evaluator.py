"""How good a language model's weights are: the loss, and what they draw."""

import math
from functools import partial

from pixace.data.token_set import TokenSet
from pixace.errors import NotFiniteError
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.evaluator import Evaluation, Picture
from pixace.evaluation.likelihood import batches, bits_per_pixel, validation_loss
from pixace.images.collage import collage
from pixace.models.language_model import LanguageModel, Weights
from pixace.runtime import precision
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.text.captions import Captioned
from pixace.training.settings import TrainSettings


class LmEvaluator:
    """Gives the nats per token of the pictures of an evaluation set, and a collage of samples."""

    shows = "samples"

    def __init__(
        self,
        model: LanguageModel,
        data: TokenSet,
        captions: Captioned | None,
        dtype: str,
        settings: TrainSettings,
    ) -> None:
        """Takes the model, what it is trained on, the type of its products, and how."""
        self.evaluation_set = EvaluationSet.of(data, settings.evaluate_pictures)
        self._model, self._data, self._dtype = model, data, dtype
        part = self.evaluation_set.part
        self._prefixes = None if captions is None else getattr(captions, part)
        self._loss = validation_loss(model, dtype=precision.by_name(dtype))
        self._batch_size = settings.batch_size
        self._samples, self._settings = settings.samples, SamplingSettings(seed=settings.seed)

    def __call__(self, weights: Weights) -> Evaluation:
        """Measures; see `Evaluator`."""
        chosen = self.evaluation_set
        rows = batches(self._model, self._data, chosen, self._batch_size, self._prefixes)
        nats = self._loss(weights, rows)
        if not math.isfinite(nats):
            raise NotFiniteError(f"{chosen.name} loss became {nats}")
        bits = self.to_bits(nats)
        return Evaluation(
            metric="nats_per_token",
            value=nats,
            numbers={"loss": nats, "bits_per_pixel": bits},
            line=f"{nats:.4f} nats/token, {bits:.3f} bits/pixel",
            picture=partial(self._drawn, weights) if self._samples else None,
        )

    def to_bits(self, nats: float) -> float:
        """Nats per token as bits per pixel."""
        height, width = self._data.tokenizer.size
        return bits_per_pixel(nats, self._data.tokenizer.length, height * width)

    def _drawn(self, weights: Weights) -> Picture:
        prefixes = None if self._prefixes is None else self._prefixes.some(self._samples)
        each = -(-self._samples // (1 if prefixes is None else len(prefixes)))
        sampler = Sampler(self._model, weights, self._data.tokenizer, self._dtype)
        return collage(list(sampler.generate(each, self._settings, prefixes=prefixes)))
