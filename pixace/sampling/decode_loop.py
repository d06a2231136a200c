"""The programs that draw tokens on the device: what is known in one pass, the rest one by one."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from pixace.models.language_model import Weights
from pixace.sampling.next_token import draw


@partial(jax.jit, static_argnames=("model",), donate_argnums=2)
def read(model: Any, weights: Weights, state: Any, tokens: Int32[Array, "batch count"]) -> Any:
    """Takes what is known in one pass."""
    return model.prefill(weights, state, tokens)


@partial(jax.jit, static_argnames=("model", "top_k", "top_p"), donate_argnums=2)
def draw_stretch(
    model: Any,
    weights: Weights,
    carry: tuple[Any, Int32[Array, " rows"]],
    columns: tuple[Float[Array, "steps batch"], Int32[Array, "steps batch"], Bool[Array, " steps"]],
    temperature: Float[Array, " batch"],
    ids: Int32[Array, " colors"],
    guidance: float | None = None,
    *,
    top_k: int,
    top_p: float | None,
) -> tuple[tuple[Any, Int32[Array, " rows"]], Int32[Array, "steps batch"]]:
    """Goes on by some tokens; forced where the column is known, drawn elsewhere.

    Args:
      model: a language model.
      weights: with a head for `ids` only, which are all that can be drawn.
      carry: the model's memory, and the last token of each row.
      columns: random numbers, what is known, and whether it is.
      temperature: of each picture.
      ids: what may be drawn.
      guidance: how far to go from the odds without words, 0, to those with them, 1, and beyond.
        There are two rows then for each picture, first all with their words, then all without.
        None: a row is a picture.
      top_k: as `draw` takes it.
      top_p: as `draw` takes it.

    Returns:
      The carry for the next stretch, and what was drawn.

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
def uniforms(seed: np.uint32, streams: np.ndarray, length: int) -> Float[Array, "length batch"]:
    """The random numbers of some pictures, from the seed and their numbers alone."""
    keys = jax.vmap(lambda stream: jax.random.fold_in(jax.random.key(seed), stream))(streams)
    return jax.vmap(lambda key: jax.random.uniform(key, (length,)))(keys).T
