"""Frozen dataclasses as JSON, and back: every field is looked at, and each fault is one line."""

import json
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pixace.ranges import said

T = TypeVar("T")
WORDS = {str: "text", int: "whole number", float: "number", bool: "truth value"}


def parsed(text: str | bytes) -> Any:
    """What JSON says that may be anybody's.

    Raises:
      ValueError: it is no JSON, or more than can be read: lists in lists without end, or a number
        of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError as why:
        raise ValueError("it is too deeply nested") from why


def read(kind: type[T], given: Any, name: str = "") -> T:
    """A dataclass from what `json.loads` gave for its `asdict`.

    Fields may be texts, numbers, truth values, `Literal`s, other dataclasses, tuples of one type,
    dictionaries by text, `Any` for plain data, and None where the type says so.

    Args:
      kind: the dataclass.
      given: a dictionary of its fields.
      name: of the whole, for messages.

    Raises:
      ValueError: a field is missing, unknown or of another type.
    """
    if not isinstance(given, dict):
        raise ValueError(f"{name or 'it'} is {said(given)} and no record")
    hints, values = get_type_hints(kind), {}
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    if strange := next((each for each in given if each not in known), None):
        raise ValueError(f"it has a field {said(_below(name, strange))} that nobody knows")
    for key, field in known.items():
        if key in given:
            values[key] = _read(hints[key], given[key], _below(name, key))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{_below(name, key)} is missing")
    return kind(**values)


def _read(hint: Any, value: Any, name: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, UnionType):
        (one,) = (part for part in parts if part is not NoneType)
        return None if value is None else _read(one, value, name)
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
    if origin is tuple:
        if not isinstance(value, list) or (parts[-1] is not ... and len(value) != len(parts)):
            long = "" if parts[-1] is ... else f" of {len(parts)}"
            raise ValueError(f"{name} is {said(value)} and no list{long}")
        return tuple(_read(parts[0], each, name) for each in value)
    if type(value) is not hint and not (hint is float and type(value) is int):
        raise ValueError(f"{name} is {said(value)} and no {WORDS[hint]}")
    return value


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key
