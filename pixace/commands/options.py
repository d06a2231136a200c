"""Options that several commands share, and how they speak."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """Several options as one decorator, shown in the order they are given."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

root = click.option(
    "--runs",
    "root",
    type=click.Path(path_type=Path),
    help="Folder of the runs.  [default: $PIXACE_RUNS or runs]",
)

pictures = together(
    click.option("--size", help="Pixels: 32 for a square, or WIDTHxHEIGHT.  [default: 32]"),
    click.option(
        "--colors",
        help="hsv:B,B,B rgb:B,B,B (bits), grey:N (levels) or palette:FILE.npy.  "
        "[default: hsv:5,4,4]",
    ),
    click.option("--order", help="raster, column or patch:N.  [default: raster]"),
    click.option("--fit", help="crop, pad or stretch.  [default: crop]"),
    click.option("--background", help="Behind transparency and padding.  [default: white]"),
)
PICTURES = ("size", "colors", "order", "fit", "background")

drawing = together(
    click.option("--run", help="Name, folder or .safetensors file.  [default: the latest run]"),
    root,
    click.option("--seed", default=0, help="Same seed, same pictures."),
    click.option("--top-k", default=0, help="Only the K likeliest colours; 0 for all."),
    click.option("--top-p", default=1.0, help="Only the likeliest colours of this probability."),
    click.option("--batch-size", default=64, help="Pictures drawn at once."),
    click.option("--scale", type=click.IntRange(1), help="Screen pixels per pixel."),
    click.option("--smooth/--crisp", help="How to enlarge.", default=False),
)


def chosen(ctx: click.Context, names: Sequence[str]) -> dict[str, Any]:
    """The options among `names` that the user gave a value to."""
    return {name: ctx.params[name] for name in names if ctx.params[name] is not None}


def say(text: str, facts: dict[str, Any], as_json: bool) -> None:
    """The result on stdout: a line for people, or an object for programs."""
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else text)
