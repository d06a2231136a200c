"""`pixace tokenize`: pictures to a token set."""

from pathlib import Path
from typing import Any

import click

from pixace import choices
from pixace.commands import options, picture_options


@click.command(
    "tokenize",
    epilog=options.example(
        "pixace tokenize photos/ --report report.png --compare hsv:4,3,3 --compare hsv:3,2,2",
        "pixace tokenize photos/ photos-32 --size 32 --colors hsv:5,4,4",
        "pixace train photos-32 --model reformer",
    ),
)
@click.argument("source", type=options.Place(), metavar="SOURCE")
@click.argument("out", type=options.Place(path_type=Path), required=False)
@picture_options.pictures
@picture_options.tiles
@picture_options.validation
@picture_options.labels
@picture_options.strict
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Processes.  [default: one per core]"
)
@click.option(
    "--report",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Write originals beside decoded pictures, with figures.",
)
@click.option(
    "--compare",
    multiple=True,
    metavar="SCHEME",
    help="One more choice of colours for the report. Repeatable.",
)
@options.as_json
@click.pass_context
def command(ctx, source, out, report, compare, as_json, **given):
    """Turn the pictures of SOURCE into tokens, in the new folder OUT.

    SOURCE is a folder, a zip or tar, a CSV, TSV or JSON Lines with a column image_path, a .txt of
    paths, an idx, .npy, .parquet or .mat file, CIFAR's batches, several of these
    ('shard-{000..012}.tar', '*.parquet'), tfds:NAME, digits or emoji. With --report, OUT may be
    left out.
    """
    from pixace.api import tokenize

    if compare and report is None:
        raise click.UsageError("--compare goes with --report FILE.png")
    if out is None and report is None:
        raise click.UsageError("name the folder OUT to make, or --report FILE.png, or both")
    settings = options.chosen(ctx, picture_options.PICTURES)
    facts: dict[str, Any] = {}
    lines = []
    if report is not None and not (out and out.exists()):  # which is refused below
        schemes = list(dict.fromkeys([settings.get("colors", choices.COLORS), *compare]))
        part = {name: given[name] for name in ("validation", "validation_fraction")}
        found = tokenize.compare(
            source, report, **{**settings, "colors": schemes}, **part, progress=True
        )
        facts["report"] = {"out": str(report), **found}
        lines.append(f"{report}: originals beside {', '.join(schemes)}")
    if out is not None:
        extra = {name: given[name] for name in given if name not in picture_options.PICTURES}
        header = tokenize.tokenize(source, out, **settings, **extra, progress=True).header
        left_out = sum(header.left_out.values())
        facts |= {
            "out": str(out),
            "tokenizer": header.tokenizer,
            **header.splits,
            "listed": header.listed,
            "left_out": left_out,
            "equal": header.repeated,
            "skipped": header.skipped,
            "skipped_first": list(header.skipped_first),
            "notes": list(header.notes),
        }
        lines.append(
            f"{out}: {header.splits['train']:,} pictures to train on, "
            f"{header.splits['validation']:,} for validation, {header.skipped:,} skipped"
            f"{f', {left_out:,} left out' * (left_out > 0)}; next: pixace train {out}"
        )
    options.say(lines, facts, as_json)
