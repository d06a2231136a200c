"""Language models by name."""

from collections.abc import Callable

from pixace.errors import ConfigError, unknown
from pixace.models.language_model import LanguageModel
from pixace.models.reformer import reformer
from pixace.models.transformer import transformer

KINDS: dict[str, Callable[..., LanguageModel]] = {"transformer": transformer, "reformer": reformer}

__all__ = ["KINDS", "LanguageModel", "by_kind", "reformer", "transformer"]


def by_kind(kind: str) -> Callable[..., LanguageModel]:
    """The function that builds models of this kind.

    Raises:
      ConfigError: there is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(unknown("model", kind, KINDS))
    return KINDS[kind]
