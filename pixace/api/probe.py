"""What a model has understood, as a linear classifier sees it: what `pixace probe` says."""

from pathlib import Path

import numpy as np

from pixace import ranges
from pixace.api import collage_files, places
from pixace.api.door import door
from pixace.api.model_pictures import tokens_for
from pixace.api.probed import Probed
from pixace.api.trained import Trained
from pixace.arrays import Tokens
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.evaluation.layer_features import layer_features
from pixace.evaluation.measure import Measure
from pixace.evaluation.probe import Classes, components, pixels
from pixace.images.png import save_png
from pixace.ranges import Count, Seed
from pixace.runtime import precision
from pixace.sources import Data

HELD_OUT = 0.2  # of pictures that are named


@door("generate")
def probe(
    data: Data | None = None,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    pictures: Count = 10_000,
    labels: bool = False,
    seed: Seed = 0,
    figure: str | Path | None = None,
    batch_size: Count = 16,
    dtype: str | None = None,
    progress: bool = False,
) -> Probed:
    """Measures what a model has understood: whether its features tell what pictures show.

    A linear classifier learns the labels of training pictures from the features of each layer, and
    is asked for those of held-out pictures; beside it others, which have the pixels instead.
    Captions are never shown to the model.

    Args:
      data: pictures with labels, as `tokenize` takes them, of which a fifth is held out unless they
        say themselves which; or a token set of the model's tokenizer. None means those that the
        model was trained on, and those held out of its training.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      pictures: at most so many of each part.
      labels: take sub-folders as labels.
      seed: of the choice of these, and of the training pictures that classifiers are tried on.
      figure: a PNG of the accuracy of each layer.
      batch_size: pictures at a time.
      dtype: of the products, as in `load`.
      progress: a live bar on stderr while tokenizing and reading.

    Returns:
      Accuracies, each with the interval that it is sure within.

    Raises:
      ConfigError: the model's pictures are gone, other tokens than the model's are named, or no
        picture has a label or is held out.
      PixaceError: something is unknown, no picture can be read, or too few have labels.
    """
    pictures, seed, batch_size = (
        ranges.one(probe, "pictures", pictures),
        ranges.one(probe, "seed", seed),
        ranges.one(probe, "batch_size", batch_size),
    )
    out = places.checked(figure).out if figure else None
    trained = collage_files.model_of(run, root, dtype)
    tokens, named = tokens_for(
        trained, data, command="probe", held_out=HELD_OUT, labels=labels, progress=progress
    )
    (rows, own), (rows_held, held) = (
        _labelled(tokens, part, pictures, seed) for part in ("train", "validation")
    )
    classes = Classes(own, held, seed)
    sampler, every = trained.sampler, np.concatenate([rows, rows_held])

    def apart(numbers: np.ndarray) -> list[np.ndarray]:
        return np.split(numbers, [len(own)])

    features = layer_features(
        sampler.model,
        sampler.weights,
        every,
        batch_size=batch_size,
        dtype=precision.by_name(trained.dtype),
        progress=progress,
    )
    plain, plain_held = apart(pixels(sampler.tokenizer.decode(every)))
    by_pixels, pixels_right = classes.told_by(plain, plain_held)
    by_pca, _ = classes.told_by(*components(plain, plain_held, features.shape[-1], seed))
    layers, right = zip(*(classes.told_by(*apart(each)) for each in features), strict=True)
    best = int(np.argmax([told.tried for told in layers]))
    found = Probed(
        model=trained.description.name,
        named=named,
        classes=len({*own}),
        train=len(own),
        held=len(held),
        pixels=by_pixels,
        pca=by_pca,
        layers=layers,
        best=best,
        gain=Measure.of(right[best].astype(float) - pixels_right),
    )
    if out:
        save_png(out, found.figure())
    return found


def _labelled(tokens: TokenSet, part: str, most: int, seed: int) -> tuple[Tokens, list[str]]:
    """The rows and labels of at most so many pictures of a part that have a label.

    They are drawn, as classes may take turns: every second picture may be of one class.

    Raises:
      ConfigError: there are none.
    """
    split, source = tokens.split(part), tokens.header.origin.source
    if not len(split):
        raise ConfigError(
            f"no picture of {source} is held out to judge by; name other pictures, or make the "
            "token set again with --validation-fraction 0.2"
        )
    every = [record["label"] for record in tokens.records(part)]
    known = np.flatnonzero([label is not None for label in every])
    if not len(known):
        which = "held-out picture" if part == "validation" else "picture"
        raise ConfigError(
            f"no {which} of {source} has a label to be told; name pictures that have, or folders "
            "of them with --labels"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(known)[:most])
    return split.rows(chosen), [str(every[number]) for number in chosen]
