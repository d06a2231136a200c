"""What a check has found: one line, whether it is well, and what to do about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["ok", "look", "broken"]


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    Attributes:
      name: of what was looked at, in a word or three.
      state: `ok`; `look` where somebody should, as it may well be meant; `broken` where a model of
        this would be no good.
      found: what was seen, with its numbers.
      advice: what to do about it; empty where there is nothing to do.
      facts: the numbers by name, for programs.
    """

    name: str
    state: State
    found: str
    advice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def worst(*states: tuple[bool, State]) -> State:
    """The worst of the states whose condition holds; `ok` if none does."""
    order: tuple[State, ...] = ("broken", "look")
    return next((each for each in order if (True, each) in states), "ok")


def unfinished(name: str) -> Finding:
    """What is said of a check that there was no time for."""
    return Finding(name, "look", "not finished in time", "more time: --seconds 600")
