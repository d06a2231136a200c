"""Which numbers a setting takes: said once, in the signature of what takes them.

    def train(*, steps: Count = 10_000, clip: Amount = 1.0) -> None:
        ranges.check("train", train, locals())

No number is a truth value, a whole number is no fraction, and none is infinite or not a number.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pixace.errors import ConfigError

# What the device can count to, and how far its fractions reach; the end of ranges without one.
LARGEST = {int: 2**31 - 1, float: 3.4028234663852886e38}
BEYOND = {int: ", and below 2**31", float: ", and finite"}


@dataclass(frozen=True)
class Range:
    """A range of numbers, which stands behind their type in `Annotated`.

    Attributes:
      low: the least number.
      high: the largest.
      without: which of these two does not belong to it.
      says: the line for a number outside, with `{name}`, `{value}` and `{rule}` in it.
    """

    low: float
    high: float = math.inf
    without: tuple[float, ...] = ()
    says: str = "{name} is {value}; it must be {rule}"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and value not in self.without

    @property
    def rule(self) -> str:
        """The range in words."""
        least = f"above {self.low}" if self.low in self.without else f"{self.low} or more"
        if self.high == math.inf:
            return least
        return f"{least} and {'below' if self.high in self.without else 'at most'} {self.high}"


Count = Annotated[int, Range(1)]
Whole = Annotated[int, Range(0)]
Seed = Annotated[int, Range(0, 2**32, without=(2**32,))]
Rate = Annotated[float, Range(0, without=(0,))]
Amount = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, 1)]
Part = Annotated[float, Range(0, 1, without=(1,))]


@dataclass(frozen=True)
class Number:
    """A number that a function takes: its type, its range, and whether None will do as well."""

    kind: type
    range: Range
    optional: bool

    def checked(self, name: str, value: Any) -> Any:
        """The value, as Python's own.

        Raises:
          ConfigError: it is of another type, or outside of the range.
        """
        value = plain(value)
        if value is None and self.optional:
            return None
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (self.kind is float and isinstance(value, float))):
            where = "; docs/settings.md lists them" if "." in name else ""
            raise ConfigError(f"{name} = {said(value)} is no {self.kind.__name__}{where}")
        if abs(value) > LARGEST[float]:  # perhaps too long to be spelled out
            value = math.copysign(math.inf, value > 0 or -1)
        endless = self.range.high == math.inf
        beyond = endless and not abs(value) <= LARGEST[self.kind]
        if beyond or value not in self.range:
            rule = self.range.rule + (BEYOND[self.kind] if beyond else "")
            raise ConfigError(self.range.says.format(name=name, value=value, rule=rule))
        return self.kind(value)


@lru_cache(maxsize=64)
def numbers(taker: Callable[..., Any]) -> dict[str, Number]:
    """The numbers with a range in the signature of a function or the fields of a dataclass."""
    found = {}
    for name, hint in get_type_hints(taker, include_extras=True).items():
        for part in (hint, *get_args(hint)):
            for limits in getattr(part, "__metadata__", ()):
                if isinstance(limits, Range):
                    found[name] = Number(part.__origin__, limits, optional=part is not hint)
    return found


def check(owner: str, taker: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with its numbers as Python's own, whether NumPy's, JAX's or arrays of one.

    Args:
      owner: of the settings, as in `train.steps`; "" for none.
      taker: the function or dataclass whose annotations say which numbers it takes.
      given: arguments by name; those that are no numbers stay as they are.

    Raises:
      ConfigError: names the first number that cannot be meant, its value and the rule.
    """
    checked = dict(given)
    for name, number in numbers(taker).items():
        if name in given:
            checked[name] = number.checked(f"{owner}.{name}" if owner else name, given[name])
    return checked


def typed(owner: str, taker: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """As `check`, and looks at what is no number by its type.

    Raises:
      ConfigError: names the first value that is of another type, or cannot be meant.
    """
    checked, hints = check(owner, taker, given), get_type_hints(taker)
    for name, value in checked.items():
        kinds = _kinds(hints[name])
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            named = getattr(hints[name], "__name__", hints[name])
            raise ConfigError(
                f"{owner}.{name} = {said(value)} is no {named}; docs/settings.md lists them"
            )
    return checked


def _kinds(hint: Any) -> tuple[type, ...]:
    """The classes that an annotation stands for."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(kind for part in get_args(hint) for kind in _kinds(part))
    kind = get_origin(hint) or hint
    return (int, float) if kind is float else (kind,)


def one(taker: Callable[..., Any], name: str, value: Any) -> Any:
    """A single number of a call; None stands for its default.

    Raises:
      ConfigError: as `check`.
    """
    default = inspect.signature(taker).parameters[name].default
    usual = None if default is inspect.Parameter.empty else default
    return numbers(taker)[name].checked(name, usual if value is None else value)


def settle(made: Any, owner: str = "") -> None:
    """Checks the numbers of a frozen dataclass while it is made; None stands for a default.

    Args:
      made: the dataclass.
      owner: of its fields in messages, as `check` takes it.

    Raises:
      ConfigError: as `check`.
    """
    given = {each.name: plain(getattr(made, each.name)) for each in fields(made)}
    defaults = {each.name: each.default for each in fields(made) if given[each.name] is None}
    for name, value in check(owner, type(made), given | defaults).items():
        object.__setattr__(made, name, value)


def plain(value: Any) -> Any:
    """A number or text of NumPy's or JAX's as Python's own; all else as it is."""
    return value.item() if getattr(value, "shape", None) == () else value


def several(text: str | Iterable[str] | None) -> list[str]:
    """An argument that takes one text or several, as a list."""
    text = plain(() if text is None else text)
    return [text] if isinstance(text, str) else [plain(each) for each in text]


def said(value: Any) -> str:
    """A value in a message: one line, and not a long one."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
