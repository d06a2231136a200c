"""Records of anybody's: every field is looked at, and each fault is one line."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from pixace.ranges import Count, Whole
from pixace.storage import records


@dataclass(frozen=True)
class Inner:
    share: float
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    name: str
    steps: Count
    inner: Inner | None = None
    kind: Literal["one", "two"] = "one"
    text: str | list[str] | None = None
    scale: Whole | None = None
    rates: list[float] = field(default_factory=list)
    free: dict[str, Any] = field(default_factory=dict)


WHOLE = {"name": "a", "steps": 1}


def test_what_is_sound_is_read():
    given = WHOLE | {"inner": {"share": 1, "words": ["a", "b"]}, "text": ["c"], "rates": [1, 0.5]}
    found = records.read(Outer, given)
    assert found == Outer("a", 1, Inner(1, ("a", "b")), text=["c"], rates=[1, 0.5])
    assert records.read(Outer, WHOLE | {"text": "c", "scale": None}).text == "c"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, "name is 3 and no text"),
        ({"steps": "1"}, "steps is '1' and no whole number"),
        ({"steps": True}, "steps is True and no whole number"),
        ({"steps": 0}, "steps is 0; it must be 1 or more"),
        ({"steps": 10**400}, "steps is inf; it must be 1 or more, and below 2"),
        ({"inner": {"share": float("nan")}}, "inner.share is nan and no finite number"),
        ({"inner": {"share": 1, "words": "ab"}}, "inner.words is 'ab' and no list"),
        ({"inner": []}, "inner is .. and no record"),
        ({"kind": ["one"]}, "kind is .* and none of one, two"),
        ({"text": 1}, "text is 1 and no list"),
        ({"text": [1]}, "text is 1 and no text"),
        ({"scale": -1}, "scale is -1; it must be 0 or more"),
        ({"rates": [float("inf")]}, "rates is inf and no finite number"),
        ({"free": 1}, "free is 1 and no record"),
        ({"more": 1}, "it has a field 'more' that nobody knows"),
    ],
)
def test_what_is_odd_is_said(change, said):
    with pytest.raises(ValueError, match=said):
        records.read(Outer, WHOLE | change)


def test_other_fields_may_be_left_aside():
    assert records.read(Outer, WHOLE | {"more": 1}, partly=True) == Outer("a", 1)
    with pytest.raises(ValueError, match="steps is missing"):
        records.read(Outer, {"name": "a"}, partly=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting"),
        (b"\xff", "invalid start byte"),
        ("[" * 100_000, "too deeply nested"),
        ("[" * 40 + "]" * 40, "too deeply nested"),
        ('{"a":' * 40 + "1" + "}" * 40, "too deeply nested"),
        ("9" * 10_000, "digits"),
        ('{"a": {"b": 1, "b": 2}}', "it says 'b' twice"),
    ],
)
def test_json_of_strangers(text, said):
    with pytest.raises(ValueError, match=said):
        records.parsed(text)


def test_json_that_is_sound_is_what_it_is():
    for thing in ({"a": [1, {"b": None}]}, [], "a", 1.5, [[[[["deep"]]]]]):
        assert records.parsed(json.dumps(thing)) == thing
        assert records.parsed(json.dumps(thing).encode()) == thing
