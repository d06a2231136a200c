"""The programs that draw tokens on the device: what is known in one pass, the rest one by one."""

from collections.abc import Callable
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int32

from pixace.models.language_model import LanguageModel, LmState, Weights
from pixace.sampling.next_token import draw

MODELS = 8  # whose programs are kept; a server that loads one after the other forgets the oldest

Carry = tuple[LmState, Int32[Array, " rows"]]
Columns = tuple[Float[Array, "steps batch"], Int32[Array, "steps batch"], Bool[Array, " steps"]]


class Programs:
    """What one model draws with, compiled as it is first called.

    Attributes:
      prefill: `prefill(weights, state, tokens) -> state`, as the model's; the state is given away.
      decode: `decode(weights, carry, columns, temperature, ids, guidance, top_k=, top_p=)`, as
        `decode_chunk`; the carry is given away.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.prefill: Callable[..., LmState] = jax.jit(model.prefill, donate_argnums=1)
        self.decode: Any = jax.jit(
            partial(decode_chunk, model), static_argnames=("top_k", "top_p"), donate_argnums=1
        )


def programs(model: LanguageModel) -> Programs:
    """The programs of a model: the same for all that are equal, of the last few `MODELS`."""
    with _one_at_a_time:
        return _programs(model)


_one_at_a_time = Lock()  # or two threads might each make a set, and compile it
_programs = lru_cache(maxsize=MODELS)(Programs)


def decode_chunk(
    model: LanguageModel,
    weights: Weights,
    carry: Carry,
    columns: Columns,
    temperature: Float[Array, " batch"],
    ids: Int32[Array, " colors"],
    guidance: float | Float[Array, ""] | None = None,
    *,
    top_k: int,
    top_p: float | None,
) -> tuple[Carry, Int32[Array, "steps batch"]]:
    """Goes on by some tokens; forced where the column is known, drawn elsewhere.

    Args:
      model: a language model.
      weights: with a head for `ids` only, which are all that can be drawn.
      carry: the model's memory, and the last token of each row.
      columns: uniform random numbers, what is known, and whether it is.
      temperature: of each picture.
      ids: what may be drawn.
      guidance: how far to go from the logits without words, 0, to those with them, 1, and beyond.
        There are two rows then for each picture, first all with their words, then all without.
        None: a row is a picture.
      top_k: as `draw` takes it.
      top_p: as `draw` takes it.

    Returns:
      The carry for the next chunk, and what was drawn.

    Source: Ho and Salimans 2022, "Classifier-Free Diffusion Guidance", section 3.2, with logits of
    the next token in place of scores; `guidance` is their w + 1.
    """

    def body(carry: Any, column: Any) -> Any:
        state, token = carry
        uniform, known, is_known = column
        logits, state = model.decode_step(weights, state, token)
        if guidance is not None:
            led, free = jnp.split(logits, 2)
            logits = free + guidance * (led - free)
        drawn = draw(logits, uniform, temperature=temperature, top_k=top_k, top_p=top_p)
        chosen = jnp.where(is_known, known, ids[drawn])
        return (state, chosen if guidance is None else jnp.tile(chosen, 2)), chosen

    return jax.lax.scan(body, carry, columns)


@partial(jax.jit, static_argnames=("length",))
def uniforms(
    seed: int | np.uint32 | Array, streams: Int[Array | np.ndarray, " batch"], length: int
) -> Float[Array, "length batch"]:
    """The random numbers of some pictures, from the seed and their numbers alone."""
    keys = jax.vmap(lambda stream: jax.random.fold_in(jax.random.key(seed), stream))(streams)
    return jax.vmap(lambda key: jax.random.uniform(key, (length,)))(keys).T
