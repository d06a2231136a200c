"""Trains a language model on a token set: the task that `fit` is given, and what comes of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from pixace.arrays import Images
from pixace.data.augmentation import augmentation_of
from pixace.data.batches import Batch, Batches
from pixace.data.frequencies import log_frequencies
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.evaluation.verdict import Point, Verdict
from pixace.models.language_model import LanguageModel, Weights
from pixace.runs import model_file
from pixace.runs.run_folder import Run
from pixace.runtime import precision
from pixace.storage import pytrees
from pixace.text.captions import Captioned
from pixace.training import optimizers, schedules
from pixace.training.fit import fit
from pixace.training.lm_evaluator import LmEvaluator
from pixace.training.lm_step import (
    Measures,
    State,
    first_shapes,
    first_state,
    make_step,
    warm_state,
)
from pixace.training.metrics_log import METRICS, read
from pixace.training.outcome import LmOutcome
from pixace.training.settings import TrainSettings
from pixace.training.token_features import features_of


def train(
    model: LanguageModel,
    data: TokenSet,
    run: Run,
    settings: TrainSettings,
    captions: Captioned | None = None,
    start: Weights | None = None,
) -> LmOutcome:
    """Trains until all steps are done or the user stops it; goes on from the last checkpoint.

    Args:
      model: what to train.
      data: token set; its `validation` part judges, or its `train` part where there is none.
      run: folder that gets everything.
      settings: how.
      captions: words in front of the pictures, for a model with a prefix.
      start: weights to begin with; None draws new ones.

    Raises:
      ConfigError: there are no pictures to train on, they cannot be changed as it is wanted, or all
        steps are done.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    dtype = run.read().compute_dtype if settings.dtype == "auto" else settings.dtype
    task = LmTask(model, data, captions, dtype, settings, start)
    fitted = fit(task, run, settings)
    verdict = verdict_of(read(run.path / METRICS))
    seconds = fitted.step * task.units / (fitted.per_second or math.inf)
    return LmOutcome(
        run=run,
        step=fitted.step,
        steps=settings.steps,
        stopped=fitted.step < settings.steps,
        loss=fitted.best,
        bits_per_pixel=None if fitted.best is None else task.evaluator.to_bits(fitted.best),
        held_out=fitted.held_out,
        tokens_per_second=fitted.per_second,
        verdict=str(verdict) if verdict else None,
        advice=verdict.advice(run.path, max(1, seconds / 60)) if verdict else None,
    )


class LmTask:
    """A language model, as `Task` wants it."""

    command, unit = "train", "tokens"

    def __init__(
        self,
        model: LanguageModel,
        data: TokenSet,
        captions: Captioned | None,
        dtype: str,
        settings: TrainSettings,
        start: Weights | None = None,
        optimizer: optax.GradientTransformation | None = None,
    ) -> None:
        """As `train`; `dtype` is `float32` or `bfloat16`, and an `optimizer` wins over settings.

        Raises:
          ConfigError: there are no pictures to train on.
        """
        if not len(data.split("train")):
            raise ConfigError(f"{data.path} has no pictures to train on")
        self.dtype = dtype
        self.units = settings.batch_size * data.tokenizer.length  # words cost nothing
        self.rate = schedules.by_name(
            settings.schedule,
            peak=settings.learning_rate,
            warmup_steps=settings.warmup_steps,
            steps=settings.steps,
        )
        self.evaluator = LmEvaluator(model, data, captions, dtype, settings)
        self._model, self._tokenizer, self._ema = model, data.tokenizer, settings.ema
        self._optimizer = optimizer or optimizers.by_name(
            settings.optimizer,
            weight_decay=settings.weight_decay,
            clip=settings.clip,
            beta2=settings.beta2,
        )
        self._start = start
        self._features = features_of(data.tokenizer, settings.features)
        self._step = make_step(
            model,
            self._optimizer,
            self.rate,
            dtype=precision.by_name(dtype),
            accumulate=settings.accumulate,
            ema=settings.ema,
            features=self._features,
        )
        prefixes = captions and captions.train
        self._train = data.split("train")
        self._batches = Batches(
            self._train,
            settings.batch_size,
            settings.seed,
            prefixes,
            settings.drop_caption,
            augmentation_of(
                data.tokenizer, mirror=settings.mirror, shift=settings.shift, hue=settings.hue
            ),
            settings.drop_words,
        )
        self._first_key, self._step_key = jax.random.split(jax.random.key(settings.seed))

    def first_state(self) -> State:
        """New weights, or those to begin with.

        Of new ones, a head that knows what tokens are begins with how frequent each is.
        """
        if self._start is not None:
            weights = jax.tree.map(jnp.asarray, self._start)
            return warm_state(weights, self._optimizer, ema=self._ema, features=self._features)
        features, ids = self._features, self._model.vocab_size
        return first_state(
            self._model,
            self._optimizer,
            self._first_key,
            ema=self._ema,
            features=features,
            bias=log_frequencies(self._train, ids) if features else None,
        )

    @property
    def about(self) -> str:
        """The model's size, and how many pictures there are."""
        weights = sum(math.prod(leaf.shape) for leaf in self._model.shapes.values())
        return f"{weights:,} weights learn {len(self._train):,} pictures"

    @property
    def shapes(self) -> State:
        """What the state looks like."""
        return first_shapes(
            self._model,
            self._optimizer,
            self._first_key,
            ema=self._ema,
            features=self._features,
        )

    def mended(self, flat: dict[str, Any], first: State) -> dict[str, Any]:
        """With the moving average that is wanted, or without."""
        return _with_average(flat, self._ema)

    def batch(self, step: int) -> Batch:
        """Rows of words and a picture, and what each token weighs."""
        return self._batches.batch(step)

    def pictures(self, batch: Batch) -> Images:
        """What stands behind the words."""
        return self._tokenizer.decode(batch.tokens[:, -self._tokenizer.length :])

    def step(self, state: State, batch: Batch) -> tuple[State, Measures]:
        """One optimiser step."""
        return self._step(state, batch, self._step_key)

    def derived(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The loss in bits per pixel."""
        return {"bits_per_pixel": self.evaluator.to_bits(numbers["loss"])}

    def shown(self, numbers: Mapping[str, float]) -> str:
        """The loss, and the speed if it is known."""
        speed = numbers.get("tokens_per_second")
        return f"{numbers['loss']:.3f} nats/token" + (f", {speed:,.0f} tokens/s" if speed else "")

    def weights(self, state: State) -> Weights:
        """The moving average, if there is one, as an ordinary model has them."""
        weights = state.average or state.weights
        return self._features.baked(weights, self._features.values) if self._features else weights

    def keep(self, run: Run, weights: Weights, **changes: Any) -> None:
        """With what the tokenizer has learned."""
        model_file.keep(run, weights, self._tokenizer.arrays, **changes)

    def kept(self, run: Run) -> tuple[Weights, int]:
        """The weights, on the device."""
        flat, described = model_file.read(run.path)
        return pytrees.unflatten(model_file.parted(flat)[0], self._model.shapes), described.step

    def verdict(self, lines: Sequence[Mapping[str, float]]) -> str | None:
        """Whether it still learns; None where nothing is held out to tell by."""
        found = verdict_of(lines)
        return None if found is None else str(found)

    def last_numbers(self, run: Run) -> dict[str, float]:
        """None: evaluations say it all."""
        return {}


def verdict_of(lines: Iterable[Mapping[str, float]]) -> Verdict | None:
    """What the lines of a log say of a training; None where nothing was held out."""
    names = ("step", "validation_loss", "validation_gap")
    numbers = [[line[name] for name in names] for line in lines if names[-1] in line]
    points = [Point(int(step), loss, loss - gap) for step, loss, gap in numbers]
    return Verdict.of(points) if points else None


def _with_average(flat: dict[str, Any], ema: float) -> dict[str, Any]:
    """The leaves of a checkpoint with the moving average that is wanted, or without.

    One that is turned on begins with the weights as they are.
    """
    own = {name: leaf for name, leaf in flat.items() if not name.startswith("average/")}
    if not ema or len(own) < len(flat):
        return flat if ema else own
    weights = {name: leaf for name, leaf in own.items() if name.startswith("weights/")}
    # Copies, as a step gives its whole state away and nothing can be given away twice.
    return own | {
        name.replace("weights", "average", 1): jnp.copy(each) for name, each in weights.items()
    }
