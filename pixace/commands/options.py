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
from pixace.runtime.printable import printable, safe_json, tell
from pixace.storage import atomic

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Place(click.Path):
    """A path as people write it; `~` is the home folder where the shell has left it alone."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Finds the home folder; all else stays as it is, as `./digits` is no `digits`."""
        home = str(value).startswith("~")
        return super().convert(str(atomic.expanded(value)) if home else value, param, ctx)


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
        return [run.name for run in known if run.name.startswith(begun)]
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

labels = click.option("--labels", is_flag=True, help="Take the names of sub-folders as labels.")

_size = click.option(
    "--size",
    metavar="PIXELS",
    help="Of every picture: 32 for a square, or WIDTHxHEIGHT.  [default: 32, or the codebook's]",
)
_fit = click.option(
    "--fit",
    metavar="FIT",
    shell_complete=words("crop", "pad", "stretch", "center", "nearest", "pad,nearest"),
    help="Where proportions differ: crop, pad or stretch; center (pad, enlarge nothing), nearest "
    "(crop, mix no colours) or pad,nearest.  [default: crop]",
)
_background = click.option(
    "--background",
    metavar="COLOR",
    help="Behind transparency and around what is padded: a name or #rrggbb.  [default: white]",
)
_limit = click.option(
    "--limit",
    type=int,
    metavar="N",
    help="Take N pictures only, evenly and always the same ones.  [default: all]",
)
_alpha = click.option(
    "--alpha",
    metavar="WORD",
    shell_complete=words("blend", "threshold"),
    help="Half-transparent pixels: blend with the background, or threshold: from half opaque on "
    "all colour, else all background.  [default: blend]",
)
fitting = together(
    click.option(
        "--size",
        metavar="PIXELS",
        help="Of every picture: 64 for a square, or WIDTHxHEIGHT.  [default: the gin file's]",
    ),
    _fit,
    _background,
    _limit,
    _alpha,
)

pictures = together(
    _size,
    click.option(
        "--colors",
        metavar="SCHEME",
        shell_complete=words(
            *("hsv:5,4,4", "hsv:4,3,3", "rgb:3,3,2", "grey:16"),
            *("kmeans:512", "kmeans:512,rgb", "palette:", "exact", "vq:"),
        ),
        help="hsv:B,B,B or rgb:B,B,B (bits), grey:N (levels), kmeans:N or kmeans:N,rgb (found in "
        "the pictures), palette:FILE (.npy, .hex, .gpl, .pal or .png), exact (pixel art), or "
        "vq:RUN (a codebook's run).  "
        "[default: hsv:5,4,4]",
    ),
    click.option(
        "--order",
        metavar="ORDER",
        shell_complete=words(
            *("raster", "column", "patch:4", "snake", "spiral", "spiral:out", "hilbert", "zcurve")
        ),
        help="The path through the pixels: raster, column, patch:N, snake, spiral, spiral:out, "
        "hilbert or zcurve.  [default: raster]",
    ),
    _fit,
    _background,
    _limit,
    _alpha,
)
tiles = click.option(
    "--tiles",
    metavar="PIXELS",
    help="Cut sheets and strips into pictures of this size, 16 or WIDTHxHEIGHT, which --size then "
    "is, too; empty ones are left out.",
)
PICTURES = ("size", "colors", "order", "fit", "background", "limit", "alpha", "tiles")
# What --resume may change; all else is the run's own.
CHANGEABLE = ("bindings", "steps", "batch_size", "learning_rate", "seed", "track", "root")

guidance = click.option(
    "--guidance",
    default=1.0,
    metavar="G",
    help="How much text counts: 1 draws as trained, 2 or 3 exaggerates, at twice the time.",
)

drawing = together(
    click.option(
        "--run",
        metavar="RUN",
        type=Place(),
        shell_complete=run_names,
        help="Name, folder or .safetensors file.  [default: the latest run]",
    ),
    root,
    click.option("--seed", default=0, metavar="N", help="Same seed, same pictures."),
    click.option(
        "--top-k", default=0, metavar="K", help="Only the K likeliest colours each time; 0 for all."
    ),
    click.option(
        "--top-p",
        default=1.0,
        metavar="P",
        help="Only the likeliest colours that together have probability P.",
    ),
    click.option(
        "--dtype",
        metavar="TYPE",
        shell_complete=words("float32", "bfloat16", "auto"),
        help="Of the products; another than the run's draws other pictures.  [default: the run's]",
    ),
    click.option(
        "--batch-size", default=64, metavar="N", help="Pictures drawn at once; changes none."
    ),
    click.option(
        "--scale",
        type=click.IntRange(1),
        metavar="N",
        help="Enlarge each pixel to N by N.  [default: as fits a screen]",
    ),
    click.option("--smooth/--crisp", help="How to enlarge.", default=False),
    click.option(
        "--again",
        type=Place(path_type=Path),
        metavar="FILE.png",
        help="Make this collage again; other options given change it.",
    ),
)


collage = click.option(
    "--collage/--no-collage", default=True, help="Write one, or with --each only single pictures."
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


def tell_unknown(facts: dict[str, Any]) -> None:
    """Says on stderr which words of a text a model has never seen."""
    if unknown := facts.get("unknown"):
        tell(f"left out, as no caption of the training had it: {', '.join(unknown)}")


def place(facts: dict[str, Any]) -> str:
    """Where pictures went, for people: the collage with its pages, or else what was written."""
    first, *others = facts.get("pages") or [facts["out"] or facts.get("each") or facts["gif"]]
    return f"{first} to {others[-1]}" if others else first


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
