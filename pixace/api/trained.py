"""A trained model, ready to draw: what `pixace.load` gives."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np

from pixace import ranges, tokenizers
from pixace.api import model_files
from pixace.api.building import language_model
from pixace.api.door import door, is_forked
from pixace.api.photos import several
from pixace.arrays import Image, Images
from pixace.errors import PixaceError, RunError
from pixace.images import loader
from pixace.images.loader import Raw
from pixace.ranges import Range
from pixace.runs import model_file, run_folder
from pixace.runs.description import Description
from pixace.runtime import precision
from pixace.sampling.cut import parse_cut
from pixace.sampling.sampler import (
    Completions,
    Sampler,
    SamplingSettings,
    several_temperatures,
)
from pixace.storage import pytrees
from pixace.text import prompts
from pixace.text.prompts import Prompts
from pixace.text.vocabulary import Vocabulary

Pictures = Annotated[int, Range(1, says="cannot generate {value} pictures; ask for 1 or more")]
Samples = Annotated[
    int, Range(1, says="nothing to complete: at least one temperature and one sample")
]


@dataclass(frozen=True)
class Trained:
    """A model with its weights, its tokenizer and the story of its training.

    Attributes:
      sampler: the model at work on tokens.
      description: which run it is, what it was trained on, how good it is.
      path: the run's folder or the model file that it was loaded from.
    """

    sampler: Sampler
    description: Description
    path: Path

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the pictures."""
        return self.sampler.tokenizer.size

    @property
    def dtype(self) -> str:
        """The type that products are computed in, `float32` or `bfloat16`."""
        return self.sampler.compute_dtype

    def of_type(self, dtype: str) -> "Trained":
        """The same model as it computes in another type: `float32`, `bfloat16` or `auto`.

        Raises:
          ConfigError: there is no such type.
        """
        return replace(self, sampler=replace(self.sampler, compute_dtype=precision.chosen(dtype)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles what a model file holds, so that no file is needed where it is unpickled."""
        flat = {name: np.asarray(it) for name, it in pytrees.flatten(self.sampler.weights).items()}
        arrays = dict(self.sampler.tokenizer.arrays)
        return _built, (flat, arrays, self.description, str(self.path), self.dtype)

    @cached_property
    def vocabulary(self) -> Vocabulary | None:
        """The words that the model knows; None if it was trained without captions."""
        return _vocabulary(self.description)

    @door("generate")
    def generate(
        self,
        n: Pictures,
        *,
        text: str | Sequence[str] | None = None,
        classes: str | int | Sequence[str | int] | None = None,
        guidance: float = 1.0,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch_size: int = 64,
        progress: bool = False,
    ) -> Images:
        """Dreams up new pictures.

        Args:
          n: how many; of each text or class, if there are any.
          text: what they shall show, one or several; words that the model does not know are left
            out with a warning.
          classes: the same by labels of the training pictures; they come after the texts.
          guidance: how much texts count: 1 draws as trained, 2 or 3 exaggerates, at twice the cost.
          seed: same seed, same pictures; picture i does not depend on `n` or `batch_size`.
          temperature: 0 takes the likeliest colour each time, 1 samples the model as trained.
          top_k: only the k likeliest colours; 0 for all.
          top_p: only the likeliest colours that together have this probability, in (0, 1].
          batch_size: pictures drawn at once.
          progress: a live bar on stderr.

        Returns:
          Uint8 `(n, height, width, 3)`; of several texts one after the other, `n` of each.

        Raises:
          PixaceError: a setting makes no sense, or the model does not know what is asked for.
        """
        n = ranges.one(Trained.generate, "n", n)
        settings = SamplingSettings(
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            batch_size=batch_size,
            guidance=guidance,
        )
        asked = self.prompts(text, classes, settings.guidance)
        _warn_of_unknown(asked)
        prefixes = asked and asked.prefixes
        return self.sampler.generate(n, settings, prefixes=prefixes, progress=progress)

    @door("complete")
    def complete(
        self,
        pictures: Raw | Sequence[Raw],
        *,
        cut: int | str = "50%",
        temperature: float | Sequence[float] = 1.0,
        samples: Samples = 4,
        text: str | None = None,
        classes: str | int | None = None,
        guidance: float = 1.0,
        seed: int = 0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch_size: int = 64,
        progress: bool = False,
    ) -> Completions:
        """Finishes photos from their first pixels on.

        Args:
          pictures: one or several, as paths, bytes, arrays or Pillow's images, or an array of
            several; fitted to the model's size as its training pictures were.
          cut: pixels to keep, or a share such as `50%`.
          temperature: one, or several to compare.
          samples: completions per photo and temperature.
          text: what they shall show.
          classes: the same by a label of the training pictures.
          guidance: how much that counts: 1 draws as trained, 2 or 3 exaggerates.
          seed: same seed, same completions.
          top_k: only the k likeliest colours; 0 for all.
          top_p: only the likeliest colours that together have this probability, in (0, 1].
          batch_size: pictures drawn at once.
          progress: a live bar on stderr.

        Returns:
          The photos, the cuts and what became of them: `finished` is uint8
          `(photos, temperatures, samples, height, width, 3)`.

        Raises:
          ImageError: one cannot be read.
          PixaceError: a setting makes no sense, or the model does not know what is asked for.
        """
        temperatures = several_temperatures(temperature)
        samples = ranges.one(Trained.complete, "samples", samples)
        settings = SamplingSettings(
            seed=seed, top_k=top_k, top_p=top_p, batch_size=batch_size, guidance=guidance
        )
        asked = self.prompt(text, classes, settings.guidance)
        _warn_of_unknown(asked)
        kept = parse_cut(str(cut), self.sampler.tokenizer.length)
        fitted = [self.fitted(picture) for picture in several(pictures)]
        if not fitted:
            raise PixaceError("no photo to complete; name at least one")
        return self.sampler.complete(
            np.stack(fitted),
            kept,
            temperatures=temperatures,
            samples=samples,
            prefix=asked and asked.prefixes[0],
            settings=settings,
            progress=progress,
        )

    def prompts(
        self,
        text: str | Sequence[str] | None,
        classes: str | int | Sequence[str | int] | None,
        guidance: float,
    ) -> Prompts | None:
        """What is asked for, as words that the model reads; see `prompts.read`."""
        return prompts.read(self.vocabulary, text, classes, guidance, model=self.description.name)

    def prompt(
        self, text: str | None, classes: str | int | None, guidance: float
    ) -> Prompts | None:
        """The same of a single text or class.

        Raises:
          PixaceError: several are given; or as `prompts.read`.
        """
        asked = self.prompts(text, classes, guidance)
        if asked and len(asked.texts) > 1:
            raise PixaceError("a completion follows one text or one class; leave out all others")
        return asked

    def fitted(self, picture: Raw, name: str | None = None) -> Image:
        """A picture in the model's size, fitted as in training; errors call it by its name."""
        data = self.description.data
        fit, background, alpha = data.fit, data.background, data.alpha
        return loader.load(
            picture, self.size, fit=fit, background=background, alpha=alpha, name=name
        )


@door("generate")
def load(
    run: str | Path | None = None,
    *,
    root: str | Path | None = None,
    dtype: str | None = None,
) -> Trained:
    """Loads a trained model.

    Args:
      run: a run's name, its folder or a `.safetensors` file, or the name of a model that comes
        along; None means the latest run, or `photos-32`, which comes along, where there is none.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      dtype: of the products, `float32`, `bfloat16` or `auto` for the one that suits this device;
        None means the one that the model was trained with. Another one draws other pictures.

    Raises:
      RunError: there is no such run, or it has no model yet, or the file is broken.
      ConfigError: there is no such type.
      NotFiniteError: its weights are not finite.
    """
    path = model_files.find(run, run_folder.home(root))
    flat, description = model_file.read(path)
    if description.is_codebook:
        raise RunError(
            f"{path} is a codebook, which draws nothing by itself; train a model on its tokens: "
            f"pixace train PICTURES --colors vq:{path}"
        )
    trained = _built(*model_file.parted(flat), description, path, description.compute_dtype)
    return trained if dtype is None else trained.of_type(dtype)


def _built(
    flat: dict[str, np.ndarray],
    arrays: dict[str, np.ndarray],
    description: Description,
    path: str | Path,
    dtype: str,
) -> Trained:
    """A model of its weights by name, its tokenizer's arrays and its description.

    Raises:
      RunError: they do not fit one another.
    """
    assert description.model is not None, "codebooks have been refused"
    data = description.data
    try:
        loader.check(data.fit, data.alpha)
        tokenizer = tokenizers.by_spec(description.tokenizer or "", arrays)
        model = language_model(description.model, tokenizer, _vocabulary(description), flat)
    except PixaceError as why:
        raise RunError(f"{path} holds no model that can be built: {why}") from why
    try:
        # Where drawing is refused, at the door, the device must not be touched either.
        made = np.asarray if is_forked() else jax.numpy.asarray
        weights = pytrees.unflatten(flat, model.shapes, made)
    except ValueError as why:
        raise RunError(f"{path} does not fit its own description: {why}") from why
    return Trained(Sampler(model, weights, tokenizer, dtype), description, Path(path))


def _vocabulary(description: Description) -> Vocabulary | None:
    """The words of a model; None if it was trained without captions."""
    it = description.captions
    return None if it is None else Vocabulary(it.words, it.length, it.first, it.classes)


def _warn_of_unknown(asked: Prompts | None) -> None:
    if asked and asked.unknown:
        warnings.warn(prompts.left_out(asked.unknown), stacklevel=4)
