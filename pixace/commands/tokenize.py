"""`pixace tokenize`: pictures to a token set."""

from pathlib import Path
from typing import Any

import click

from pixace.commands import options


@click.command("tokenize")
@click.argument("source")
@click.argument("out", type=click.Path(path_type=Path), required=False)
@options.pictures
@click.option("--validation", help="Source of the validation part, instead of a share of SOURCE.")
@click.option("--validation-fraction", default=0.05, help="That share.")
@click.option("--labels", is_flag=True, help="Take sub-folders as labels.")
@click.option("--strict", is_flag=True, help="Stop at the first bad picture; else skip and count.")
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: one per core]")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Write a PNG of originals beside decoded pictures, with figures.",
)
@click.option("--compare", multiple=True, metavar="COLORS", help="More colours for the report.")
@options.as_json
@click.pass_context
def command(ctx, source, out, report, compare, as_json, **given):
    """Turn the pictures of SOURCE into tokens, in the new folder OUT.

    SOURCE is a folder, a zip or tar, a CSV or TSV with a column image_path, an idx or .npy file,
    tfds:NAME, digits or emoji. With --report, OUT may be left out.

    Example:

    \b
        pixace tokenize photos/ photos-32 --size 32 --colors hsv:5,4,4
        pixace train photos-32 --model reformer
    """
    from pixace import api

    settings = options.chosen(ctx, options.PICTURES)
    facts: dict[str, Any] = {}
    lines = []
    if report is not None:
        schemes = dict.fromkeys([settings.pop("colors", "hsv:5,4,4"), *compare])
        facts["report"] = api.compare(source, report, colors=list(schemes), **settings)
        lines.append(f"{report}: originals beside {', '.join(schemes)}")
        settings["colors"] = next(iter(schemes))
    elif compare:
        raise click.UsageError("--compare goes with --report FILE.png")
    if out is not None:
        extra = {name: given[name] for name in given if name not in options.PICTURES}
        made = api.tokenize(source, out, **settings, **extra, progress=True)
        splits, skipped = made.header.splits, made.header.skipped
        facts |= {
            "path": str(out),
            "tokenizer": made.header.tokenizer,
            **splits,
            "skipped": skipped,
            "skipped_first": list(made.header.skipped_first),
        }
        for reason in made.header.skipped_first[:10]:
            click.echo(f"skipped {reason}", err=True)
        lines.append(
            f"{out}: {splits['train']:,} pictures to train on, {splits['validation']:,} for "
            f"validation, {skipped:,} skipped; next: pixace train {out}"
        )
    elif report is None:
        raise click.UsageError("name the folder OUT to make, or --report FILE.png, or both")
    options.say("\n".join(lines), facts, as_json)
