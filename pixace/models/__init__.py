"""Language models by name."""

from collections.abc import Callable

from pixace.models.lm import LanguageModel
from pixace.models.shape import unknown
from pixace.models.transformer import transformer

KINDS: dict[str, Callable[..., LanguageModel]] = {"transformer": transformer}

__all__ = ["KINDS", "LanguageModel", "by_kind", "transformer"]


def by_kind(kind: str) -> Callable[..., LanguageModel]:
    """The function that builds models of this kind.

    Raises:
      ConfigError: there is no such kind.
    """
    if kind not in KINDS:
        raise unknown("model", kind, tuple(KINDS))
    return KINDS[kind]
