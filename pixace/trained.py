"""A trained model, ready to draw: what `pixace.load` gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pixace import config, configurables, image, modelfile, runs, tokenizers, trees
from pixace.arrays import Image, Images
from pixace.errors import PixaceError, RunError
from pixace.image import Raw
from pixace.sampling import Completions, Sampler, Settings, parse_cut

Picture = Raw | str


@dataclass(frozen=True)
class Trained:
    """A model with its weights, its tokenizer and the story of its training.

    Attributes:
      sampler: the model at work on tokens.
      description: which run it is, what it was trained on, how good it is.
    """

    sampler: Sampler
    description: runs.Description

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the pictures."""
        return self.sampler.tokenizer.size

    def generate(
        self,
        n: int,
        *,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch_size: int = 64,
        progress: bool = False,
    ) -> Images:
        """Dreams up new pictures.

        Args:
          n: how many.
          seed: same seed, same pictures; picture i does not depend on `n` or `batch_size`.
          temperature: 0 takes the likeliest colour each time, 1 samples the model as trained.
          top_k: only the k likeliest colours; 0 for all.
          top_p: only the likeliest colours that together have this probability, in (0, 1].
          batch_size: pictures drawn at once.
          progress: a live bar on stderr.

        Returns:
          Uint8 `(n, height, width, 3)`.
        """
        if n < 1:
            raise PixaceError(f"cannot generate {n} pictures; ask for 1 or more")
        settings = Settings(seed, temperature, top_k, top_p, batch_size)
        return self.sampler.generate(n, settings, progress=progress)

    def complete(
        self,
        pictures: Picture | Sequence[Picture],
        *,
        cut: int | str = "50%",
        temperatures: Sequence[float] = (1.0,),
        samples: int = 1,
        seed: int = 0,
        top_k: int = 0,
        top_p: float = 1.0,
        batch_size: int = 64,
        progress: bool = False,
    ) -> Completions:
        """Finishes photos from their first pixels on.

        Args:
          pictures: one or several, as paths, bytes, arrays or Pillow's images; fitted to the
            model's size as its training pictures were.
          cut: pixels to keep, or a share such as `50%`.
          temperatures: one column of completions each.
          samples: completions per photo and temperature.
          seed: same seed, same completions.
          top_k: only the k likeliest colours; 0 for all.
          top_p: only the likeliest colours that together have this probability, in (0, 1].
          batch_size: pictures drawn at once.
          progress: a live bar on stderr.

        Returns:
          The photos, the cuts and what became of them.
        """
        if isinstance(pictures, str | bytes) or not isinstance(pictures, Sequence):
            several: list[Any] = [pictures]
        else:
            several = list(pictures)
        if not several:
            raise PixaceError("no photo to complete; name at least one")
        for temperature in temperatures:
            Settings(temperature=temperature)
        return self.sampler.complete(
            np.stack([self.fitted(picture) for picture in several]),
            parse_cut(str(cut), self.sampler.tokenizer.length),
            temperatures=temperatures,
            samples=samples,
            settings=Settings(seed, 1.0, top_k, top_p, batch_size),
            progress=progress,
        )

    def fitted(self, picture: Picture) -> Image:
        """A picture in the model's size, fitted as the training pictures were."""
        data = self.description.data
        return image.load(
            Path(picture) if isinstance(picture, str) else picture,
            self.size,
            fit=data["fit"],
            background=tuple(data["background"]),
        )


def load(run: str | Path | None = None, *, root: str | Path | None = None) -> Trained:
    """Loads a trained model.

    Args:
      run: a run's name, its folder or a `.safetensors` file; None means the latest run.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.

    Raises:
      RunError: there is no such run, or it has no model yet, or the file is broken.
    """
    path = runs.find(run, runs.default_root() if root is None else Path(root))
    flat, description = modelfile.read(path)
    tokenizer = tokenizers.by_spec(description.tokenizer)
    config.restore(description.config)
    model = configurables.language_model(tokenizer.vocab_size, tokenizer.length, tokenizer.axes)
    try:
        weights = trees.unflatten(flat, jax.eval_shape(model.init, jax.random.key(0)))
    except ValueError as why:
        raise RunError(f"{path} does not fit its own description: {why}") from why
    return Trained(Sampler(model, weights, tokenizer), description)
