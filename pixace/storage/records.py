"""Frozen dataclasses as JSON, and back: every field is looked at, and each fault is one line."""

import json
import math
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pixace.errors import ConfigError
from pixace.ranges import Number, Range, said

T = TypeVar("T")
DEEPEST = 32  # lists in lists
WORDS = {str: "text", int: "whole number", float: "number", bool: "truth value"}


def parsed(text: str | bytes) -> Any:
    """What JSON says that may be anybody's.

    Raises:
      ValueError: it is no JSON, says something twice, or more than can be read: lists in lists
        without end, or a number of thousands of digits.
    """
    try:
        found = json.loads(text, object_pairs_hook=_record)
    except RecursionError as why:
        raise ValueError("it is too deeply nested") from why
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return found
    raise ValueError("it is too deeply nested")


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two fields of one name, readers would take one or the other."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it says {said(twice)} twice")
    return fields


def _inside(value: Any) -> Any:
    """The lists and records in a list or record."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return ()
    return (each for each in value if isinstance(each, dict | list))


def read(kind: type[T], given: Any, name: str = "", *, partly: bool = False) -> T:
    """A dataclass from what `json.loads` gave for its `asdict`.

    Fields may be texts, numbers, truth values, `Literal`s, other dataclasses, lists and tuples of
    one type, dictionaries by text, one of several of these, `Any` for plain data, and None where
    the type says so. Numbers are finite, and within the ranges that their types name.

    Args:
      kind: the dataclass.
      given: a dictionary of its fields.
      name: of the whole, for messages.
      partly: whether there may be other fields, which are left aside.

    Raises:
      ValueError: a field is missing, unknown, of another type or out of its range.
    """
    if not isinstance(given, dict):
        raise ValueError(f"{name or 'it'} is {said(given)} and no record")
    hints, values = _hints(kind), {}  # type: ignore[arg-type]
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    strange = next((each for each in given if each not in known), None)
    if strange is not None and not partly:
        raise ValueError(f"it has a field {said(_below(name, strange))} that nobody knows")
    for key, field in known.items():
        if key in given:
            values[key] = _read(hints[key], given[key], _below(name, key))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{_below(name, key)} is missing")
    try:
        return kind(**values)
    except ConfigError as why:
        raise ValueError(str(why)) from why


@lru_cache(maxsize=32)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _read(hint: Any, value: Any, name: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Annotated:
        return _within(parts, _read(parts[0], value, name), name)
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return None
        *others, last = (part for part in parts if part is not NoneType)
        for part in others:
            with suppress(ValueError):
                return _read(part, value, name)
        return _read(last, value, name)
    if origin is Literal:
        if value not in parts:
            raise ValueError(f"{name} is {said(value)} and none of {', '.join(map(str, parts))}")
        return value
    if is_dataclass(hint):
        return read(hint, value, name)  # type: ignore[arg-type]
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {said(value)} and no record")
        return {key: _read(parts[1], each, _below(name, key)) for key, each in value.items()}
    if origin in (list, tuple):
        free = origin is list or parts[-1] is ...
        if not isinstance(value, list) or not (free or len(value) == len(parts)):
            long = "" if free else f" of {len(parts)}"
            raise ValueError(f"{name} is {said(value)} and no list{long}")
        return origin(_read(parts[0], each, name) for each in value)
    if type(value) is not hint and not (hint is float and type(value) is int):
        raise ValueError(f"{name} is {said(value)} and no {WORDS[hint]}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value} and no finite number")
    return value


def _within(parts: tuple[Any, ...], value: Any, name: str) -> Any:
    """A number, if it is in the range that stands behind its type."""
    (limits,) = (each for each in parts if isinstance(each, Range))
    try:
        return Number(parts[0], limits, optional=False).checked(name, value)
    except ConfigError as why:
        raise ValueError(str(why)) from why


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
