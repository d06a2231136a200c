"""Models: language models by name, and the networks of a codebook."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pixace.errors import ConfigError, unknown
from pixace.models import hyperparameters
from pixace.models.language_model import LanguageModel
from pixace.models.modern import modern
from pixace.models.reformer import reformer
from pixace.models.transformer import transformer

KINDS: dict[str, Callable[..., LanguageModel]] = {
    "transformer": transformer,
    "reformer": reformer,
    "modern": modern,
}

__all__ = [
    "KINDS",
    "LanguageModel",
    "build",
    "by_kind",
    "defaults",
    "modern",
    "reformer",
    "refuse_unknown",
    "transformer",
]

DECIDED = ("vocab_size", "length", "grid", "prefix", "words")  # by the pictures and their words


def by_kind(kind: str) -> Callable[..., LanguageModel]:
    """The function that builds models of this kind.

    Raises:
      ConfigError: there is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(unknown("model", kind, KINDS))
    return KINDS[kind]


def defaults(kind: str) -> dict[str, Any]:
    """The settings of a kind of models that have defaults, with them.

    Raises:
      ConfigError: there is no such kind.
    """
    known = inspect.signature(by_kind(kind)).parameters.values()
    has_one = (each for each in known if each.default is not each.empty)
    return {each.name: each.default for each in has_one if each.name not in DECIDED}


def build(
    kind: str,
    vocab_size: int,
    length: int,
    grid: tuple[int, int],
    *,
    prefix: int = 0,
    words: int = 0,
    numbers: int | None = None,
    **settings: Any,
) -> LanguageModel:
    """A language model, made of what is said here and of nothing else.

    Args:
      kind: `transformer`, `reformer` or `modern`.
      vocab_size: how many ids pictures have, start and blank among them.
      length: tokens of one row: those of the picture, and of the words in front of it.
      grid: (height, width) of the picture in tokens.
      prefix: tokens of the row that are words.
      words: how many words there are.
      numbers: how many there are in the weights that it is for, where these are there already.
      settings: what else this kind takes, see docs/settings.md.

    Raises:
      ConfigError: there is no such kind or no such setting, or they do not fit together; or the
        weights are too few, which is seen before anything is built.
    """
    refuse_unknown(kind, settings)
    sizes = {"vocab_size": vocab_size, "length": length, "grid": tuple(grid)}
    given = sizes | {"prefix": prefix, "words": words} | settings
    if numbers is not None:
        every = defaults(kind) | given
        hyperparameters.check(by_kind(kind), every)
        if (least := hyperparameters.least(every)) > numbers:
            raise ConfigError(f"it needs {least:,} numbers or more, and there are {numbers:,}")
    return _built(_Order(kind, given))


def refuse_unknown(kind: str, settings: Iterable[str]) -> None:
    """Refuses settings that a kind of models has not.

    Raises:
      ConfigError: names the first of them; or there is no such kind.
    """
    known = defaults(kind)
    for name in settings:
        if name not in known:
            raise ConfigError(unknown(f"setting of {kind}", name, known))


@dataclass(frozen=True, eq=False)
class _Order:
    """A kind and its settings, equal to another one that says the same."""

    kind: str
    given: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        return repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


@lru_cache(maxsize=8)
def _built(order: _Order) -> LanguageModel:
    """Models are pure, and to know their shapes costs seconds: whoever asks again shares one."""
    return by_kind(order.kind)(**order.given)
