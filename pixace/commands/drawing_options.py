"""What `pixace generate` and `pixace complete` share: how to draw, and where to."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pixace.commands import options
from pixace.runtime.printable import tell

if TYPE_CHECKING:
    from pixace.api.collage_files import Drawn

guidance = click.option(
    "--guidance",
    default=1.0,
    metavar="G",
    help="How much text counts: 1 draws as trained, 2 or 3 exaggerates, at twice the time.",
)

drawing = options.together(
    click.option(
        "--run",
        metavar="RUN",
        type=options.Place(),
        shell_complete=options.run_names,
        help="Name, folder or .safetensors file.  [default: the latest run]",
    ),
    options.root,
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
        shell_complete=options.words("float32", "bfloat16", "auto"),
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
        type=options.Place(path_type=Path),
        metavar="FILE.png",
        help="Make this collage again; other options given change it. Model and photos are looked "
        "for by their names, not where it says.",
    ),
)


def places(out: str, what: str) -> options.Decorator:
    """Where the pictures go: the collage, `out` if nobody says, and each one by itself."""
    return options.together(
        click.option(
            "--out",
            default=out,
            type=options.Place(path_type=Path),
            metavar="FILE.png",
            help="The collage.",
        ),
        click.option(
            "--collage/--no-collage",
            default=True,
            help="Write one, or with --each only single pictures.",
        ),
        click.option(
            "--each",
            type=options.Place(path_type=Path),
            metavar="FOLDER",
            help=f"Also write every {what} by itself, numbered.",
        ),
    )


def make_collage(
    ctx: click.Context, call: "Callable[..., Drawn]", again: Path | None, settings: dict[str, Any]
) -> "Drawn":
    """Draws as the options say, or as a collage remembers; unknown words are told on stderr.

    Args:
      ctx: of the command.
      call: what it does, in Python.
      again: the collage that is to be made once more, if any.
      settings: the options, those left out with their defaults; beside `again` only those that were
        given count.
    """
    if again is None:
        done = call(**settings, progress=True)
    else:
        from pixace.api.again import again as made_again

        changes = options.chosen(ctx, tuple(settings))
        out = changes.pop("out", settings["out"])
        done = made_again(again, out, command=ctx.command.name, **changes, progress=True)
    if done.left_out:
        tell(done.left_out)
    return done
