"""The table of docs/speedrun.md: a row for each set, budget and number of cores, between markers.

Rows that are measured anew take the place of their elders, all others stay.
"""

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

BEGIN, END = "<!-- rows of bin/speedrun -->", "<!-- end of rows -->"

Key = tuple[str, float, int]  # set, minutes and cores
Result = dict[str, Any]
WHO = ("pixace", "nanogpt")
RATES = (0.0015, 0.003, 0.006)  # the peer's; the page's heading names them


def with_row(page: str, row: str, order: Sequence[str]) -> str:
    """The page with one row more, or with another one for the same set, minutes and cores.

    Args:
      page: text with both markers.
      row: as `row_of` makes it.
      order: names of sets; those that are not in it come last.

    Raises:
      ValueError: a marker is missing, or a row between them is none.
    """
    before, begin, rest = page.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"a table of results stands between {BEGIN} and {END}; one is missing")
    head, rule, *rows = between.split("\n\n")[1].strip().splitlines()
    known = {key_of(each): each for each in [*rows, row]}
    places = {name: place for place, name in enumerate(order)}
    last = len(places)
    kept = [known[key] for key in sorted(known, key=lambda key: (places.get(key[0], last), *key))]
    return "\n".join([before + begin, "", head, rule, *kept, "", end + after])


def key_of(row: str) -> Key:
    """What a row is about.

    Raises:
      ValueError: it is no row of this table.
    """
    name, minutes, cores = (cell.strip() for cell in row.strip().strip("|").split("|")[:3])
    return name, float(minutes), int(cores)


def latest(results: Iterable[Result], same: Result) -> dict[str, list[Result]]:
    """By who they are of, the last results of each seed that both have trained with.

    Args:
      results: oldest first.
      same: what they must say.
    """
    found: dict[str, dict[int, Result]] = {who: {} for who in WHO}
    for one in results:
        if same.items() <= one.items():
            found[one["who"]][one["seed"]] = one
    both = sorted(set.intersection(*(set(seeds) for seeds in found.values())))
    return {who: [seeds[seed] for seed in both] for who, seeds in found.items()}


def row_of(name: str, minutes: float, ours: Sequence[Result], peers: Sequence[Result]) -> str:
    """One line of the table, out of what each seed gave.

    Args:
      name: of the set.
      minutes: the budget.
      ours: results of pixace, one for each seed.
      peers: those of the peer, likewise, with all of its `tries`.
    """
    tries = bits_by_rate(peers)
    cells = [
        name,
        f"{minutes:g}",
        str(ours[0]["cores"]),
        f"{ours[0]['pictures']:,}",
        ", ".join(str(each["seed"]) for each in ours),
        _bits(_mean(each["bits_per_pixel"] for each in ours)),
        _bits(min((each for each in tries.values() if each is not None), default=None)),
        ", ".join(_bits(tries[rate]) if rate in tries else "–" for rate in RATES),
        _seconds(ours),
        _seconds(peers),
        max(each["date"] for each in [*ours, *peers]),
    ]
    return f"| {' | '.join(cells)} |"


def bits_by_rate(peers: Sequence[Result]) -> dict[float, float | None]:
    """The peer's bits per pixel, means of the seeds; None where a training came to nothing."""
    tries = [{each["rate"]: each["bits_per_pixel"] for each in peer["tries"]} for peer in peers]
    return {
        rate: _mean(one[rate] for one in tries)
        for rate in RATES
        if all(rate in one for one in tries)
    }


def _mean(numbers: Iterable[float | None]) -> float | None:
    found = list(numbers)
    return None if None in found else mean(found)


def _bits(number: float | None) -> str:
    return "none" if number is None else f"{number:.3f}"


def _seconds(results: Sequence[Result]) -> str:
    """Of training, and of all else: compilation, evaluations, calibration."""
    return " + ".join(
        f"{mean(each[part] for each in results):.0f}" for part in ("train_seconds", "other_seconds")
    )
