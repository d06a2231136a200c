"""Trainings by the clock: what a user has bound, and what follows from machine and pictures."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jax

from pixace.api.building import language_model
from pixace.config import gin_files, idle, parts
from pixace.config.bindings import Bindings
from pixace.config.shorthands import line
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.models.language_model import LanguageModel
from pixace.runtime import precision
from pixace.runtime.printable import tell
from pixace.text.captions import Captioned
from pixace.training import budget, calibration
from pixace.training.budget import Pictures, Shape
from pixace.training.settings import TrainSettings

FILE = "small"  # where nobody names a gin file, and no GPU waits for the original's shape
MINUTES = 30.0  # where nobody says how many
MACROS = ("D_MODEL", "D_FF", "LAYERS", "HEADS")
STEPS, EVERY, JUDGED = "train.steps", "train.evaluate_every", "train.evaluate_pictures"
DECAY = "train.weight_decay"
SHAPE = ("d_model", "d_ff", "n_layers", "n_heads")


@dataclass(frozen=True)
class Plan:
    """What a user has bound for a new run, and how long it may take.

    Attributes:
      gin: the file's name or path; None for settings that suit the machine.
      lines: gin lines, which win over all else.
      minutes: of training; None if nobody says.
    """

    gin: str | Path | None
    lines: Sequence[str]
    minutes: float | None

    @cached_property
    def bound(self) -> Bindings:
        """What is bound before anything is known of the pictures.

        Raises:
          ConfigError: a line is broken, or says how many steps there are, beside minutes.
        """
        refuse_steps(self.lines, self.minutes)
        return self._with({})

    def on_device(self) -> "Plan":
        """With the original's file, which is for a GPU, if there is one and nobody says otherwise.

        Only now is the device asked; whatever can be wrong with words is known before.
        """
        if self.gin is not None or self.minutes is not None or _is_cpu():
            return self
        return replace(self, gin=parts.kind(self.bound.values))

    def fitted(self, data: TokenSet, captions: Captioned | None) -> Bindings:
        """What is bound for these pictures; if anything is decided here, one line says what.

        Raises:
          ConfigError: there are no pictures to train on, or a model cannot be built for them.
        """
        if self.gin is None:
            return self._sized(data, captions)
        if self.minutes is None:
            return self.bound
        model, how = _made(self.bound, data, captions)
        dtype = precision.chosen(how.dtype)
        more = steps_within(self.minutes, model, data, captions, dtype, how)
        return self._with({STEPS: more})

    def usual(self, data: TokenSet, captions: Captioned | None) -> Bindings:
        """What `fitted` would begin with: what suits such a machine, before the clock is asked."""
        if self.gin is not None:
            return self.bound
        seconds = 60 * (self.minutes or MINUTES)
        return self._with(self._choice(_usual_speed(), seconds, _pictures(data, captions)))

    def _sized(self, data: TokenSet, captions: Captioned | None) -> Bindings:
        """With a model and a batch that suit the machine, and as many steps as there is time for.

        What is chosen by the usual speed of such a machine is measured; if it is another machine,
        so is what is chosen then.
        """
        began, seconds = time.perf_counter(), 60 * (self.minutes or MINUTES)
        pictures = _pictures(data, captions)
        chosen = self._choice(_usual_speed(), seconds, pictures)
        if STEPS in self._said:
            bound = self._with(chosen | budget.paced(self.bound.values[STEPS]))
            tell(f"{_words(bound)}; {self._others}")
            return bound
        for last in (False, True):
            bound = self._with(chosen)
            model, how = _made(bound, data, captions)
            dtype = precision.chosen(how.dtype)
            found = calibration.measured(model, data, captions, dtype, how, seconds)
            work = _shape(bound).work(pictures) * how.batch_size * pictures.tokens
            better = self._choice(work / found.step, seconds, pictures)
            if last or self._with(better) == bound:
                break
            chosen = better
        judged = how.evaluate_pictures if JUDGED in self._said else found.judged(seconds)
        held = EvaluationSet.of(data, judged).pictures
        every = how.evaluate_every if EVERY in self._said else None
        most = budget.most_steps(how.batch_size, pictures)
        spent = time.perf_counter() - began
        steps, every = found.steps(seconds - spent, held, every=every, most=most)
        bound = self._with(chosen | budget.paced(steps, every) | {JUDGED: judged})
        whole = spent + found.total(steps, held, every)
        more = f"for more: --minutes {_number(2 * max(seconds, whole) / 60)}"
        if steps == most:
            seen = f"each of {pictures.count:,} pictures is seen {budget.PASSES} times by then"
            more = f"{seen}; for more: --steps {2 * steps}"
        others = "" if self.minutes else f"; {self._others}"
        tell(f"{_words(bound)}: about {_number(whole / 60)} minutes; {more}{others}")
        return bound

    def _choice(self, speed: float, seconds: float, pictures: Pictures) -> dict[str, Any]:
        """A shape, unless the user has said a word of it, and a batch, by the names to bind."""
        record = parts.model(self.bound.values)
        own = {*MACROS, *(f"{record.kind}.{name}" for name in SHAPE)} & self._said.keys()
        shapes = [_shape(self.bound)] if own else budget.SHAPES
        settings = budget.choice(speed, seconds, pictures, shapes).settings
        takers = idle.OF_OPTIMIZERS[DECAY]
        if self._said.get("train.optimizer", takers[0]) not in takers:
            settings.pop(DECAY, None)
        return settings

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        """What the user's lines bind."""
        return gin_files.read("", self.lines, place="").written

    def _with(self, settings: Mapping[str, Any]) -> Bindings:
        """What is bound with some settings in place of the file's, but not of the user's lines."""
        own = [line(name, value) for name, value in settings.items()]
        return gin_files.load(self.gin or FILE, [*own, *self.lines])

    @property
    def _others(self) -> str:
        """How to ask for other settings."""
        return f"the original's shape, for a GPU: --gin {parts.kind(self.bound.values)}"


def refuse_steps(lines: Sequence[str], minutes: float | None) -> None:
    """Refuses gin lines that say how many steps there are, beside minutes.

    Raises:
      ConfigError: they do, or one is broken.
    """
    if minutes is not None and STEPS in gin_files.read("", lines, place="").written:
        raise ConfigError(f"--minutes decides the steps; leave out --steps ({STEPS}), or --minutes")


def steps_within(
    minutes: float,
    model: LanguageModel,
    data: TokenSet,
    captions: Captioned | None,
    dtype: str,
    settings: TrainSettings,
) -> int:
    """How many steps of a training there is time for, with all else as it is; says so in a line."""
    began, seconds = time.perf_counter(), 60 * minutes
    found = calibration.measured(model, data, captions, dtype, settings, seconds)
    held = EvaluationSet.of(data, settings.evaluate_pictures).pictures
    spent = time.perf_counter() - began
    steps, every = found.steps(seconds - spent, held, every=settings.evaluate_every)
    whole = spent + found.total(steps, held, every)
    tell(f"{steps:,} steps: about {_number(whole / 60)} minutes")
    return steps


def _made(
    bound: Bindings, data: TokenSet, captions: Captioned | None
) -> tuple[LanguageModel, TrainSettings]:
    vocabulary = captions and captions.vocabulary
    model = language_model(parts.model(bound.values), data.tokenizer, vocabulary)
    return model, parts.train(bound.values)


def _pictures(data: TokenSet, captions: Captioned | None) -> Pictures:
    words = captions.vocabulary.length if captions else 0
    tokenizer, count = data.tokenizer, len(data.split("train"))
    return Pictures(max(1, count), tokenizer.length + words, tokenizer.vocab_size)


def _shape(bound: Bindings) -> Shape:
    it = parts.model(bound.values).settings
    return Shape(it["d_model"], it["n_layers"], it["n_heads"])


def _is_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _usual_speed() -> float:
    return budget.CPU if _is_cpu() else budget.OTHER


def _words(bound: Bindings) -> str:
    """What is trained, and how."""
    kind, shape, how = parts.kind(bound.values), _shape(bound), parts.train(bound.values)
    return (
        f"{kind} of {shape.d_model} features and {shape.n_layers} layers, {how.steps:,} steps of "
        f"{how.batch_size} pictures"
    )


def _number(minutes: float) -> str:
    """As people say it: 0.4, 5, 30."""
    return f"{minutes:.0f}" if minutes >= 10 else f"{round(minutes, 1):g}"
