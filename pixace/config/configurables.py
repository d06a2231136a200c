"""Everything that a gin file may bind, in one list.

The rest of pixace never imports gin: its functions take plain keywords, so that tests call them
directly and this list is the whole surface. Trax's own functions are registered where Trax is
loaded. What is denied here is decided by the data or by the command, never by a gin file.

gin only hands out what is bound; our functions are called as they are, so that an error keeps its
own words, to which gin would add some.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_origin, get_type_hints

import gin

from pixace import models, ranges
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.models import hyperparameters
from pixace.models.language_model import LanguageModel
from pixace.text.captions import Captioned, Captions
from pixace.text.vocabulary import Vocabulary
from pixace.tokenizers import Tokenizer, vq
from pixace.training.settings import CodebookSettings, TrainSettings

# Orders in which a window is one: whole rows, or whole columns, all the same way.
BY_LINES = ("raster", "column")
_FROM_DATA = ["vocab_size", "length", "grid", "prefix", "words"]


@gin.configurable(module="pixace")
def model(*, kind: str = "transformer") -> str:
    """Which model: `transformer` or `reformer`."""
    return kind


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "train": TrainSettings,
    "codebook": CodebookSettings,
    "pictures": Preprocessing,
    "captions": Captions,
    **models.KINDS,
}
_DENIED = dict.fromkeys(models.KINDS, _FROM_DATA)
_TYPES = {name: get_type_hints(each) for name, each in {"model": model, **_FUNCTIONS}.items()}
for _name, _function in _FUNCTIONS.items():
    gin.external_configurable(_function, f"pixace.{_name}", denylist=_DENIED.get(_name))


def is_part(name: str) -> bool:
    """Whether a name is one of pixace's own that can be bound, such as `train`."""
    return name in _TYPES


def is_model(name: str) -> bool:
    """Whether it is a kind of models."""
    return name in models.KINDS


def kind() -> str:
    """The kind of model that is bound.

    Raises:
      ConfigError: there is no such kind.
    """
    named = model(**_bound("model"))
    models.by_kind(named)
    return named


def settings(parts: Iterable[str]) -> dict[str, Any]:
    """All that can be bound of some parts, such as `train.steps`, with the defaults."""
    return {
        f"{part}.{key}": each.default
        for part in parts
        for key, each in inspect.signature({"model": model, **_FUNCTIONS}[part]).parameters.items()
        if key not in _DENIED.get(part, ())
    }


def language_model(tokenizer: Tokenizer, vocabulary: Vocabulary | None = None) -> LanguageModel:
    """The model that is bound, for a tokenizer's pictures and for words in front of them.

    Raises:
      ConfigError: no such kind, or its numbers are missing or do not fit together.
    """
    named = kind()
    words, length = {}, tokenizer.length
    if vocabulary is not None:
        words = {"prefix": vocabulary.length, "words": len(vocabulary.words)}
        length += vocabulary.length
    built = models.by_kind(named)(
        tokenizer.vocab_size, length, tokenizer.axes, **words, **_bound(named)
    )
    if built.window and tokenizer.order not in BY_LINES:
        raise ConfigError(
            f"{named}.window looks at the pixels around, which along {tokenizer.order} are not "
            f"near; use --order {' or '.join(BY_LINES)}, or leave it out"
        )
    return built


def check_training() -> None:
    """Refuses, before pictures are read, numbers that cannot be meant whatever the pictures are.

    Raises:
      ConfigError: names the first of them; or there is no such model.
    """
    kind = model(**_bound("model"))
    build = models.by_kind(kind)
    known = inspect.signature(build).parameters.values()
    defaults = {each.name: each.default for each in known if each.default is not each.empty}
    hyperparameters.check(build, defaults | _bound(kind))
    for name in ("pictures", "captions"):
        _bound(name)
    training()


def pictures() -> Preprocessing:
    """How pictures become tokens, as bound."""
    return Preprocessing(**_bound("pictures"))


def captions(data: TokenSet) -> Captioned | None:
    """The captions of a token set, if they are to be learned, as bound.

    Raises:
      ConfigError: a template makes no sense.
      TokenError: pictures have no captions.
    """
    records = (data.records(split) for split in ("train", "validation"))
    first, named = data.tokenizer.vocab_size, data.header.origin.source
    return Captions(**_bound("captions")).of(*records, first=first, named=named)


def training() -> TrainSettings:
    """How a language model is trained, as bound."""
    return TrainSettings(**_bound("train"))


def codebook() -> CodebookSettings:
    """How a codebook is trained, as bound."""
    return CodebookSettings(**_bound("codebook"))


def check_codebook(size: tuple[int, int]) -> None:
    """Refuses, before pictures are read, a grid of codes that cannot be.

    Raises:
      TokenError: too few codes, or a size that cannot be downsampled as is bound.
    """
    settings = codebook()
    vq.check(size, settings.downsample, settings.codes)


def _bound(name: str) -> dict[str, Any]:
    """What is bound under a name, macros resolved and types checked."""
    try:
        settings = gin.get_bindings(f"pixace.{name}")
    except (ValueError, TypeError, RuntimeError) as why:
        raise ConfigError(f"{name}: {' '.join(str(why).split())}") from why
    for key, value in settings.items():
        if value is gin.REQUIRED:
            raise ConfigError(f"{name}.{key} has no value yet; set it in a gin file or with --set")
    settings = ranges.check(name, _FUNCTIONS.get(name, model), settings)
    for key, value in settings.items():
        wanted = _TYPES[name][key]
        wanted = Sequence if get_origin(wanted) is Sequence else wanted
        fits = isinstance(value, int | float if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            said = getattr(wanted, "__name__", wanted)
            raise ConfigError(f"{name}.{key} = {value!r} is no {said}; docs/settings.md lists them")
    return settings
