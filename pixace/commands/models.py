"""`pixace models`: which there are, and how to get more."""

from pathlib import Path

import click

from pixace.commands import options
from pixace.runtime.printable import printable

WHERE = {"run": "run", "file": "downloaded", "shipped": "with pixace", "known": "to get"}


@click.group(
    "models",
    invoke_without_command=True,
    epilog=options.example(
        "pixace models",
        "pixace models get hf:OWNER/NAME",
        "pixace models pack my-run birds.safetensors --about 'birds of 32x32 pixels'",
        "pixace generate --run NAME",
    ),
)
@options.root
@options.as_json
@click.pass_context
def command(ctx, root, as_json):
    """List the models to draw with: trained, downloaded, shipped with pixace, and known.

    Each is named by --run; those that are known only are downloaded first: pixace models get NAME.
    """
    if ctx.invoked_subcommand:
        ctx.obj = root
        return
    from pixace.api import model_files

    known = model_files.every(root)
    rows = [("model", "where", "size", "what")]
    for it in known:
        size = f"{it.size / 1e6:.1f} MB" if it.size else "–"
        rows.append((it.name, WHERE[it.where], size, it.about))
    cells = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    if not known:
        lines = ["no models yet; train one with: pixace train"]
    options.say(lines, {"models": [it.as_dict() for it in known]}, as_json)


@command.command(
    "get",
    epilog=options.example(
        "pixace models get hf:OWNER/NAME --name birds",
        "pixace complete photo.jpg --run birds",
    ),
)
@click.argument("named", metavar="MODEL")
@click.option("--name", metavar="NAME", help="What to call it.  [default: its own name]")
@options.root
@click.option(
    "--network/--no-network", default=True, help="Whether to download it, if it is not here."
)
@click.option(
    "--allow-private",
    is_flag=True,
    help="Ask addresses on this machine and in the local network, too.",
)
@options.as_json
@click.pass_context
def get(ctx, root, as_json, **settings):
    """Download MODEL: a known name, https://…/model.safetensors, or hf:OWNER/NAME.

    It goes into the folder of the runs and is checked there: what is broken, or no model, gets no
    name. What was interrupted goes on when it is asked for once more.
    """
    from pixace.api.model_files import get_model

    done = get_model(root=root if root is not None else ctx.obj, **settings, progress=True)
    line = f"{done.place}: {done.about}; draw with it: pixace generate --run {done.name}"
    options.say([line], done.as_dict(), as_json)


@command.command(
    "pack",
    epilog=options.example(
        "pixace models pack my-run birds.safetensors --about 'birds' --licence CC0",
    ),
)
@click.argument("run", type=options.Place(), shell_complete=options.run_names)
@click.argument("out", metavar="FILE.safetensors", type=options.Place(path_type=Path))
@click.option("--about", required=True, metavar="TEXT", help="What it draws, in a line.")
@click.option("--licence", default="", metavar="TEXT", help="Under which it may be used.")
@click.option(
    "--credit", default="", metavar="TEXT", help="Whose pictures it learned from; their licence."
)
@options.root
@options.as_json
@click.pass_context
def pack(ctx, run, out, root, as_json, **settings):
    """Write the model of RUN as a file to give away.

    It has half the size, says what it is, and names no paths of this machine. Whoever has it draws
    by --run FILE.safetensors, or has it put on the web and gets it from there.
    """
    from pixace.api.model_files import pack_model

    done = pack_model(run, out, root=root if root is not None else ctx.obj, **settings)
    line = f"{done.place}: {done.about}, {done.size / 1e6:.1f} MB"
    options.say([line], done.as_dict(), as_json)
