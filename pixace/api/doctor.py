"""Whether machine, pictures, model and training are well: what `pixace doctor` says."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pixace import models, ranges
from pixace.api import collage_files, machine_checks, patient, places, planning
from pixace.api.door import door, explained
from pixace.api.patient import Patient
from pixace.api.trained import Trained
from pixace.config.shorthands import lines
from pixace.errors import ConfigError, ImageError, SourceError
from pixace.evaluation import label_checks, model_checks, picture_checks
from pixace.evaluation.contact_sheet import contact_sheet
from pixace.evaluation.finding import Finding, unfinished
from pixace.images.png import save_png
from pixace.ranges import Count, Rate
from pixace.runs import run_folder
from pixace.runtime import precision
from pixace.runtime.progress import progress_bar
from pixace.sources import Data
from pixace.training import training_checks

SHOWN = 24  # pictures of a sheet
MODEL = 0.5  # of the time, after which the model is looked at no longer, so that it can be trained
PARTS = ("machine", "pictures", "model", "training")

Found = Iterator[Finding | None]


@dataclass(frozen=True)
class Examination:
    """What `doctor` has found.

    Attributes:
      findings: of all checks, in order.
      seconds: how long they took.
    """

    findings: tuple[Finding, ...]
    seconds: float

    @property
    def is_broken(self) -> bool:
        """Whether something must be mended."""
        return any(each.state == "broken" for each in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "broken": self.is_broken,
            "findings": [each.as_dict() for each in self.findings],
            "seconds": self.seconds,
        }


@door("train")
def doctor(
    data: Data | None = None,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    model: str | None = None,
    gin: str | Path | None = None,
    bindings: Sequence[str] = (),
    minutes: Rate | None = None,
    learning_rate: float | None = None,
    size: str | int | None = None,
    colors: str | None = None,
    order: str | None = None,
    fit: str | None = None,
    background: str | None = None,
    limit: Count | None = None,
    alpha: str | None = None,
    tiles: str | int | None = None,
    labels: bool = False,
    captions: bool = False,
    sheet: str | Path | None = None,
    seconds: Count = 150,
    progress: bool = False,
) -> Examination:
    """Looks at machine, pictures, model and training, before hours are spent on them.

    Args:
      data: pictures, as `tokenize` takes them, or a token set; None means those of the run, or the
        built-in digits.
      run: a trained model to look at: name, folder or `.safetensors` file, or what `load` gave;
        None looks at the training that `train` would begin.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      model: `transformer`, `reformer` or `modern`; None takes the gin file's.
      gin: gin file; None means what suits machine and pictures.
      bindings: gin lines such as `pictures.fit = 'pad'`.
      minutes: how long the training is to take.
      learning_rate: short for `train.learning_rate`.
      size: as in `train`, like the next seven.
      colors: colour scheme.
      order: path through the pixels.
      fit: what is done where proportions differ.
      background: colour behind transparency and padding.
      limit: look at so many pictures; None means 10,000 of more.
      alpha: `blend` or `threshold`, for half-transparent pixels.
      tiles: cut sprite sheets and strips into pictures of this size.
      labels: take sub-folders as labels.
      captions: put each picture's caption in front of it, or its label.
      sheet: a PNG of some pictures, each beside what the model sees of it.
      seconds: after which nothing more is begun.
      progress: a live bar on stderr.

    Returns:
      What each check has found.

    Raises:
      ConfigError: a setting is unknown or contradictory, or one is given beside a run.
      PixaceError: the sheet cannot be written, or there is no such run.
    """
    began, seconds = time.perf_counter(), ranges.one(doctor, "seconds", seconds)
    limit, minutes = ranges.one(doctor, "limit", limit), ranges.one(doctor, "minutes", minutes)
    place = places.checked(sheet).out if sheet else None
    pictures = lines(
        "pictures",
        size=tiles if size is None else size,
        colors=colors,
        order=order,
        fit=fit,
        background=background,
        limit=limit,
        alpha=alpha,
        tiles=tiles,
    )
    of_pictures = [*bindings, *pictures]
    asked = [
        *lines("model", kind=model),
        *lines("train", learning_rate=learning_rate),
        *lines("captions", use=captions or None),
        *of_pictures,
    ]
    if model is not None:
        models.by_kind(model)  # or the message would be about a gin file
    if run is None:
        plan = planning.Plan("digits" if gin is None and data is None else gin, asked, minutes)
        found = partial(patient.of_plan, plan, data, of_pictures, labels=labels)
    elif asked or gin is not None or minutes is not None:
        raise ConfigError("a run has settings of its own; leave out all others, or the run")
    else:
        trained = collage_files.model_of(run, root)
        found = partial(patient.of_run, trained, data, labels=labels)
    findings = list[Finding]()
    with progress_bar("examining", len(PARTS), "part", progress=progress) as bar:
        until = began + seconds
        for part in _parts(found, run_folder.home(root), began, until, place):
            findings += part
            bar.update()
    return Examination(tuple(findings), time.perf_counter() - began)


def _parts(
    found: Callable[[], Patient], home: Path, began: float, until: float, sheet: Path | None
) -> Iterator[list[Finding]]:
    """What is found of each of `PARTS`, one after the other."""
    yield [*machine_checks.checks(home)]
    try:
        it = found()
    except (SourceError, ImageError) as why:
        yield [Finding("pictures", "broken", str(why), "name pictures that can be read")]
        return
    yield [*_guarded("pictures", _of_pictures(it, sheet), until)]
    middle = began + MODEL * (until - began)
    yield [*_guarded("model", _of_model(it, middle), until)]
    yield [*_guarded("training", _of_training(it, until), until)]


def _guarded(name: str, checks: Found, until: float) -> Iterator[Finding]:
    """What checks find, as long as there is time; one that fails is broken, and ends them."""
    late = time.perf_counter() > until
    try:
        while not late:
            if finding := next(checks):
                yield finding
            late = time.perf_counter() > until
    except StopIteration:
        return
    except Exception as why:
        if not (said := explained(why, "train")):
            raise
        yield Finding(name, "broken", str(said), "see docs/doctor.md")
        return
    yield unfinished(name)


def _of_pictures(it: Patient, sheet: Path | None) -> Found:
    tokens, source = it.tokens, it.source
    if not tokens:
        yield Finding(
            "pictures",
            "look",
            "the run's pictures are not at hand, so its model alone is looked at",
            "name some: pixace doctor PICTURES --run RUN",
        )
        return
    header = tokens.header
    yield picture_checks.pictures(tokens)
    yield picture_checks.unread(header)
    if source:
        yield picture_checks.sizes(source, tokens.tokenizer.size, header.fit)
    yield picture_checks.duplicates(header)
    if len(tokens.split("train")):
        yield picture_checks.parts(tokens)
        yield picture_checks.colours(tokens)
        yield label_checks.names(tokens)
        yield label_checks.meaning(tokens)
    if sheet:
        yield _sheet(it, sheet)


def _of_model(it: Patient, until: float) -> Found:
    if not it.trained and not it.tokens:
        return
    model, weights, allowed = it.model
    yield model_checks.leak(model, weights, allowed, hashed=it.hashed)
    yield model_checks.cache(model, weights, allowed, until, hashed=it.hashed)
    if it.trained and it.tokens:
        dtype = precision.by_name(it.trained.dtype)
        yield model_checks.learned(model, weights, it.tokens, dtype)


def _of_training(it: Patient, until: float) -> Found:
    if trial := it.trial:
        yield from training_checks.checks(trial, until)


def _sheet(it: Patient, place: Path) -> Finding:
    """Shows some pictures, each beside what the model sees of it."""
    originals, seen = it.examples(SHOWN)
    height, width = seen.shape[1:3]
    title = f"{len(seen)} pictures, and how the model sees them, at {width}x{height} pixels"
    save_png(place, contact_sheet(originals, seen, title))
    return Finding("sheet", "ok", f"{place}: {len(seen)} of them", facts={"sheet": str(place)})
