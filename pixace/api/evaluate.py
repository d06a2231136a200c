"""How good a model is, in numbers that can be compared: what `pixace evaluate` says."""

import math
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pixace import ranges
from pixace.api import collage_files, places
from pixace.api.door import door
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
from pixace.evaluation.distortion import psnr
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.fidelity import Compared
from pixace.evaluation.likelihood import nats_by_picture
from pixace.evaluation.measure import Measure
from pixace.evaluation.novelty import Judge, Novelty
from pixace.evaluation.yardsticks import Yardsticks, yardsticks
from pixace.images.png import save_png
from pixace.ranges import Count, Seed
from pixace.runtime import precision
from pixace.sources import Data, open_source
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import Tokenizer
from pixace.tokenizers.pixel import PixelTokenizer

ORIGINALS = 256  # pictures, on which the tokenizer's own loss is measured


@dataclass(frozen=True)
class Distortion:
    """What a tokenizer loses of pictures in their size.

    Attributes:
      psnr: peak signal-to-noise ratio in dB; None if nothing is lost.
      delta: mean distance of colours in OKLab, in hundredths: 2 or so can be seen side by side.
      pictures: on how many.
    """

    psnr: float | None
    delta: float
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What `evaluate` has found.

    Attributes:
      model: its name.
      named: the pictures.
      part: `validation`, pictures that were held out; or `train`.
      nats_per_token: negative log-likelihood.
      bits_per_pixel: the same, of the picture in the model's colours.
      bits_per_dimension: of the 8-bit picture in the model's size, for each channel of a pixel:
        with the bits that tell which 8-bit colour of a token's a pixel was. None where nothing
        counts them.
      channels: 3, or 1 of greys.
      yardsticks: bits per pixel of simpler ways.
      classes: bits per pixel by label, where there are any.
      distortion: of the tokenizer; None where the pictures themselves are not at hand.
      learned: bits per pixel of training pictures, where novelty is asked for of held-out ones: far
        below these it has learned its pictures by heart.
      novelty: how near new pictures of the model are to the training pictures, where asked for.
      fidelity: how like held-out pictures they are, and how varied, where asked for.
    """

    model: str
    named: str
    part: Literal["train", "validation"]
    nats_per_token: Measure
    bits_per_pixel: Measure
    bits_per_dimension: Measure | None
    channels: int
    yardsticks: Yardsticks
    classes: dict[str, Measure]
    distortion: Distortion | None
    learned: Measure | None
    novelty: Novelty | None
    fidelity: Compared | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


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
    out = places.checked(figure).out if figure else None
    trained = collage_files.model_of(run, root, dtype)
    tokens, named = tokens_for(trained, data, labels=labels, progress=progress)
    chosen = _chosen(tokens, part, pictures)
    nats = _nats(trained, tokens, chosen, batch_size)
    tokenizer, rows = tokens.tokenizer, tokens.split(chosen.part).rows(chosen.rows(tokens))
    to_bits = 1 / math.log(2) / math.prod(tokenizer.size)
    bits = nats * to_bits
    more = _bits_within(tokenizer, rows)
    count = channels(tokenizer.colors) if isinstance(tokenizer, PixelTokenizer) else 3
    learned = near = beside = None
    if novelty or fidelity or out:
        drawn = trained.generate(samples, seed=seed, progress=progress)
    if novelty or out:
        near = _novelty(drawn, tokens, out)
        if chosen.part == "validation":
            as_many = EvaluationSet("train", min(len(rows), len(tokens.split("train"))))
            learned = Measure.of(_nats(trained, tokens, as_many, batch_size) * to_bits)
    if fidelity:
        beside = Compared.of(drawn, tokens)
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


def _nats(trained: Trained, tokens: TokenSet, chosen: EvaluationSet, size: int) -> np.ndarray:
    """The cost of each picture, by its caption if the model reads them; float64."""
    prefixes = None
    known = list(tokens.records(chosen.part)) if trained.vocabulary else []
    if trained.vocabulary and known:
        captions = parts.captions(trained.description.settings)
        prefixes = captions.known_to(trained.vocabulary, known)
    return nats_by_picture(
        trained.sampler.model,
        trained.sampler.weights,
        tokens,
        chosen,
        prefixes=prefixes,
        batch_size=size,
        dtype=precision.by_name(trained.dtype),
    )


def _novelty(drawn: Images, tokens: TokenSet, figure: Path | None) -> Novelty:
    """What the nearest training pictures say, and a picture of them."""
    if not len(tokens.split("train")):
        raise ConfigError(
            f"{tokens.header.origin.source} has no training pictures to compare new ones with"
        )
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
