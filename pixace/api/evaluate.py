"""How good a model is, in numbers that can be compared: what `pixace evaluate` says."""

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from pixace import ranges
from pixace.api import collage_files, places
from pixace.api.door import door
from pixace.api.evaluated import Distortion, Evaluated
from pixace.api.model_pictures import preprocessing, tokens_for
from pixace.api.trained import Trained
from pixace.arrays import Images, Tokens
from pixace.colors import oklab
from pixace.colors.volumes import channels, volumes
from pixace.config import parts
from pixace.data import token_set, tokenization
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError, ImageError, SourceError
from pixace.evaluation import surprise
from pixace.evaluation.distortion import psnr
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.fidelity import LEAST, Compared
from pixace.evaluation.likelihood import costs
from pixace.evaluation.measure import Measure
from pixace.evaluation.novelty import Judge, Novelty
from pixace.evaluation.yardsticks import yardsticks
from pixace.images.png import save_png
from pixace.ranges import Count, Seed
from pixace.runtime import precision
from pixace.sources import Data, open_source
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import Tokenizer
from pixace.tokenizers.pixel import PixelTokenizer

MAPS = 64  # pictures
ORIGINALS = 256  # pictures, on which the tokenizer's own loss is measured


@door("generate")
def evaluate(
    data: Data | None = None,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    part: str | None = None,
    pictures: Count | None = None,
    labels: bool = False,
    novelty: bool = False,
    fidelity: bool = False,
    samples: Count = 64,
    seed: Seed = 0,
    figure: str | Path | None = None,
    maps: str | Path | None = None,
    batch_size: Count = 16,
    dtype: str | None = None,
    progress: bool = False,
) -> Evaluated:
    """Measures a model on pictures, exactly: the probability of each of them.

    Args:
      data: pictures, as `tokenize` takes them, or a token set of the model's tokenizer; None means
        those that the model was trained on and judged by.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      part: `validation` or `train`; None means what was held out, or all if nothing was.
      pictures: at most so many, evenly spread; None means all.
      labels: take sub-folders as labels.
      novelty: draw pictures, and look for the training pictures that they are nearest to.
      fidelity: draw pictures, and compare them with those held out.
      samples: how many are drawn for that.
      seed: of these.
      figure: a PNG of them, each above its nearest training picture; asks for novelty, too.
      maps: a PNG of the first of the measured pictures, evenly spread, each above a map of the bits
        that its pixels cost.
      batch_size: pictures at a time.
      dtype: of the products, as in `load`.
      progress: a live bar on stderr while tokenizing and drawing.

    Returns:
      Numbers, most with the interval that they are sure within.

    Raises:
      ConfigError: the model's pictures are gone, or other tokens than the model's are named.
      PixaceError: something is unknown, or no picture can be read.
    """
    pictures, samples, seed, batch_size = (
        ranges.one(evaluate, "pictures", pictures),
        ranges.one(evaluate, "samples", samples),
        ranges.one(evaluate, "seed", seed),
        ranges.one(evaluate, "batch_size", batch_size),
    )
    out, heat = (places.checked(file).out if file else None for file in (figure, maps))
    trained = collage_files.model_of(run, root, dtype)
    tokens, named = tokens_for(trained, data, labels=labels, progress=progress)
    chosen = _chosen(tokens, part, pictures)
    nats = _costs(trained, tokens, chosen, batch_size)
    tokenizer, rows = tokens.tokenizer, tokens.split(chosen.part).rows(chosen.rows(tokens))
    to_bits = 1 / math.log(2) / math.prod(tokenizer.size)
    bits = nats * to_bits
    more = _bits_within(tokenizer, rows)
    count = channels(tokenizer.colors) if isinstance(tokenizer, PixelTokenizer) else 3
    learned = near = beside = None
    if novelty or fidelity or out:
        _refuse_few(tokens, samples, fidelity=fidelity)
        drawn = trained.generate(samples, seed=seed, progress=progress)
    if novelty or out:
        near = _novelty(drawn, tokens, out)
        if chosen.part == "validation":
            as_many = EvaluationSet("train", min(len(rows), len(tokens.split("train"))))
            cost = _costs(trained, tokens, as_many, batch_size)
            learned = Measure.of(cost * to_bits)
    if fidelity:
        beside = Compared.of(drawn, tokens)
    if heat:
        some = EvaluationSet(chosen.part, min(MAPS, chosen.pictures))
        cost = _costs(trained, tokens, some, batch_size, by_token=True)
        shown = tokenizer.decode(tokens.split(some.part).rows(some.rows(tokens)))
        save_png(heat, surprise.figure(shown, surprise.maps(cost, tokenizer)))
    return Evaluated(
        model=trained.description.name,
        named=named,
        part=chosen.part,
        nats_per_token=Measure.of(nats / tokenizer.length),
        bits_per_pixel=Measure.of(bits),
        bits_per_dimension=None if more is None else Measure.of((bits + more) / count),
        channels=count,
        yardsticks=yardsticks(tokens, chosen),
        classes=_by_class(tokens, chosen, bits),
        distortion=_distortion(trained, data),
        learned=learned,
        novelty=near,
        fidelity=beside,
    )


def _costs(
    trained: Trained,
    tokens: TokenSet,
    chosen: EvaluationSet,
    batch_size: int,
    *,
    by_token: bool = False,
) -> np.ndarray:
    """The nats of each picture, or token, by its caption if the model reads them."""
    prefixes = None
    known = list(tokens.records(chosen.part)) if trained.vocabulary else []
    if trained.vocabulary and known:
        captions = parts.captions(trained.description.settings)
        prefixes = captions.known_to(trained.vocabulary, known)
    return costs(
        trained.sampler.model,
        trained.sampler.weights,
        tokens,
        chosen,
        by_token=by_token,
        prefixes=prefixes,
        batch_size=batch_size,
        dtype=precision.by_name(trained.dtype),
    )


def _refuse_few(tokens: TokenSet, samples: int, *, fidelity: bool) -> None:
    """Refuses, before the time is spent to draw, what could not be compared.

    Raises:
      ConfigError: there are no training pictures, or too few of any kind to say how like they are.
    """
    train, held = (len(tokens.split(part)) for part in ("train", "validation"))
    source = tokens.header.origin.source
    if not train:
        raise ConfigError(f"{source} has no training pictures to compare new ones with")
    if fidelity and min(samples, train, held) < LEAST:
        raise ConfigError(
            f"{samples:,} new, {train:,} training and {held:,} held-out pictures of {source} are "
            f"too few to compare; {LEAST} of each are the least"
        )


def _novelty(drawn: Images, tokens: TokenSet, figure: Path | None) -> Novelty:
    """What the nearest training pictures say, and a picture of them."""
    judge = Judge.of(tokens)
    found = judge.neighbours(drawn)
    if figure:
        save_png(figure, judge.figure(drawn, found))
    return judge.novelty(found)


def _chosen(tokens: TokenSet, part: str | None, pictures: int | None) -> EvaluationSet:
    """Which pictures are measured.

    Raises:
      ConfigError: there is no such part, or nothing in it.
    """
    most = pictures or max(len(tokens.split(name)) for name in ("train", "validation"))
    if part is None:
        return EvaluationSet.of(tokens, most)
    if part not in ("train", "validation"):
        raise ConfigError(f"no part {part!r}; there are train and validation")
    if not len(tokens.split(part)):
        raise ConfigError(f"no picture of {tokens.header.origin.source} is in the part {part}")
    which: Literal["train", "validation"] = "train" if part == "train" else "validation"
    return EvaluationSet(which, min(most, len(tokens.split(part))))


def _bits_within(tokenizer: Tokenizer, rows: Tokens) -> np.ndarray | None:
    """Bits per pixel, of each picture, that tell which 8-bit colours its tokens stood for."""
    known = volumes(tokenizer.colors) if isinstance(tokenizer, PixelTokenizer) else None
    if known is None:
        return None
    return np.log2(np.maximum(known, 1))[rows - FIRST_ID].mean(1)


def _by_class(tokens: TokenSet, chosen: EvaluationSet, bits: np.ndarray) -> dict[str, Measure]:
    """Bits per pixel of each label's pictures."""
    labels = [each["label"] for each in tokens.records(chosen.part)]
    having: defaultdict[str, list[float]] = defaultdict(list)
    for number, value in zip(chosen.rows(tokens) if labels else (), bits, strict=bool(labels)):
        if label := labels[number]:
            having[label].append(value)
    return {label: Measure.of(np.array(having[label])) for label in sorted(having)}


def _distortion(trained: Trained, data: Data | None) -> Distortion | None:
    """What the tokenizer loses of the pictures, as far as they can be read."""
    named = trained.description.data.named if data is None else data
    if isinstance(named, str | Path) and token_set.is_set(Path(named)):
        return None
    settings = replace(preprocessing(trained), colors=Preprocessing.colors, order="raster")
    try:
        images = tokenization.sample(settings, open_source(named, tiles=settings.tiles), ORIGINALS)
    except (SourceError, ImageError):
        return None
    shown = trained.sampler.tokenizer.decode(trained.sampler.tokenizer.encode(images))
    squared = float(np.square(images.astype(float) - shown).mean())
    delta = np.linalg.norm(oklab.from_rgb(images) - oklab.from_rgb(shown), axis=-1).mean()
    return Distortion(psnr(squared, 255) if squared else None, 100 * float(delta), len(images))
