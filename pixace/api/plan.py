"""What a training would need, before it begins: what `pixace plan` says."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax

from pixace import models, ranges
from pixace.api.asked import asked_for
from pixace.api.building import language_model
from pixace.api.door import door
from pixace.api.planning import Plan
from pixace.config import parts
from pixace.config.shorthands import line, lines, training
from pixace.errors import ConfigError
from pixace.models.language_model import LanguageModel
from pixace.ranges import Count, several
from pixace.runtime import memory_sizes, precision
from pixace.runtime.progress import progress_bar
from pixace.sources import Data
from pixace.training.footprint import Footprint, footprint, of_process

WHILE_DRAWING = 5  # times the caches: they grow, and old and new ones are there; measured, roughly
# Settings of a kind that cost time or sight to save memory.
SAVING: dict[str, tuple[str, Any]] = {"transformer": ("remat", True), "modern": ("window", 8)}


@dataclass(frozen=True)
class Candidate:
    """A model that could be trained.

    Attributes:
      name: its kind, and what else is bound for it.
      bindings: the gin lines that ask for it.
      weights: how many.
      memory: bytes at the peak of training with the batch that is wanted, its collage included.
      largest_batch: that fits; 0 if none does.
      tokens_per_second: of training, measured.
      hours: that the steps take.
      drawing: bytes that the pictures of a collage take while they are drawn.
      fits: whether the batch that is wanted does.
    """

    name: str
    bindings: tuple[str, ...]
    weights: int
    memory: int
    largest_batch: int
    tokens_per_second: float
    hours: float
    drawing: int
    fits: bool


@dataclass(frozen=True)
class Planned:
    """What trainings would need.

    Attributes:
      pictures: to train on.
      tokens: of a picture.
      memory: bytes that there are for training.
      steps: that are wanted.
      batch_size: pictures in each.
      dtype: of the products.
      candidates: models, each measured.
      best: the name of the one whose steps are done first, of those that fit; None if none does.
    """

    pictures: int
    tokens: int
    memory: int
    steps: int
    batch_size: int
    dtype: str
    candidates: tuple[Candidate, ...]
    best: str | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


@door("train")
def plan(
    data: Data | None = None,
    *,
    memory: str | None = None,
    model: str | None = None,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
    steps: int | None = None,
    batch_size: int | None = None,
    size: str | int | None = None,
    colors: str | None = None,
    order: str | None = None,
    fit: str | None = None,
    background: str | None = None,
    limit: int | None = None,
    alpha: str | None = None,
    labels: bool = False,
    captions: bool = False,
    template: str | Sequence[str] = (),
    samples: Count = 64,
    progress: bool = False,
) -> Planned:
    """Compiles the training step of several models, runs it a few times, and says what it needs.

    Nothing is trained, and no run is made.

    Args:
      data: as in `train`, as are all that are not named here.
      memory: what there is for training, such as `10GB`; of a GPU, all that it has. None
        means what is free here.
      model: this kind alone; None means all.
      gin: gin file; None takes `small`, or for no data that of the digits.
      bindings: gin lines, which win over all else.
      steps: short for the binding `train.steps`.
      batch_size: short for `train.batch_size`.
      size: short for `pictures.size`, as the next six are.
      colors: colour scheme.
      order: path along which the pixels become a sequence.
      fit: where proportions differ.
      background: colour behind transparency and padding.
      limit: take at most so many pictures.
      alpha: `blend` or `threshold`.
      labels: take sub-folders as labels.
      captions: put each picture's caption in front of it.
      template: sentences for captions.
      samples: pictures of a collage.
      progress: a live bar on stderr.

    Raises:
      PixaceError: something is unknown or missing, or no amount of memory.
    """
    samples = ranges.one(plan, "samples", samples)
    there = memory_sizes.parse(memory) if memory else memory_sizes.available()
    if model is not None:
        models.by_kind(model)
    pictures = lines(
        "pictures",
        size=size,
        colors=colors,
        order=order,
        fit=fit,
        background=background,
        limit=limit,
        alpha=alpha,
    )
    words = lines("captions", use=captions or None, templates=several(template) or None)
    own = training("train", steps=steps, batch_size=batch_size, track=())
    file = gin or ("digits" if data is None else "small")
    said = [*bindings, *own, *pictures, *words]
    asked = asked_for(
        Plan(file, said, None), data, [*bindings, *pictures], labels=labels, progress=progress
    )
    tokens, learned = asked.tokens, asked.captions
    if not len(tokens.split("train")):
        raise ConfigError(f"{tokens.path} has no pictures to train on")
    how = parts.train(asked.plan.bound.values)
    dtype = precision.chosen(how.dtype)
    usable = memory_sizes.usable(there) - of_process()
    found: list[Candidate] = []
    chosen = [*_choices([model] if model else list(models.KINDS))]
    with progress_bar("measuring", len(chosen), "model") as bar:
        for name, more in chosen:
            record = parts.model(Plan(file, [*said, *more], None).bound.values)
            try:
                built = language_model(record, tokens.tokenizer, learned and learned.vocabulary)
            except ConfigError:  # a window, say, where pixels are not in rows
                if len(more) == 1:
                    raise
                continue
            needs = footprint(built, tokens, learned, dtype, how)
            found.append(_candidate(name, more, built, needs, how.steps, usable, samples))
            bar.update()
    fitting = [each for each in found if each.fits]
    best = min(fitting, key=lambda each: each.hours, default=None)
    return Planned(
        pictures=len(tokens.split("train")),
        tokens=tokens.tokenizer.length,
        memory=there,
        steps=how.steps,
        batch_size=how.batch_size,
        dtype=dtype,
        candidates=tuple(found),
        best=best.name if best else None,
    )


def _choices(kinds: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Names and gin lines: each kind as it is, and as it saves memory."""
    for kind in kinds:
        own = f"model.kind = {kind!r}"
        yield kind, [own]
        if kind in SAVING:
            setting, value = SAVING[kind]
            words = setting if value is True else f"{setting} {value}"
            yield f"{kind}, {words}", [own, line(f"{kind}.{setting}", value)]


def _candidate(
    name: str,
    bindings: list[str],
    model: LanguageModel,
    needs: Footprint,
    steps: int,
    usable: int,
    samples: int,
) -> Candidate:
    row = model.length - model.prefix
    tokens = steps * needs.batch_size * row
    caches = _bytes(jax.eval_shape(lambda: model.start(samples)))
    drawing = of_process() + _bytes(model.shapes) + WHILE_DRAWING * caches
    taken = max(of_process() + needs.step(needs.batch_size), drawing)
    return Candidate(
        name=name,
        bindings=tuple(bindings),
        weights=sum(math.prod(leaf.shape) for leaf in model.shapes.values()),
        memory=taken,
        largest_batch=needs.largest(usable),
        tokens_per_second=needs.tokens_per_second,
        hours=tokens / needs.tokens_per_second / 3600,
        drawing=drawing,
        fits=taken - of_process() <= usable,
    )


def _bytes(tree: Any) -> int:
    """Of arrays, or of their shapes and types."""
    leaves = jax.tree.leaves(tree)
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves)
