"""A new model that begins with what a trained one has learned, as far as it fits.

Weights are taken by their names where their shapes are the same. What belongs to ids, rows of the
embedding and columns of the head, goes by what the ids mean: a colour begins as the nearest one
that was known, a word as itself. All else is drawn as for any new model.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pixace.models.language_model import Weights
from pixace.special_tokens import FIRST_ID
from pixace.text.vocabulary import Vocabulary
from pixace.tokenizers import Tokenizer
from pixace.tokenizers.pixel import PixelTokenizer

EMBEDDING, HEAD, BIAS = "embedding/table", "head/kernel", "head/bias"


@dataclass(frozen=True)
class Learned:
    """What a trained model brings along.

    Attributes:
      name: of the model.
      weights: float32 by name.
      tokenizer: of its pictures.
      vocabulary: its words, if it has any.
    """

    name: str
    weights: Mapping[str, np.ndarray]
    tokenizer: Tokenizer
    vocabulary: Vocabulary | None


@dataclass(frozen=True)
class WarmStart:
    """Weights to begin with.

    Attributes:
      weights: of the new model.
      said: a line on what is kept and what is new.
    """

    weights: Weights
    said: str


def warm_start(
    fresh: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary | None,
    learned: Learned,
) -> WarmStart:
    """A new model's weights with all that fits of a trained one's.

    Args:
      fresh: float32 by name, as the new model draws them.
      tokenizer: of its pictures.
      vocabulary: its words, if it has any.
      learned: what the trained model brings along.
    """
    old, weights, new = learned.weights, OrderedDict[str, np.ndarray](fresh), list[str]()
    for name in fresh.keys() - {EMBEDDING, HEAD, BIAS}:
        if name in old and old[name].shape == fresh[name].shape:
            weights[name] = old[name]
        else:
            new.append(name)
    ids, how = _colours(tokenizer, learned.tokenizer)
    if ids is None or old[EMBEDDING].shape[1] != fresh[EMBEDDING].shape[1]:
        new += [EMBEDDING, HEAD, BIAS]
    else:
        table = np.array(fresh[EMBEDDING])
        table[: len(ids)] = old[EMBEDDING][ids]
        for place, word in enumerate(vocabulary.words if vocabulary else ()):
            if learned.vocabulary and learned.vocabulary.knows(word):
                known = learned.vocabulary.first + learned.vocabulary.words.index(word)
                table[len(ids) + place] = old[EMBEDDING][known]
        weights[EMBEDDING] = table
        weights[HEAD], weights[BIAS] = old[HEAD][:, ids], old[BIAS][ids]
    strange = [word for word in _words(vocabulary) if word not in _words(learned.vocabulary)]
    news = [
        f"{how}" * (ids is not None),
        f"{len(strange):,} of {len(_words(vocabulary)):,} words are new" * bool(strange),
        f"new are {_shortened(new)}" * bool(new),
    ]
    more = "; ".join(filter(None, news))
    return WarmStart(weights, f"begins with {learned.name}" + (f": {more}" if more else ""))


def _colours(new: Tokenizer, old: Tokenizer) -> tuple[np.ndarray | None, str]:
    """For each id of pictures the old one that it begins as, or None; and what to say of it."""
    same = np.arange(new.vocab_size)
    if isinstance(new, PixelTokenizer) and isinstance(old, PixelTokenizer):
        if new.colors.spec == old.colors.spec:
            return same, ""
        nearest = old.colors.encode(new.colors.decode(np.arange(new.colors.size)))
        return np.concatenate([same[:FIRST_ID], FIRST_ID + nearest]), "colours begin as the nearest"
    alike = {**new.arrays}.keys() == {**old.arrays}.keys() and all(
        np.array_equal(each, old.arrays[name]) for name, each in new.arrays.items()
    )
    if alike and new.vocab_size == old.vocab_size and type(new) is type(old):
        return same, ""
    return None, ""


def _words(vocabulary: Vocabulary | None) -> tuple[str, ...]:
    return vocabulary.words if vocabulary else ()


def _shortened(names: list[str]) -> str:
    """Names of weights, the parts of blocks as one."""
    parts = sorted({name.partition("/")[0] for name in names})
    return ", ".join(parts)
