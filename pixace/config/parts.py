"""Everything that a gin file may bind, in one list, and what becomes of it: plain settings.

The rest of pixace takes these as arguments, so that tests call it directly and this list is the
whole surface. What cannot be bound is decided by the data or by the command.

Settings come as one flat mapping, `{"train.steps": 10, …}`: what is bound, or what a run was begun
with. They are checked here, and handed on as a value each; nothing is remembered.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pixace import models, ranges
from pixace.config.bindings import REQUIRED, Macro
from pixace.data.preprocessing import Preprocessing
from pixace.errors import ConfigError
from pixace.models import hyperparameters
from pixace.models.reformer import ATTENTION, attention_defaults
from pixace.models.reformer import DECIDED as BY_REFORMER
from pixace.runs.description import ModelRecord
from pixace.text.captions import Captions
from pixace.training.settings import CodebookSettings, TrainSettings

Settings = Mapping[str, Any]


def _model(*, kind: str = "transformer") -> None:
    """Which model."""


_TAKERS: dict[str, Callable[..., Any]] = {
    "model": _model,
    "train": TrainSettings,
    "codebook": CodebookSettings,
    "pictures": Preprocessing,
    "captions": Captions,
    **models.KINDS,
}
_OWN = "attention_settings"  # of a model: bound one by one, by the name of Trax's layer
_DECIDED = (*models.DECIDED, _OWN)


def name(said: str) -> str:
    """The name of a setting or a macro, as it is known here.

    Raises:
      ValueError: nothing has this name, or nobody may bind it.
    """
    short = said.removeprefix("pixace.").removeprefix("trax.layers.")
    part, _, key = short.rpartition(".")
    if "/" in said:
        raise ValueError(f"{said} is for a scope of gin's, and pixace has none; leave it out")
    if not part:
        return said
    if part not in (*_TAKERS, *ATTENTION.values()):
        raise ValueError(f"nothing has a setting {said}{near(said, defaults(_TAKERS))}")
    if short not in defaults([part]):
        decided = BY_REFORMER if part in ATTENTION.values() else _DECIDED
        why = "is decided by the data or the model" if key in decided else "is no setting"
        raise ValueError(f"{said} {why}{near(said, defaults([part]))}")
    return short


def is_model(part: str) -> bool:
    """Whether it is a kind of models."""
    return part in models.KINDS


def kind(settings: Settings) -> str:
    """The kind of model.

    Raises:
      ConfigError: there is no such kind.
    """
    named: str = {"kind": "transformer", **_given(settings, "model")}["kind"]
    models.by_kind(named)
    return named


def used(command: str, settings: Settings) -> tuple[str, ...]:
    """What a command uses of all that can be bound.

    Args:
      command: `train`, `codebook` or `import`.
      settings: of which the model's own kind decides more.

    Raises:
      ConfigError: there is no such kind of models.
    """
    if command == "codebook":
        return "codebook", "pictures"
    named = kind(settings)
    parts = ["model", named]
    if named == "reformer" and (layer := ATTENTION.get(settings.get("reformer.attention", "full"))):
        parts.append(layer)
    return (*parts, "train", "pictures", "captions") if command == "train" else (*parts,)


def defaults(parts: Iterable[str]) -> dict[str, Any]:
    """All that can be bound of some parts, such as `train.steps`, with the defaults."""
    found: dict[str, Any] = {}
    for part in parts:
        if part in ATTENTION.values():
            known = attention_defaults(part)
        else:
            signature = inspect.signature(_TAKERS[part]).parameters.values()
            known = {each.name: each.default for each in signature if each.name not in _DECIDED}
        found |= {f"{part}.{key}": default for key, default in known.items()}
    return found


def model(settings: Settings) -> ModelRecord:
    """The model: its kind and all of its settings.

    Raises:
      ConfigError: no such kind, or numbers that cannot be meant whatever the pictures are.
    """
    named = kind(settings)
    given = models.defaults(named) | _given(settings, named)
    if _OWN in given:
        layer = ATTENTION.get(given["attention"], "")
        given[_OWN] = {
            key: _value(f"{layer}.{key}", value) for key, value in _of(settings, layer).items()
        }
    hyperparameters.check(models.by_kind(named), given)
    return ModelRecord(named, given)


def pictures(settings: Settings) -> Preprocessing:
    """How pictures become tokens.

    Raises:
      PixaceError: a number cannot be meant.
    """
    return Preprocessing(**_given(settings, "pictures"))


def captions(settings: Settings) -> Captions:
    """Whether and how captions are learned.

    Raises:
      ConfigError: a template makes no sense, or a number cannot be meant.
    """
    return Captions(**_given(settings, "captions"))


def train(settings: Settings) -> TrainSettings:
    """How a language model is trained.

    Raises:
      ConfigError: as `TrainSettings`.
    """
    return TrainSettings(**_given(settings, "train"))


def codebook(settings: Settings) -> CodebookSettings:
    """How a codebook is trained.

    Raises:
      ConfigError: as `CodebookSettings`.
    """
    return CodebookSettings(**_given(settings, "codebook"))


def flat_model(record: ModelRecord) -> dict[str, Any]:
    """The way back from `model`: its settings by the names that they are bound by."""
    own = record.settings.get(_OWN) or {}
    settings = {key: value for key, value in record.settings.items() if key != _OWN}
    layer = ATTENTION.get(settings.get("attention", ""), "")
    by_part = {"model": {"kind": record.kind}, record.kind: settings, layer: own}
    return {f"{part}.{key}": it for part, named in by_part.items() for key, it in named.items()}


def near(said: str, *known: Iterable[str]) -> str:
    """A question after the nearest of some names: of the whole, or of what follows its dot."""
    short = said.rpartition(".")[2].lower()
    every = [each for names in known for each in names]
    for of, candidates in (
        (said.lower(), {each.lower(): each for each in every}),
        (short, {each.rpartition(".")[2].lower(): each for each in reversed(every)}),
    ):
        found = difflib.get_close_matches(of, candidates, n=1, cutoff=0.75)
        if found:
            return f"; did you mean {candidates[found[0]]}?"
    return "; leave it out"


def _of(settings: Settings, part: str) -> dict[str, Any]:
    named = f"{part}."
    return {
        name.removeprefix(named): value
        for name, value in settings.items()
        if name.startswith(named)
    }


def _given(settings: Settings, part: str) -> dict[str, Any]:
    """What is said of one part, with its types checked."""
    values = {key: _value(f"{part}.{key}", each) for key, each in _of(settings, part).items()}
    return ranges.typed(part, _TAKERS[part], values)


def _value(name: str, value: Any) -> Any:
    """A value that is one.

    Raises:
      ConfigError: it is a macro that stands for nothing.
    """
    if isinstance(value, Macro):
        missing = "" if value.name == REQUIRED else f", as {value.name} has none"
        raise ConfigError(f"{name} has no value yet{missing}; set it in a gin file or with --set")
    return value
