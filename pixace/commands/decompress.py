"""`pixace decompress`: the pictures of a small file."""

from pathlib import Path

import click

from pixace.commands import options


@click.command(
    "decompress",
    epilog=options.example(
        "pixace decompress photos.pxc photos-again/",
        "pixace decompress photos.pxc photos-again/ --run models/photos-32.safetensors",
    ),
)
@click.argument("file", metavar="FILE.pxc", type=options.Place(path_type=Path))
@click.argument("out", metavar="FOLDER", type=options.Place(path_type=Path))
@click.option(
    "--run",
    metavar="RUN",
    type=options.Place(),
    shell_complete=options.run_names,
    help="Name, folder or .safetensors file of the very model.  [default: by the name in the file]",
)
@options.root
@options.as_json
def command(file, out, as_json, **settings):
    """Write the pictures of FILE.pxc as PNGs, by their names, into a new FOLDER.

    They are what was compressed, to the last bit, or else nothing is written and a line says why.
    """
    from pixace.api.decompress import decompress

    done = decompress(file, out, **settings, progress=True)
    counted = f"{done.pictures:,} picture" + "s" * (done.pictures > 1)
    options.say([f"{done.out}: {counted} by {done.model}"], done.as_dict(), as_json)
