"""Whether a model learns: a few steps of its training, looked at closely, and thrown away.

Trainings here are those that are asked for, with fewer pictures at a time, without dropout, changes
of pictures, and a falling rate; one program serves them all.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pixace.data.batches import Batch
from pixace.data.token_set import TokenSet
from pixace.evaluation.finding import Finding, unfinished, worst
from pixace.evaluation.model_checks import start
from pixace.models.language_model import LanguageModel
from pixace.storage import pytrees
from pixace.text.captions import Captioned
from pixace.training import optimizers
from pixace.training.lm_step import State
from pixace.training.settings import TrainSettings
from pixace.training.train_lm import LmTask

TOKENS = 1024  # of a step, at most, or one picture
STEPS, LEAST = 30, 12  # of two trainings that are compared, and with how few that can be done
WARMUP = 10  # steps of them
LOWER = 0.1  # of the rate, for the one beside
WORSE, NO_BETTER = 1.2, 1.05  # times the mean loss of the lower rate: too high, and perhaps so
FEW = 4  # pictures that must be learned by heart
FITTED = 0.1  # of the loss of one who knows nothing; less is by heart
MOST = 600  # steps for that
RATES = {"muon": 0.01, "adamw": 0.003, "adam": 0.003, "adafactor": 0.01}  # at which it works
AT_ONCE = 10  # steps before anyone looks
SPREAD = 1e6  # between the largest and the smallest gradient of a layer
DAY = 24 * 3600  # seconds


class Watched(NamedTuple):
    """The state of `watched`: the norm of each weight's last gradient."""

    norms: Any


@dataclass(frozen=True)
class Trial:
    """A training that is tried out.

    Attributes:
      model: without dropout, as that hides what is learned.
      data: with training pictures.
      captions: the words in front of them; None for none.
      dtype: of the products.
      settings: as they are to be.
      steps: that will be taken; None where the clock is to decide.
    """

    model: LanguageModel
    data: TokenSet
    captions: Captioned | None
    dtype: str
    settings: TrainSettings
    steps: int | None

    def task(self, rate: float) -> LmTask:
        """The training at a constant rate, after some steps of warm-up."""
        own = self.settings
        still = replace(
            own,
            batch_size=max(1, min(own.batch_size, TOKENS // self.model.length)),
            accumulate=1,
            learning_rate=rate,
            schedule="constant",
            warmup_steps=min(own.warmup_steps, WARMUP),
            ema=0.0,
            mirror=False,
            shift=0,
            hue=0.0,
        )
        watching = watched(own.optimizer, own.weight_decay, own.clip, own.beta2)
        return LmTask(self.model, self.data, self.captions, self.dtype, still, optimizer=watching)


def checks(trial: Trial, until: float) -> Iterator[Finding]:
    """Begins a training and says how it goes.

    Args:
      trial: what is trained.
      until: of `time.perf_counter`; what is not done by then is said to be unfinished.
    """
    own = trial.settings.learning_rate
    high, low = trial.task(own), trial.task(LOWER * own)
    first = high.first_state()
    yield start(trial.model, high.weights(first), high.batch(0))
    pair = _compared(high, low, first, until - (until - time.perf_counter()) / 2)
    yield _rate(pair, own)
    yield _gradients(pair.norms)
    yield _speed(pair, trial)
    yield _by_heart(trial, until)


class Pair(NamedTuple):
    """Two trainings by the same batches, one at a lower rate.

    Attributes:
      high: the loss of each step, nats per token.
      low: the same of the other.
      norms: of the gradients of the last step of that one, by the name of the weight.
      tokens_per_second: without the first step, which compiles.
    """

    high: list[float]
    low: list[float]
    norms: Mapping[str, float]
    tokens_per_second: float


def _compared(high: LmTask, low: LmTask, first: State, until: float) -> Pair:
    """Both take their steps in turns, so that they have as many when time is over."""
    states = [first, low.first_state()]
    losses: list[list[float]] = [[], []]
    began, compiled = 0.0, 0
    while len(losses[0]) < STEPS and (compiled < 2 or time.perf_counter() < until):
        batch = high.batch(len(losses[0]))
        for turn, task in enumerate((high, low)):
            states[turn], measures = task.step(states[turn], batch)
            losses[turn].append(float(measures.loss))
        compiled += 1
        began = began or time.perf_counter()
    steps = 2 * (len(losses[0]) - 1)
    speed = steps * high.units / (time.perf_counter() - began)
    norms = pytrees.flatten(states[1].optimizer[0].norms)
    by_name = {name: float(norm) for name, norm in norms.items()}
    return Pair(losses[0], losses[1], by_name, speed)


def _rate(pair: Pair, rate: float) -> Finding:
    """Whether the learning rate is too high: then a tenth of it learns more in as many steps."""
    name, steps = "learning rate", len(pair.high)
    high, low = float(np.mean(pair.high)), float(np.mean(pair.low))
    facts = {"rate": rate, "steps": steps, "loss": high, "loss_at_a_tenth": low}
    wild = not np.isfinite(high)
    if steps < LEAST and not wild:
        return replace(unfinished(name), facts=facts)
    state = worst((wild or high > WORSE * low, "broken"), (high > NO_BETTER * low, "look"))
    return Finding(
        name,
        state,
        f"{rate:g}: {high:.3f} nats, the mean of {steps} steps; at a tenth of it {low:.3f}",
        "" if state == "ok" else f"it is too high; try --learning-rate {LOWER * rate:.2g}",
        facts,
    )


def _gradients(norms: Mapping[str, float]) -> Finding:
    """Whether each layer is told how to change."""
    layers: dict[str, float] = {}
    for name, norm in norms.items():
        layer = name.rpartition("/")[0].removesuffix("/norm")
        for role in ("/query", "/key", "/value", "/output", "/up", "/down"):
            layer = layer.removesuffix(role)
        layers[layer] = float(np.hypot(layers.get(layer, 0.0), norm))
    endless = [name for name, norm in layers.items() if not np.isfinite(norm)]
    nothing = [name for name, norm in layers.items() if norm == 0]
    least, most = min(layers, key=layers.__getitem__), max(layers, key=layers.__getitem__)
    apart = layers[most] > SPREAD * layers[least]
    advice = ""
    if endless:
        advice = f"not finite in {endless[0]}; a lower --learning-rate, or train.clip = 1"
    elif nothing:
        advice = f"{', '.join(nothing[:3])} cannot learn: nothing of it reaches the loss"
    elif apart:
        advice = f"{least} hardly learns; look at its initialisers"
    return Finding(
        "gradients",
        worst((bool(endless or nothing), "broken"), (apart, "look")),
        f"{len(layers)} layers, norms from {layers[least]:.2g} ({least}) to {layers[most]:.2g} "
        f"({most})",
        advice,
        {"norms": layers},
    )


def _speed(pair: Pair, trial: Trial) -> Finding:
    """How fast it goes, and how long the whole training will take."""
    pace, pictures = pair.tokens_per_second, trial.settings.batch_size
    facts, said, long = {"tokens_per_second": pace}, "", False
    if trial.steps:
        facts["seconds"] = trial.steps * pictures * trial.data.tokenizer.length / pace
        long = facts["seconds"] > DAY
        said = f"; {trial.steps:,} steps of {pictures} take at most {_duration(facts['seconds'])}"
    return Finding(
        "speed",
        "look" if long else "ok",
        f"{pace:,.0f} tokens a second{said}",
        "a model that suits this machine: --minutes 60, without --gin" * long,
        facts,
    )


def _by_heart(trial: Trial, until: float) -> Finding:
    """Whether a few pictures can be learned until nothing is left to learn."""
    task = trial.task(RATES[trial.settings.optimizer])
    batch = task.batch(0)
    few = min(FEW, len(batch.tokens))
    batch = Batch(*(np.resize(part[:few], part.shape) for part in batch))
    wanted = FITTED * float(np.log(trial.data.tokenizer.allowed.sum()))
    state, loss, steps = task.first_state(), np.inf, 0
    while steps < MOST and not loss < wanted and time.perf_counter() < until:
        for _ in range(AT_ONCE):
            state, measures = task.step(state, batch)
        loss, steps = float(measures.loss), steps + AT_ONCE
    facts = {"pictures": few, "steps": steps, "loss": loss, "wanted": wanted}
    if not loss < wanted and steps < MOST:
        return replace(unfinished("by heart"), facts=facts)
    learned = loss < wanted
    what = "1 picture" if few == 1 else f"{few} pictures"
    return Finding(
        "by heart",
        "ok" if learned else "broken",
        f"{what} after {steps} steps: {loss:.3f} nats, below {wanted:.3f} wanted",
        ""
        if learned
        else "a model that cannot learn a few pictures learns none; look at the loss, the "
        "gradients, and whether words and pictures come in the same order each time",
        facts,
    )


@lru_cache(maxsize=8)  # equal ones are the same, and so are the steps made of them
def watched(
    name: str, weight_decay: float, clip: float, beta2: float
) -> optax.GradientTransformation:
    """An optimiser as `optimizers.by_name` gives it, whose state begins with gradients' norms."""

    def init(weights: optax.Params) -> Watched:
        return Watched(jax.tree.map(lambda leaf: jnp.zeros(()), weights))

    def update(updates: Any, state: Watched, weights: Any = None) -> tuple[Any, Watched]:
        return updates, Watched(jax.tree.map(jnp.linalg.norm, jax.tree.map(jnp.ravel, updates)))

    rule = optimizers.by_name(name, weight_decay=weight_decay, clip=clip, beta2=beta2)
    return optax.chain(optax.GradientTransformation(init, update), rule)


def _duration(seconds: float) -> str:
    """As people say it."""
    for unit, size in (("days", DAY), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} seconds"
