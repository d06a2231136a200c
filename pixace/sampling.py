"""Draws pictures from a model: whole ones, and the rest of a photo.

The loop runs on the device and keeps the model's cache there; the host only sees the tokens of a
stretch when it is done. Every picture has random numbers of its own, made from the seed and the
picture's number, so that the same seed gives the same pictures whatever their count and however
they are batched.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32
from tqdm import tqdm

from pixace import precision
from pixace.arrays import Images, Tokens
from pixace.cuts import blank_after
from pixace.drawing import draw
from pixace.errors import PixaceError
from pixace.models.lm import LanguageModel, Weights
from pixace.tokenizers import Tokenizer

# Tokens drawn between two looks of the host: enough to hide the call, few enough for a live bar.
STRETCH = 128
# Shares of a picture that the cache has room for, one after the other: reading it is what costs
# time, and most of a picture is drawn before it is full. Each is a program to compile.
ROOMS = (4, 2, 1)


@dataclass(frozen=True)
class Settings:
    """How to draw.

    Attributes:
      seed: any integer; same seed, same pictures.
      temperature: 0 takes the likeliest id every time, 1 samples the model as trained.
      top_k: only the k likeliest colours; 0 for all.
      top_p: only the likeliest colours that together have this probability, in (0, 1].
      batch_size: pictures drawn at once, for speed and memory; no influence on the result.
    """

    seed: int = 0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Refuses what cannot be meant."""
        for name, fits, rule in (
            ("seed", 0 <= self.seed < 2**32, "0 or more, and below 2**32"),
            ("temperature", 0 <= self.temperature < np.inf, "0 or more"),
            ("top_k", self.top_k >= 0, "0 (all colours) or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("batch_size", self.batch_size >= 1, "1 or more"),
        ):
            if not fits:
                raise PixaceError(f"{name} is {getattr(self, name)}; it must be {rule}")


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

    Products are computed in the type that suits the device, as they are in training.
    """

    model: LanguageModel
    weights: Weights
    tokenizer: Tokenizer

    def generate(
        self, n: int, settings: Settings | None = None, *, progress: bool = False
    ) -> Images:
        """Dreams up `n` pictures; uint8 `(n, height, width, 3)`."""
        return self.tokenizer.decode(self.generate_tokens(n, settings, progress=progress))

    def generate_tokens(
        self, n: int, settings: Settings | None = None, *, progress: bool = False
    ) -> Tokens:
        """The same as tokens, int32 `(n, length)`."""
        settings = settings or Settings()
        return self._finish(
            np.zeros((n, self.tokenizer.length), np.int32),
            cut=0,
            streams=np.arange(n),
            temperatures=np.full(n, settings.temperature),
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
          settings: how to draw.
          progress: a live bar on stderr.
        """
        if not temperatures or samples < 1:
            raise PixaceError("nothing to complete: at least one temperature and one sample")
        known = self.tokenizer.encode(photos)
        each = len(temperatures) * samples
        drawn = self._finish(
            np.repeat(known, each, axis=0),
            cut=cut,
            streams=np.tile(np.arange(samples), len(photos) * len(temperatures)),
            temperatures=np.tile(np.repeat(temperatures, samples), len(photos)),
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
        settings: Settings,
        progress: bool,
    ) -> Tokens:
        """Keeps the first `cut` columns of `known` and draws the rest, batch by batch."""
        rows, length = known.shape
        if not 0 <= cut <= length:
            raise PixaceError(f"cannot cut after {cut} pixels: a picture has {length}")
        size = min(settings.batch_size, 1 << max(0, rows - 1).bit_length())
        ids = np.flatnonzero(self.tokenizer.allowed).astype(np.int32)
        weights = self.model.cast(self.weights, precision.by_name("auto"))
        weights = {**weights, "head": _columns(weights["head"], ids)}
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
                uniform = _uniforms(settings.seed, streams[here], length)
                first = min(cut, length - 1) // stretch * stretch
                carry = self._begun(weights, known[here], first)
                columns = [known[here, :first]]
                bar.update(real * first)
                for begin in range(first, length, stretch):
                    part = slice(begin, begin + stretch)
                    state, token = carry
                    state = self.model.widened(state, _room(length, begin + stretch))
                    carry, tokens = _draw_stretch(
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
                        top_k=settings.top_k,
                        top_p=settings.top_p if settings.top_p < 1 else None,
                    )
                    columns.append(np.asarray(tokens).T)
                    bar.update(real * stretch)
                done.append(np.concatenate(columns, axis=1)[:real])
        return np.concatenate(done) if done else known

    def _begun(self, weights: Weights, known: Tokens, count: int) -> tuple[Any, Any]:
        """The model's memory of the first `count` tokens, and the last of them.

        Each beginning is read alone, and once: read together, the last digits of one would depend
        on how many others there are.
        """
        room = _room(self.model.length, count)
        if not count:
            return self.model.start(len(known), room), jnp.zeros(len(known), jnp.int32)
        fed = np.pad(known[:, : count - 1], ((0, 0), (1, 0)))
        different, which = np.unique(fed, axis=0, return_inverse=True)
        states = [
            _read(self.model, weights, self.model.start(1, room), row[None]) for row in different
        ]
        state = self.model.joined([states[place] for place in which.ravel()])
        return state, jnp.asarray(known[:, count - 1])


@partial(jax.jit, static_argnames=("model",), donate_argnums=2)
def _read(model: Any, weights: Weights, state: Any, tokens: Int32[Array, "batch count"]) -> Any:
    """Takes what is known in one pass."""
    return model.read(weights, state, tokens)


@partial(jax.jit, static_argnames=("model", "top_k", "top_p"), donate_argnums=2)
def _draw_stretch(
    model: Any,
    weights: Weights,
    carry: tuple[Any, Int32[Array, " batch"]],
    columns: tuple[Float[Array, "steps batch"], Int32[Array, "steps batch"], Bool[Array, " steps"]],
    temperature: Float[Array, " batch"],
    ids: Int32[Array, " colors"],
    *,
    top_k: int,
    top_p: float | None,
) -> tuple[tuple[Any, Int32[Array, " batch"]], Int32[Array, "steps batch"]]:
    """Goes on by some tokens; forced where the column is known, drawn elsewhere.

    `weights` have a head for `ids` only, which are all that can be drawn.
    """

    def body(carry: Any, column: Any) -> Any:
        state, token = carry
        uniform, known, is_known = column
        logits, state = model.step(weights, state, token)
        drawn = draw(logits, uniform, temperature=temperature, top_k=top_k, top_p=top_p)
        token = jnp.where(is_known, known, ids[drawn])
        return (state, token), token

    return jax.lax.scan(body, carry, columns)


@jax.jit
def _columns(head: Weights, ids: Int32[Array, " colors"]) -> Weights:
    """A head that gives the logits of some ids and leaves out all others."""
    return jax.tree.map(lambda leaf: leaf[..., ids], head)


@partial(jax.jit, static_argnames=("length",))
def _uniforms(seed: int, streams: np.ndarray, length: int) -> Float[Array, "length batch"]:
    """The random numbers of some pictures, from the seed and their numbers alone."""
    keys = jax.vmap(lambda stream: jax.random.fold_in(jax.random.key(seed), stream))(streams)
    return jax.vmap(lambda key: jax.random.uniform(key, (length,)))(keys).T


def _stretch(length: int) -> int:
    """The longest stretch up to STRETCH that divides the length, so that one program serves all."""
    best = max(size for size in range(1, STRETCH + 1) if length % size == 0)
    return best if best >= min(length, 16) else length


def _room(length: int, needed: int) -> int:
    """Tokens that the cache has room for, when so many are needed."""
    return next(room for part in ROOMS if (room := -(-length // part)) >= needed)
