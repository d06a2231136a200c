"""How good a language model's weights are: the loss, and what they draw."""

import math
from functools import cached_property, partial

import numpy as np

from pixace.data.token_set import TokenSet
from pixace.errors import NotFiniteError
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.evaluator import Evaluation, Shown
from pixace.evaluation.likelihood import batches, bits_per_pixel, validation_loss
from pixace.evaluation.novelty import Judge
from pixace.evaluation.yardsticks import Yardsticks, yardsticks
from pixace.images.collage import collage
from pixace.models.language_model import LanguageModel, Weights
from pixace.runtime import precision
from pixace.sampling.sampler import Sampler, SamplingSettings
from pixace.text.captions import Captioned
from pixace.text.prefixes import Prefixes
from pixace.training.settings import TrainSettings

MEASURED = 64  # pictures whose files are weighed
LEARNED = 128  # training pictures that are judged beside, and
HELD_OUT = 256  # held-out ones, and
AMONG = 20_000  # training pictures, that tell whether samples are copies: as many as take no time


class LmEvaluator:
    """Gives the nats per token of the pictures of an evaluation set, and a collage of samples.

    Where pictures are held out, training pictures are judged beside, and samples are searched for
    copies.
    """

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
        self._captions = captions
        self._loss = validation_loss(model, dtype=precision.by_name(dtype))
        self._batch_size = settings.batch_size
        self._samples, self._settings = settings.samples, SamplingSettings(seed=settings.seed)

    def __call__(self, weights: Weights) -> Evaluation:
        """Measures; see `Evaluator`."""
        nats = self._nats(weights, self.evaluation_set)
        bits = self.to_bits(nats)
        numbers = {"loss": nats, "bits_per_pixel": bits}
        beside = []
        if self._learned:
            learned = self._nats(weights, self._learned)
            numbers["gap"] = nats - learned
            beside.append(f"training pictures {self.to_bits(learned):.3f}")
        least, best = self.yardsticks.best
        most = self.yardsticks.frequencies
        if most > best:
            numbers["yardstick"] = (most - bits) / (most - best)
        beside += dict.fromkeys([f"{least} {best:.3f}", f"frequencies {most:.3f}"])
        return Evaluation(
            metric="nats_per_token",
            value=nats,
            numbers=numbers,
            line=f"{nats:.4f} nats/token, {bits:.3f} bits/pixel ({', '.join(beside)})",
            show=partial(self._drawn, weights) if self._samples else None,
        )

    @cached_property
    def yardsticks(self) -> Yardsticks:
        """What the simplest models and files need of some of the same pictures."""
        chosen = self.evaluation_set
        few = EvaluationSet(chosen.part, min(MEASURED, chosen.pictures))
        return yardsticks(self._data, few)

    @cached_property
    def _learned(self) -> EvaluationSet | None:
        """Training pictures to judge beside; None where these are judged anyway."""
        if self.evaluation_set.part == "train":
            return None
        most = min(LEARNED, self.evaluation_set.pictures, len(self._data.split("train")))
        return EvaluationSet("train", most)

    @cached_property
    def _judge(self) -> Judge:
        return Judge.of(self._data, HELD_OUT, AMONG)

    def _nats(self, weights: Weights, chosen: EvaluationSet) -> float:
        """Nats per token of some pictures."""
        prefixes = self._prefixes(chosen)
        rows = batches(self._model, self._data, chosen, self._batch_size, prefixes)
        nats = self._loss(weights, rows)
        if not math.isfinite(nats):
            raise NotFiniteError(f"{chosen.name} loss became {nats}")
        return nats

    def _prefixes(self, chosen: EvaluationSet) -> Prefixes | None:
        """The words in front of the pictures of a part."""
        return None if self._captions is None else getattr(self._captions, chosen.part)

    def to_bits(self, nats: float) -> float:
        """Nats per token as bits per pixel."""
        height, width = self._data.tokenizer.size
        return bits_per_pixel(nats, self._data.tokenizer.length, height * width)

    def _drawn(self, weights: Weights) -> Shown:
        known = self._prefixes(self.evaluation_set)
        prefixes = None if known is None else known.some(self._samples)
        each = -(-self._samples // (1 if prefixes is None else len(prefixes)))
        sampler = Sampler(self._model, weights, self._data.tokenizer, self._dtype)
        drawn = sampler.generate(each, self._settings, prefixes=prefixes)
        if not self._learned:
            return Shown(collage(list(drawn)))
        copies = self._judge.copies(self._judge.neighbours(drawn))
        count = int(copies.sum())
        remark = f"{count} of {len(drawn)} samples are copies" if count else ""
        picture = collage(list(drawn), framed=np.flatnonzero(copies).tolist())
        return Shown(picture, {"copied": count / len(drawn)}, remark)
