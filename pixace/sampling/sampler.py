"""Draws pictures from a model: whole ones, and the rest of a photo, after words where it has any.

The loop runs on the device and keeps the model's cache there; the host only sees the tokens of a
stretch when it is done. Every picture has random numbers of its own, made from the seed and the
picture's number, so that the same seed gives the same pictures whatever their count and however
they are batched.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from pixace import ranges
from pixace.arrays import Images, Tokens
from pixace.errors import PixaceError
from pixace.models.language_model import LanguageModel, Weights
from pixace.ranges import Amount, Count, Range, Seed, Whole
from pixace.runtime import precision
from pixace.sampling import decode_loop
from pixace.sampling.cut import blank_after
from pixace.tokenizers import Tokenizer

# Tokens drawn between two looks of the host: enough to hide the call, few enough for a live bar.
STRETCH = 128
# The cache has room for a quarter of a picture, then for two, three, and all: reading it is what
# costs time, and most of a picture is drawn before it is full. Each is a program to compile.
ROOMS = 4


@dataclass(frozen=True)
class Settings:
    """How to draw; None stands for a default.

    Attributes:
      seed: 0 or more and below 2**32; same seed, same pictures.
      temperature: 0 takes the likeliest id every time, 1 samples the model as trained.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once, for speed and memory; no influence on the result.
      guidance: how much the words in front count: 1 draws as trained, more exaggerates.

    Raises:
      ConfigError: a number cannot be meant.
    """

    seed: Seed = 0
    temperature: Amount = 1.0
    top_k: Whole = 0
    top_p: Annotated[float, Range(0, 1, without=(0,))] = 1.0
    batch_size: Count = 64
    guidance: Amount = 1.0

    def __post_init__(self) -> None:
        ranges.settle(self)


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
    finished: np.ndarray


@dataclass(frozen=True)
class Sampler:
    """A model with its weights and the tokenizer that its ids came from.

    Attributes:
      model: what gives the odds.
      weights: its own, float32.
      tokenizer: what turns ids into pictures.
      dtype: of the products, `float32` or `bfloat16`; another one draws other pictures.
    """

    model: LanguageModel
    weights: Weights
    tokenizer: Tokenizer
    dtype: str

    def generate(
        self,
        n: int,
        settings: Settings | None = None,
        *,
        prefixes: Tokens | None = None,
        progress: bool = False,
    ) -> Images:
        """Dreams up `n` pictures for each of some prefixes; uint8 `(…, height, width, 3)`."""
        drawn = self.generate_tokens(n, settings, prefixes=prefixes, progress=progress)
        return self.tokenizer.decode(drawn)

    def generate_tokens(
        self,
        n: int,
        settings: Settings | None = None,
        *,
        prefixes: Tokens | None = None,
        progress: bool = False,
    ) -> Tokens:
        """The same as tokens.

        Args:
          n: pictures; the i-th uses the same random numbers whatever its prefix.
          settings: how to draw.
          prefixes: ids of the words in front, int32 `(texts, P)`; None asks for nothing.
          progress: a live bar on stderr.

        Returns:
          Int32 `(n, length)`, or `(texts * n, length)`, one text after the other.
        """
        settings = settings or Settings()
        texts = 1 if prefixes is None else len(prefixes)
        return self._finish(
            np.zeros((texts * n, self.tokenizer.length), np.int32),
            cut=0,
            streams=np.tile(np.arange(n), texts),
            temperatures=np.full(texts * n, settings.temperature),
            prefixes=None if prefixes is None else np.repeat(prefixes, n, axis=0),
            settings=settings,
            progress=progress,
        )

    def complete(
        self,
        photos: Images,
        cut: int,
        *,
        temperatures: Sequence[float] = (1.0,),
        samples: int = 1,
        prefix: Tokens | None = None,
        settings: Settings | None = None,
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
        drawn = self._finish(
            np.repeat(known, each, axis=0),
            cut=cut,
            streams=np.tile(np.arange(samples), len(photos) * len(temperatures)),
            temperatures=np.tile(np.repeat(temperatures, samples), len(photos)),
            prefixes=None if prefix is None else np.tile(prefix, (len(photos) * each, 1)),
            settings=settings or Settings(),
            progress=progress,
        )
        show = self.tokenizer.finished
        finished = show(np.repeat(photos, each, axis=0), drawn, cut)
        return Completions(
            photos=show(photos, known, self.tokenizer.length),
            cuts=show(photos, blank_after(known, cut), cut),
            finished=finished.reshape(len(photos), len(temperatures), samples, *finished.shape[1:]),
        )

    def _finish(
        self,
        known: Tokens,
        *,
        cut: int,
        streams: np.ndarray,
        temperatures: np.ndarray,
        prefixes: Tokens | None,
        settings: Settings,
        progress: bool,
    ) -> Tokens:
        """Keeps the first `cut` columns of `known` and draws the rest, batch by batch."""
        rows, length = known.shape
        guidance = None if prefixes is None or settings.guidance == 1 else settings.guidance
        if prefixes is None:
            prefixes = np.zeros((rows, self.model.prefix), np.int32)
        if not 0 <= cut <= length:
            raise PixaceError(f"cannot cut after {cut} pixels: a picture has {length}")
        size = min(settings.batch_size, 1 << max(0, rows - 1).bit_length())
        ids = np.flatnonzero(self.tokenizer.allowed).astype(np.int32)
        weights = self.model.cast(self.weights, precision.by_name(self.dtype))
        weights = self.model.narrowed(weights, ids)
        stretch = _stretch(length)
        done = []
        with tqdm(
            total=rows * length,
            desc="drawing",
            unit="px",
            unit_scale=True,
            leave=False,
            file=sys.stderr,
            disable=None if progress else True,
        ) as bar:
            for start in range(0, rows, size):
                here = np.arange(start, start + size) % rows  # the last batch is filled by repeats
                real = min(size, rows - start)
                uniform = decode_loop.uniforms(np.uint32(settings.seed), streams[here], length)
                first = min(cut, length - 1) // stretch * stretch
                begun = np.hstack([prefixes[here], known[here, :first]])
                if guidance is not None:  # the same without words
                    begun = np.vstack([begun, begun])
                    begun[size:, : self.model.prefix] = 0
                carry = self._begun(weights, begun)
                columns = [known[here, :first]]
                bar.update(real * first)
                for begin in range(first, length, stretch):
                    part = slice(begin, begin + stretch)
                    state, token = carry
                    state = self.model.widened(state, self._room(begin + stretch))
                    carry, tokens = decode_loop.draw_stretch(
                        self.model,
                        weights,
                        (state, token),
                        (
                            uniform[part],
                            jnp.asarray(known[here, part].T),
                            jnp.arange(begin, begin + stretch) < cut,
                        ),
                        jnp.asarray(temperatures[here], jnp.float32),
                        jnp.asarray(ids),
                        guidance,
                        top_k=settings.top_k,
                        top_p=settings.top_p if settings.top_p < 1 else None,
                    )
                    columns.append(np.asarray(tokens).T)
                    bar.update(real * stretch)
                done.append(np.concatenate(columns, axis=1)[:real])
        return np.concatenate(done) if done else known

    def _begun(self, weights: Weights, begun: Tokens) -> tuple[Any, Any]:
        """The model's memory of the first tokens of some rows, and the last of these tokens.

        Each beginning is read alone, and once: read together, the last digits of one would depend
        on how many others there are.
        """
        rows, count = begun.shape
        room = self._room(count - self.model.prefix)
        if not count:
            return self.model.start(rows, room), jnp.zeros(rows, jnp.int32)
        fed = np.pad(begun[:, :-1], ((0, 0), (1, 0)))
        different, which = np.unique(fed, axis=0, return_inverse=True)
        states = [
            decode_loop.read(self.model, weights, self.model.start(1, room), row[None])
            for row in different
        ]
        state = self.model.joined([states[place] for place in which.ravel()])
        return state, jnp.asarray(begun[:, -1])

    def _room(self, needed: int) -> int:
        """Tokens that the cache has room for, when so many of the picture are needed."""
        return self.model.prefix + _room(self.tokenizer.length, needed)


def _stretch(length: int) -> int:
    """The longest stretch up to STRETCH that divides the length, so that one program serves all."""
    best = max(size for size in range(1, STRETCH + 1) if length % size == 0)
    return best if best >= min(length, 16) else length


def _room(length: int, needed: int) -> int:
    """Tokens that the cache has room for, when so many are needed."""
    rooms = (-(-length * part // ROOMS) for part in range(1, ROOMS + 1))
    return next(room for room in rooms if room >= needed)


def several_temperatures(temperature: float | Iterable[float] | None) -> list[float]:
    """One temperature or several, as a list; None is the usual one.

    Raises:
      PixaceError: one makes no sense, or there is none.
    """
    one = ranges.plain(temperature)
    several = list(one) if isinstance(one, Iterable) and not isinstance(one, str) else [one]
    if not several:
        raise PixaceError("no temperature; give at least one")
    return [Settings(temperature=each).temperature for each in several]
