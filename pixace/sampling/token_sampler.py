"""Draws rows of tokens from a model; what they stand for, others know.

The loop runs on the device and keeps the model's cache there; the host only sees the tokens of a
chunk when it is done. Every row has random numbers of its own, made from the seed and the row's
stream, so that the same seed gives the same tokens whatever their count and however they are
batched.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int
from tqdm import tqdm

from pixace.arrays import PrefixIds, Tokens
from pixace.errors import PixaceError
from pixace.models.language_model import LanguageModel, Weights
from pixace.sampling.decode_loop import Carry, programs, uniforms
from pixace.sampling.settings import SamplingSettings

# Tokens drawn between two looks of the host: enough to hide the call, few enough for a live bar.
DECODE_CHUNK = 128
# The cache holds a quarter of a picture, then two, three, and all: reading it is what costs time,
# and most of a picture is drawn before it is full. Each is a program to compile, while another one
# draws.
CAPACITIES = 4


@dataclass(frozen=True, eq=False)
class TokenSampler:
    """A model with its weights, and which of its ids may be drawn.

    Attributes:
      model: what gives the probabilities.
      weights: its own, float32.
      allowed: ids that may be drawn are True.
      compute_dtype: of the products, `float32` or `bfloat16`; another one draws other tokens.
    """

    model: LanguageModel
    weights: Weights
    allowed: Bool[np.ndarray, " vocab"]
    compute_dtype: str

    @property
    def length(self) -> int:
        """Tokens of a row, without the words in front."""
        return self.model.length - self.model.prefix

    def finish(
        self,
        known: Tokens,
        *,
        cut: int,
        streams: Int[np.ndarray, " n"],
        temperatures: Float[np.ndarray, " n"],
        prefixes: PrefixIds | None,
        settings: SamplingSettings,
        progress: bool = False,
        drawn: Callable[[Tokens], None] | None = None,
    ) -> Tokens:
        """Keeps the first `cut` columns of `known` and draws the rest, batch by batch.

        Args:
          known: int32 `(n, length)`; what stands after the cut plays no part.
          cut: tokens to keep, 0 … length.
          streams: which random numbers each row uses.
          temperatures: of each row; `settings.temperature` plays no part.
          prefixes: ids of the words in front of each row, int32 `(n, P)`; None asks for nothing.
          settings: how to draw.
          progress: a live bar on stderr.
          drawn: is given the rows of each batch as soon as they are there.

        Raises:
          PixaceError: the cut lies outside of a row.
        """
        rows, length = known.shape
        guidance = None if prefixes is None or settings.guidance == 1 else settings.guidance
        if prefixes is None:
            prefixes = np.zeros((rows, self.model.prefix), np.int32)
        if not 0 <= cut <= length:
            raise PixaceError(f"cannot cut after {cut} pixels: a picture has {length}")
        size = min(settings.batch_size, 1 << max(0, rows - 1).bit_length())
        ids = np.flatnonzero(self.allowed).astype(np.int32)
        weights = self.model.cast(self.weights, jnp.dtype(self.compute_dtype))
        weights = self.model.narrowed(weights, ids)
        decode, chunk = programs(self.model).decode, _chunk(length)
        how = {"top_k": settings.top_k, "top_p": settings.top_p if settings.top_p < 1 else None}
        done, first = [], min(cut, length - 1) // chunk * chunk
        beginnings, later = range(first, length, chunk), dict[int, Future[None]]()
        with (
            _background() as compiler,
            tqdm(
                total=rows * length,
                desc="drawing",
                unit="px",
                unit_scale=True,
                leave=False,
                file=sys.stderr,
                disable=None if progress else True,
            ) as bar,
        ):
            for start in range(0, rows, size):
                here = np.arange(start, start + size) % rows  # the last batch is filled by repeats
                real = min(size, rows - start)
                uniform = uniforms(np.uint32(settings.seed), streams[here], length)
                begun = np.hstack([prefixes[here], known[here, :first]])
                if guidance is not None:  # the same without words
                    begun = np.vstack([begun, begun])
                    begun[size:, : self.model.prefix] = 0
                carry = self._begun(weights, begun)
                columns = [known[here, :first]]
                bar.update(real * first)
                for begin in beginnings:
                    part = slice(begin, begin + chunk)
                    capacity = self._capacity(begin + chunk)
                    state, token = carry
                    others = (
                        (
                            uniform[part],
                            jnp.asarray(known[here, part].T),
                            jnp.arange(begin, begin + chunk) < cut,
                        ),
                        jnp.asarray(temperatures[here], jnp.float32),
                        jnp.asarray(ids),
                        guidance,
                    )
                    if (start, begin) == (0, first):
                        larger = {self._capacity(each + chunk) for each in beginnings} - {capacity}
                        for more in sorted(larger):
                            grown = jax.eval_shape(
                                partial(self.model.widened, capacity=more), state
                            )
                            arguments = weights, (grown, jax.typeof(token)), *others
                            later[more] = compiler.submit(_compile, decode, arguments, how)
                    if capacity in later:
                        later[capacity].result()
                    state = self.model.widened(state, capacity)
                    carry, tokens = decode(weights, (state, token), *others, **how)
                    columns.append(np.asarray(tokens).T)
                    bar.update(real * chunk)
                done.append(np.concatenate(columns, axis=1)[:real])
                if drawn:
                    drawn(done[-1])
        return np.concatenate(done) if done else known

    def _begun(self, weights: Weights, begun: Tokens) -> Carry:
        """The model's memory of the first tokens of some rows, and the last of these tokens.

        Each beginning is read alone, and once: read together, the last digits of one would depend
        on how many others there are.
        """
        rows, count = begun.shape
        capacity = self._capacity(count - self.model.prefix)
        if not count:
            return self.model.start(rows, capacity), jnp.zeros(rows, jnp.int32)
        fed = np.pad(begun[:, :-1], ((0, 0), (1, 0)))
        different, which = np.unique(fed, axis=0, return_inverse=True)
        prefill = programs(self.model).prefill
        states = [prefill(weights, self.model.start(1, capacity), row[None]) for row in different]
        state = self.model.joined([states[place] for place in which.ravel()])
        return state, jnp.asarray(begun[:, -1])

    def _capacity(self, needed: int) -> int:
        """Tokens that the cache holds, when so many are needed besides the words."""
        return self.model.prefix + _capacity(self.length, needed)


def _compile(program: Any, arguments: tuple[Any, ...], how: dict[str, Any]) -> None:
    """Has JAX keep a program for arguments of such shapes; the next call finds it."""
    program.lower(*arguments, **how).compile()


@contextmanager
def _background() -> Iterator[Executor]:
    """A thread beside this one; what it has not begun is forgotten at the end."""
    thread = ThreadPoolExecutor(1)
    try:
        yield thread
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _chunk(length: int) -> int:
    """The longest chunk up to DECODE_CHUNK that divides the length: one program serves all."""
    best = max(size for size in range(1, DECODE_CHUNK + 1) if length % size == 0)
    return best if best >= min(length, 16) else length


def _capacity(length: int, needed: int) -> int:
    """The smallest capacity that is enough."""
    capacities = (-(-length * part // CAPACITIES) for part in range(1, CAPACITIES + 1))
    return next(capacity for capacity in capacities if capacity >= needed)
