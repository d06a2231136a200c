"""Rows of tokens as bytes, by the probabilities of a language model; and back, exactly.

Both ways are one walk: rows go in stretches of `STRETCH`, the last one filled up, and within a
stretch position by position. At each of them the same compiled program says how likely each id is,
in the same shapes; so it gives the same numbers to whoever has the same machine, and what a row
costs never depends on how many others there are. The parallel pass of a training, whose sums come
in another order, has no part in it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Int32

from pixace.arrays import Tokens
from pixace.evaluation.range_coder import TOTAL, Decoder, Encoder
from pixace.models.language_model import LanguageModel, LmState, Weights
from pixace.runtime.progress import progress_bar

STRETCH = 32  # rows, two blocks of a product; another number makes another format of files

Ends = Int[np.ndarray, "rows parts"]
# What one position of some rows is: given where the parts of 0 … TOTAL end, the numbers of the ids.
Turn = Callable[[slice, int, Ends], Int[np.ndarray, " rows"]]


def compress(
    model: LanguageModel,
    weights: Weights,
    allowed: Bool[np.ndarray, " vocab"],
    rows: Tokens,
    *,
    dtype: Any,
    progress: bool = False,
) -> bytes:
    """Rows to bytes.

    Args:
      model: what gives the probabilities; one of captions gives those without any.
      weights: its own, float32.
      allowed: the ids that can occur.
      rows: int32 (n, length), of such ids.
      dtype: of the products.
      progress: a live bar on stderr.
    """
    ids, encoder = np.flatnonzero(allowed), Encoder()
    places = np.searchsorted(ids, rows)

    def turn(which: slice, position: int, ends: Ends) -> np.ndarray:
        here = places[which, position]
        number = np.arange(len(here))
        starts = ends[number, here]
        widths = ends[number, here + 1] - starts
        for start, width in zip(starts.tolist(), widths.tolist(), strict=True):
            encoder.encode(start, width)
        return here

    _walk(model, weights, ids, len(rows), turn, dtype, "compressing", progress)
    return encoder.finish()


def decompress(
    model: LanguageModel,
    weights: Weights,
    allowed: Bool[np.ndarray, " vocab"],
    data: bytes,
    count: int,
    *,
    dtype: Any,
    progress: bool = False,
) -> Tokens:
    """Bytes to rows, int32 (count, length); bytes that are not of this model give any rows.

    Args:
      model: as `compress`.
      weights: likewise.
      allowed: likewise.
      data: what `compress` gave.
      count: how many rows that were.
      dtype: as `compress`.
      progress: likewise.
    """
    ids, decoder = np.flatnonzero(allowed), Decoder(data)
    rows = np.empty((count, model.length - model.prefix), np.int32)

    def turn(which: slice, position: int, ends: Ends) -> np.ndarray:
        here = np.empty(len(ends), np.int64)
        for number, parts in enumerate(ends):
            place = int(parts.searchsorted(decoder.target(), "right")) - 1
            decoder.take(int(parts[place]), int(parts[place + 1] - parts[place]))
            here[number] = place
        rows[which, position] = ids[here]
        return here

    _walk(model, weights, ids, count, turn, dtype, "decompressing", progress)
    return rows


def parts(frequencies: Int32[np.ndarray, "rows ids"]) -> Ends:
    """Where the parts of 0 … `TOTAL` begin and end; what is left over goes to the likeliest id.

    Args:
      frequencies: 1 or more, of all ids together about `TOTAL`.
    """
    own = frequencies.astype(np.int64)
    rest = TOTAL - own.sum(1)
    own[np.arange(len(own)), own.argmax(1)] += rest
    return np.pad(own.cumsum(1), ((0, 0), (1, 0)))


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def _step(
    model: LanguageModel, weights: Weights, state: LmState, token: Array
) -> tuple[Int32[Array, "rows ids"], LmState]:
    """One token further: how frequent each id is to be next, as shares of about `TOTAL`.

    These whole numbers leave the device, and all else is made of them there: a float that two
    parts of a program compute each for itself may differ between them.
    """
    logits, state = model.decode_step(weights, state, token)
    odds = jax.nn.softmax(logits.astype(jnp.float32))
    return jnp.floor(odds * (TOTAL - odds.shape[1])).astype(jnp.int32) + 1, state


def _walk(
    model: LanguageModel,
    weights: Weights,
    ids: Int[np.ndarray, " ids"],
    count: int,
    turn: Turn,
    dtype: Any,
    work: str,
    progress: bool,
) -> None:
    """Takes the turn of each position of all rows, and tells the model what it was."""
    weights = model.narrowed(model.cast(weights, dtype), ids)
    length = model.length - model.prefix
    with progress_bar(work, count * length, "px", unit_scale=True, progress=progress) as bar:
        for start in range(0, count, STRETCH):
            which = slice(start, min(start + STRETCH, count))
            real = which.stop - start
            state, token = model.start(STRETCH), np.zeros(STRETCH, np.int32)
            for position in range(-model.prefix, length):
                frequencies, state = _step(model, weights, state, token)
                token = np.zeros(STRETCH, np.int32)
                if position >= 0:
                    ends = parts(np.asarray(frequencies)[:real])
                    token[:real] = ids[turn(which, position, ends)]
                    bar.update(real)
