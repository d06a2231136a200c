"""What gin files and `--set` bind: names, plain values, and macros that stand for values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

REQUIRED = "gin.REQUIRED"  # the macro of a value that a file leaves to others


@dataclass(frozen=True)
class Macro:
    """A value that is bound elsewhere: `%NAME` in a gin file."""

    name: str

    def __repr__(self) -> str:
        """As gin writes it."""
        return f"%{self.name}"


@dataclass(frozen=True)
class Bindings:
    """What is bound, in whatever files and lines it stood.

    Attributes:
      written: each name, `train.steps` or that of a macro, with its literal or `Macro`.
    """

    written: Mapping[str, Any]

    @cached_property
    def values(self) -> dict[str, Any]:
        """The settings, without macros: these are replaced by what they stand for, if anything."""
        return {name: self._value(each) for name, each in self.written.items() if "." in name}

    @cached_property
    def macros(self) -> dict[str, Any]:
        """The macros that are bound."""
        return {name: value for name, value in self.written.items() if "." not in name}

    @cached_property
    def text(self) -> str:
        """All of it as a gin file that says the same: macros first, then part by part."""
        groups: dict[str, list[str]] = {}
        for name, value in sorted(self.written.items(), key=lambda item: ("." in item[0], item[0])):
            groups.setdefault(name.rpartition(".")[0], []).append(f"{name} = {value!r}")
        return "\n".join("".join(f"{line}\n" for line in lines) for lines in groups.values())

    def _value(self, value: Any) -> Any:
        """A literal, or the last macro on the way to none."""
        seen = set[str]()
        while isinstance(value, Macro) and value.name in self.macros and value.name not in seen:
            seen.add(value.name)
            value = self.macros[value.name]
        return value


def is_plain(value: Any) -> bool:
    """Whether a value is a text, a finite number, a truth value, None, or made of such."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, [*value, *value.values()]))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
