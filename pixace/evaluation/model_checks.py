"""Whether a model is as it should be: blind for what comes later, the same with a cache or without.

Weights that a model begins with are zeros where blocks add to the features, and zeros hide whatever
goes wrong behind them; so new models are looked at with weights that are all drawn at random.
"""

import time
from collections import OrderedDict
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from pixace.arrays import Tokens
from pixace.data.batches import Batch
from pixace.data.token_set import TokenSet
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.finding import Finding, worst
from pixace.evaluation.likelihood import evaluate, validation_loss
from pixace.evaluation.yardsticks import yardsticks
from pixace.models.language_model import LanguageModel, LmState, Weights
from pixace.spacing import evenly

NOISE = 0.1  # standard deviation of random weights, around 1 where they scale features, else 0
CHANGED = 8  # tokens that are changed, one in each row
CHUNK = 64  # tokens at a time, at most, that are decoded one by one
APART = 1e-3  # logits with cache and without, as a share of the largest
NEAR = 0.02  # of the loss: what must be equal
SURE = 4  # times ln K: a model that begins so is sure of what is wrong
JUDGED = 32  # pictures
HASHED = "hashed attention does so by design; for full attention: --set reformer.attention='full'"


def random_weights(model: LanguageModel) -> Weights:
    """Weights of about the size of trained ones, drawn at random, always the same, float32."""
    random = np.random.default_rng(0)
    return OrderedDict(
        (name, jnp.asarray(random.normal(name.endswith("/scale"), NOISE, it.shape), jnp.float32))
        for name, it in model.shapes.items()
    )


def random_rows(model: LanguageModel, allowed: Bool[np.ndarray, " vocab"], count: int) -> Tokens:
    """Rows of ids that can occur, drawn at random, always the same; without words."""
    ids = np.random.default_rng(0).choice(np.flatnonzero(allowed), (count, model.length))
    ids[:, : model.prefix] = 0
    return ids.astype(np.int32)


def leak(
    model: LanguageModel,
    weights: Weights,
    allowed: Bool[np.ndarray, " vocab"],
    *,
    hashed: bool = False,
) -> Finding:
    """Whether a position knows its own token, or one that comes later.

    Token i is changed: all positions up to i must give the same features, to the last bit, as they
    are to guess their tokens from those before.

    Args:
      model: of at least one token.
      weights: its own, none of them zeros that hide something.
      allowed: which ids of pictures can occur.
      hashed: whether its attention is hashed, which leaks a little by design.
    """
    name, pixels = "leak", model.length - model.prefix
    rows = np.repeat(random_rows(model, allowed, 1), CHANGED, 0)
    places = model.prefix + np.resize(evenly(pixels, CHANGED), CHANGED)
    other, own = rows.copy(), np.arange(CHANGED)
    ids = np.flatnonzero(allowed)
    other[own, places] = ids[(np.searchsorted(ids, rows[own, places]) + 1) % len(ids)]
    before, after = (np.asarray(_hidden(model, weights, each)) for each in (rows, other))
    differs = (before != after).any(-1)
    at = np.arange(model.length)
    known = differs & (at <= places[:, None])
    facts = {"changed": places.tolist(), "leaking": int(known.any(1).sum())}
    if known.any():
        row = int(np.flatnonzero(known.any(1))[-1])
        return Finding(
            name,
            "look" if hashed else "broken",
            f"position {int(known[row].argmax())} knows token {places[row]}, which it is to guess "
            "or comes later",
            HASHED
            if hashed
            else "the model's mask or its shift to the right is wrong: it learns "
            "to copy, its loss means nothing, and it draws noise",
            facts,
        )
    if not (differs.any(1) | (places == at[-1])).all() and len(ids) > 1:
        row = int((~differs.any(1)).argmax())
        return Finding(
            name,
            "broken",
            f"no position knows token {places[row]} before it",
            "the model does not see its input; no training can mend that",
            facts,
        )
    return Finding(
        name,
        "ok",
        f"none: {len({*facts['changed']})} tokens changed, and no position up to theirs saw it",
        facts=facts,
    )


def cache(
    model: LanguageModel,
    weights: Weights,
    allowed: Bool[np.ndarray, " vocab"],
    until: float,
    *,
    hashed: bool = False,
) -> Finding:
    """Whether tokens one by one, as they are drawn, give the logits that whole rows give.

    Args:
      model: of at least one token.
      weights: its own.
      allowed: which ids of pictures can occur.
      until: of `time.perf_counter`; what comes later is not compared.
      hashed: whether its attention is hashed, in training alone.
    """
    rows = random_rows(model, allowed, 2)
    fed = np.pad(rows, ((0, 0), (1, 0)))[:, :-1]
    hidden = _hidden(model, weights, rows)
    chunk = max(size for size in range(1, CHUNK + 1) if model.length % size == 0)
    state, apart, largest, done = model.start(len(rows)), 0.0, 0.0, 0
    while done < model.length and (not done or time.perf_counter() < until):
        here = slice(done, done + chunk)
        found, state = _decoded(model, weights, state, fed[:, here], hidden[:, here])
        apart, largest = np.maximum((apart, largest), np.asarray(found)).tolist()
        done += chunk
    good = apart <= APART * max(1.0, largest)  # not so if it is no number
    return Finding(
        "cache",
        "ok" if good else "look" if hashed else "broken",
        f"logits of {done:,} of {model.length:,} tokens, drawn one by one, are at most {apart:.1g} "
        f"from those of whole rows, up to {largest:.3g}",
        ""
        if good
        else HASHED
        if hashed
        else "what is drawn is not what was learned: "
        "`decode_step` and `hidden` must compute the same",
        {"apart": apart, "largest": largest, "tokens": done},
    )


def start(model: LanguageModel, weights: Weights, batch: Batch) -> Finding:
    """Whether the loss is counted right, and begins near that of one who knows nothing.

    Without its last map a model knows nothing of what came before: then the loss must be that of
    the head's bias alone, ln K for zeros, and the entropy of the frequencies for their logarithm.

    Args:
      model: any.
      weights: new ones.
      batch: some pictures.
    """
    loss, bias = validation_loss(model), np.asarray(weights["head/bias"], np.float64)
    odds = bias - np.log(np.exp(bias - bias.max()).sum()) - bias.max()
    shares = np.asarray(batch.weights)
    pixels = np.where(shares > 0, batch.tokens, 0)  # words have no odds
    wanted = float(-(odds[pixels] * shares).sum() / shares.sum())
    nothing = OrderedDict({**weights, "head/kernel": jnp.zeros_like(weights["head/kernel"])})
    blank, begins = loss(nothing, [batch]), loss(weights, [batch])
    uniform = float(np.log(len(bias)))
    wrong = not abs(blank - wanted) <= NEAR * wanted
    sure = not begins <= SURE * uniform
    advice = ""
    if wrong:
        advice = "the loss is not the negative log-likelihood of each token; see the model's `loss`"
    elif sure:
        advice = "weights begin too large; look at the initialisers and train.features"
    return Finding(
        "loss at the start",
        worst((wrong, "broken"), (sure, "look")),
        f"{blank:.3f} nats of one who knows {'frequencies' if bias.any() else 'nothing'}, and it "
        f"should be {wanted:.3f}; with its first guess {begins:.3f}; ln K is {uniform:.3f}",
        advice,
        {"nothing": blank, "wanted": wanted, "begins": begins, "uniform": uniform},
    )


def learned(model: LanguageModel, weights: Weights, data: TokenSet, dtype: Any) -> Finding:
    """Whether a trained model is better than ways that know nothing of pictures.

    Args:
      model: whose prefix, if it has one, stays empty.
      weights: trained ones.
      data: held-out pictures, or training pictures where there are none.
      dtype: of the products.
    """
    chosen = EvaluationSet.of(data, JUDGED)
    bits = evaluate(model, weights, data, chosen, dtype=dtype).bits_per_pixel
    bars = yardsticks(data, chosen)
    state = worst(
        (not bits < bars.uniform, "broken"),
        (not bits < min(bars.neighbours, bars.frequencies), "look"),
    )
    advice = {
        "ok": "",
        "look": "it has not learned more than that pixels are like their neighbours; train longer",
        "broken": "it knows less than nothing of these pictures; are they those of its training?",
    }[state]
    return Finding(
        "what it learned",
        state,
        f"{bits:.3f} bits per pixel on {chosen.pictures:,} {chosen.name} pictures; neighbours "
        f"{bars.neighbours:.3f}, frequencies {bars.frequencies:.3f}, uniform {bars.uniform:.3f}",
        advice,
        {"bits_per_pixel": bits, **vars(bars)},
    )


@partial(jax.jit, static_argnums=0)
def _hidden(
    model: LanguageModel, weights: Weights, rows: Int[Array, "rows length"]
) -> Float[Array, "rows length d"]:
    with jax.default_matmul_precision("highest"):
        return model.hidden(weights, rows)


@partial(jax.jit, static_argnums=0)
def _decoded(
    model: LanguageModel,
    weights: Weights,
    state: LmState,
    fed: Int[Array, "rows new"],
    hidden: Float[Array, "rows new d"],
) -> tuple[Float[Array, "2"], LmState]:
    """How far logits are from those of features, and the largest of them; and the memory then."""

    def step(state: LmState, given: tuple[Array, Array]) -> tuple[LmState, Array]:
        token, features = given
        logits, state = model.decode_step(weights, state, token)
        wanted = model.logits(weights, features)
        return state, jnp.stack([jnp.abs(logits - wanted).max(), jnp.abs(wanted).max()])

    with jax.default_matmul_precision("highest"):
        state, found = jax.lax.scan(step, state, (fed.T, hidden.swapaxes(0, 1)))
    return found.max(0), state
