"""Bindings in gin's notation, read as plain values.

What a run or a model file says may come from a stranger, and gin would import what it names and
call what it refers to. This reader knows names, macros and literals, and does nothing with them.
"""

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pixace.errors import ConfigError

LONGEST = 1 << 20  # characters of a whole configuration; ours have some thousands
# The only references: layers of Trax's without settings, which a model may be built with.
ACTIVATIONS = (
    *("Elu", "FastGelu", "Gelu", "HardSigmoid", "HardTanh", "LeakyRelu", "LogSoftmax"),
    *("ParametricRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Swish", "Tanh"),
)
# A name at the beginning of a line, and what belongs to it: the rest, and lines that are set in.
_LINE = re.compile(r"([\w./]+)[ \t]*=[ \t]*(?:\\\n)?(.*(?:\n[ \t]+.*)*)", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*", re.ASCII)
_REFERENCE = re.compile(r"%[A-Za-z_][\w.]*|@trax\.layers\.(?:" + "|".join(ACTIVATIONS) + ")")
_KEYWORDS = ("import", "include", "from")


@dataclass(frozen=True)
class Reference:
    """A macro, `%NAME`, or a layer of Trax's, `@trax.layers.NAME`; by its text."""

    text: str

    def __repr__(self) -> str:
        """As gin writes it."""
        return self.text


Bindings = dict[str, Any]  # each name and its literal, or `Reference`


def read(text: str, place: object) -> Bindings:
    """Reads lines such as `train.steps = 10`, as `written` and gin's `config_str` write them.

    Args:
      text: the lines; those that begin with `#` are comments.
      place: where they stand, for messages.

    Raises:
      ConfigError: a line is anything else.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"{place} has settings of {len(text):,} characters; no model needs them")
    found: Bindings = {}
    start = 0
    while start < len(text):
        line = text[start:].partition("\n")[0]
        if not line.strip() or line.startswith("#"):
            start += len(line) + 1
            continue
        match = _LINE.match(text, start)
        name = match[1] if match else ""
        if match is None or not _NAME.fullmatch(name) or name in _KEYWORDS:
            raise _refused(line, place)
        found[name] = _value(match[2].strip(), match[0], place)
        start = match.end() + 1
    return found


def written(bindings: Bindings) -> str:
    """The lines that `read` reads."""
    return "".join(f"{name} = {value!r}\n" for name, value in bindings.items())


def resolved(bindings: Mapping[str, Any]) -> Bindings:
    """The same with the values of macros in place of their names; those without one stay."""

    def value(of: Any, seen: tuple[str, ...] = ()) -> Any:
        name = macro(of)
        if name is None or name in seen or name not in bindings:
            return of
        return value(bindings[name], (*seen, name))

    return {name: value(each) for name, each in bindings.items()}


def macro(value: Any) -> str | None:
    """The name of the macro that a value is; None if it is none."""
    is_macro = isinstance(value, Reference) and value.text.startswith("%")
    return value.text[1:] if is_macro else None


def _value(said: str, line: str, place: object) -> Any:
    if _REFERENCE.fullmatch(said):
        return Reference(said)
    try:
        value = ast.literal_eval(said)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as why:
        raise _refused(line, place) from why
    if not _is_plain(value):
        raise _refused(line, place)
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, [*value, *value.values()]))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)


def _refused(line: str, place: object) -> ConfigError:
    said = " ".join(line.split())
    return ConfigError(
        f"{place} holds {said[:80]!r}, which is no plain setting: only numbers, texts, lists and "
        "macros are read, and nothing is imported or called"
    )
