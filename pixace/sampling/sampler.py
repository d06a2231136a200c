"""Draws pictures from a model: whole ones, and the rest of photos, after words if there are any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int32, UInt8

from pixace.arrays import Images, PrefixIds, Tokens
from pixace.errors import PixaceError
from pixace.models.language_model import LanguageModel, Weights
from pixace.sampling.cut import blank_after
from pixace.sampling.settings import SamplingSettings, several_temperatures
from pixace.sampling.token_sampler import TokenSampler
from pixace.tokenizers import Tokenizer

__all__ = ["Completions", "Sampler", "SamplingSettings", "several_temperatures"]

Finished = UInt8[np.ndarray, "photos temperatures samples height width 3"]


@dataclass(frozen=True)
class Completions:
    """What `Sampler.complete` gives.

    Attributes:
      photos: the photos as the tokenizer shows them.
      cuts: the same with everything after the cut blank.
      finished: `(photos, temperatures, samples, height, width, 3)`, uint8.
    """

    photos: Images
    cuts: Images
    finished: Finished


@dataclass(frozen=True)
class Sampler:
    """A model with its weights and the tokenizer that its ids came from.

    Attributes:
      model: what gives the probabilities.
      weights: its own, float32.
      tokenizer: what turns ids into pictures.
      compute_dtype: of the products, `float32` or `bfloat16`; another one draws other pictures.
    """

    model: LanguageModel
    weights: Weights
    tokenizer: Tokenizer
    compute_dtype: str

    @cached_property
    def tokens(self) -> TokenSampler:
        """The same, for rows of ids."""
        allowed = np.asarray(self.tokenizer.allowed)
        return TokenSampler(self.model, self.weights, allowed, self.compute_dtype)

    def generate(
        self,
        n: int,
        settings: SamplingSettings | None = None,
        *,
        prefixes: PrefixIds | None = None,
        progress: bool = False,
    ) -> Images:
        """Dreams up `n` pictures for each of some prefixes; uint8 `(…, height, width, 3)`."""
        drawn = self.generate_tokens(n, settings, prefixes=prefixes, progress=progress)
        return self.tokenizer.decode(drawn)

    def generate_tokens(
        self,
        n: int,
        settings: SamplingSettings | None = None,
        *,
        prefixes: PrefixIds | None = None,
        progress: bool = False,
        drawn: Callable[[Tokens], None] | None = None,
    ) -> Tokens:
        """The same as tokens.

        Args:
          n: pictures; the i-th uses the same random numbers whatever its prefix.
          settings: how to draw.
          prefixes: ids of the words in front, int32 `(texts, P)`; None asks for nothing.
          progress: a live bar on stderr.
          drawn: is given the rows of each batch as soon as they are there.

        Returns:
          Int32 `(n, length)`, or `(texts * n, length)`, one text after the other.
        """
        settings = settings or SamplingSettings()
        texts = 1 if prefixes is None else len(prefixes)
        return self.tokens.finish(
            np.zeros((texts * n, self.tokenizer.length), np.int32),
            cut=0,
            streams=np.tile(np.arange(n), texts),
            temperatures=np.full(texts * n, settings.temperature, float),
            prefixes=None if prefixes is None else np.repeat(prefixes, n, axis=0),
            settings=settings,
            progress=progress,
            drawn=drawn,
        )

    def complete(
        self,
        photos: Images,
        cut: int,
        *,
        temperatures: Sequence[float] | np.ndarray = (1.0,),
        samples: int = 1,
        prefix: Int32[np.ndarray, " P"] | None = None,
        settings: SamplingSettings | None = None,
        progress: bool = False,
    ) -> Completions:
        """Keeps the first `cut` pixels of each photo, in the tokenizer's order, and goes on.

        The s-th sample uses the same random numbers for every photo and temperature: rows and
        columns of the collage differ by what they are labelled with and by nothing else.

        Args:
          photos: uint8 `(n, height, width, 3)`, of the tokenizer's size.
          cut: tokens to keep, 0 … length.
          temperatures: one column each; `settings.temperature` plays no part.
          samples: completions per photo and temperature.
          prefix: ids of the words in front of all, int32 `(P,)`; None asks for nothing.
          settings: how to draw.
          progress: a live bar on stderr.
        """
        if not len(temperatures) or samples < 1:
            raise PixaceError("nothing to complete: at least one temperature and one sample")
        known = self.tokenizer.encode(photos)
        each = len(temperatures) * samples
        drawn = self.tokens.finish(
            np.repeat(known, each, axis=0),
            cut=cut,
            streams=np.tile(np.arange(samples), len(photos) * len(temperatures)),
            temperatures=np.tile(np.repeat(np.asarray(temperatures, float), samples), len(photos)),
            prefixes=None if prefix is None else np.tile(prefix, (len(photos) * each, 1)),
            settings=settings or SamplingSettings(),
            progress=progress,
        )
        show = self.tokenizer.finished
        finished = show(np.repeat(photos, each, axis=0), drawn, cut)
        return Completions(
            photos=show(photos, known, self.tokenizer.length),
            cuts=show(photos, blank_after(known, cut), cut),
            finished=finished.reshape(len(photos), len(temperatures), samples, *finished.shape[1:]),
        )
