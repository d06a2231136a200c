"""Options that several commands share, and how they speak."""

import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from pixace.errors import PixaceError
from pixace.runtime import streams
from pixace.runtime.printable import printable, safe_json
from pixace.storage import atomic

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Place(click.Path):
    """A path as people write it; `~` is the home folder where the shell has left it alone."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Finds the home folder; all else stays as it is, as `./digits` is no `digits`."""
        home = str(value).startswith("~")
        return super().convert(str(atomic.expanded(value)) if home else value, param, ctx)


class Photo(Place):
    """A path, or an address on the web, which stays as it is."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Tells them apart."""
        from pixace.runtime.addresses import is_address

        return value if is_address(value) else super().convert(value, param, ctx)


def example(*lines: str) -> str:
    """The end of a help text: lines to paste, as they are."""
    return "Example:\n\n\b\n" + "\n".join(f"    {line}" for line in lines)


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, shown in the order they are given."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def words(*known: str) -> Callable[..., list[str]]:
    """What the shell offers for an option that takes one of a few words."""
    return lambda ctx, param, begun: [word for word in known if word.startswith(begun)]


def run_names(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    """What the shell offers for a run: the names of those in the folder of the runs."""
    from pixace.runs import run_folder

    with suppress(OSError, PixaceError):  # no such place: nothing to offer
        known = run_folder.every(run_folder.home(ctx.params.get("root")))
        names = [run.name for run in known if run.name.startswith(begun)]
        return [name for name in names if name == printable(name)]  # the shell shows them raw
    return []


as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
)

root = click.option(
    "--runs",
    "root",
    type=Place(path_type=Path),
    metavar="FOLDER",
    help="Where the runs are.  [default: $PIXACE_RUNS or runs]",
)

# What --resume may change; all else is the run's own.
CHANGEABLE = (
    "bindings",
    "minutes",
    "steps",
    "batch_size",
    "learning_rate",
    "seed",
    "track",
    "root",
)


def bindings(instance: str) -> Decorator:
    """--set, with an instance for its help."""
    return click.option(
        "--set",
        "bindings",
        multiple=True,
        metavar="BINDING",
        help=f"A line of gin, such as {instance}. Repeatable.",
    )


def training(part: str, instance: str) -> Decorator:
    """How to train, and to go on with it; `part` names its settings, as in `train.steps`."""

    def short(flag: str, kind: type, metavar: str) -> Decorator:
        setting = f"{part}.{flag.removeprefix('--').replace('-', '_')}={metavar}"
        return click.option(flag, type=kind, metavar=metavar, help=f"Short for --set {setting}.")

    return together(
        bindings(instance),
        short("--steps", int, "N"),
        short("--batch-size", int, "N"),
        short("--learning-rate", float, "X"),
        short("--seed", int, "N"),
        click.option(
            "--track",
            multiple=True,
            metavar="TRACKER",
            shell_complete=words("tensorboard", "mlflow", "none"),
            help="tensorboard, mlflow, mlflow:http://HOST:5000 or none; repeatable.  "
            "[default: tensorboard]",
        ),
    )


def resuming(what: str) -> Decorator:
    """--resume, for what is trained."""
    return click.option(
        "--resume",
        is_flag=False,
        flag_value="",
        metavar="[RUN]",
        type=Place(),
        shell_complete=run_names,
        help=f"Go on with a {what}; with the latest if none is named.",
    )


def changes(given: dict[str, Any]) -> dict[str, Any]:
    """What was given beside --resume.

    Raises:
      click.UsageError: a run has settled some of it for good.
    """
    if own := [name for name in given if name not in CHANGEABLE]:
        raise click.UsageError(f"--resume takes {own[0]} from the run itself; leave it out")
    return given


def chosen(ctx: click.Context, names: Sequence[str]) -> dict[str, Any]:
    """The options among `names` that the user gave a value to."""
    return {
        name: ctx.params[name]
        for name in names
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def say(lines: Sequence[str], facts: dict[str, Any], as_json: bool) -> None:
    """The result on stdout: lines for people, or an object for programs.

    JSON knows no infinities, and numbers that are none: they are null.

    Raises:
      PixaceError: there is no room for it.
    """
    text = "\n".join(map(printable, lines))
    if as_json:
        plain = _plain(facts)
        text = safe_json(json.dumps(plain, ensure_ascii=False, allow_nan=False))
        if not streams.shows(text):
            text = json.dumps(plain, allow_nan=False)
    with streams.answering():
        click.echo(text)


def _plain(value: Any) -> Any:
    """The same, with None in place of numbers that JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
