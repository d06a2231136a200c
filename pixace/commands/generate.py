"""`pixace generate`: new pictures."""

from pathlib import Path

import click
from click.core import ParameterSource

from pixace.commands import options

# What decides the pictures: kept in the PNG, and read back by --again.
DECISIVE = ("run", "n", "seed", "temperature", "top_k", "top_p")


@click.command("generate")
@click.option("--n", default=64, help="How many pictures.")
@click.option("--temperature", default=1.0, help="0: the likeliest colours; 1: as trained.")
@options.drawing
@click.option("--out", default="collage.png", type=click.Path(path_type=Path), help="The collage.")
@click.option(
    "--each", type=click.Path(path_type=Path), help="Also single pictures, in this folder."
)
@click.option("--gif", type=click.Path(path_type=Path), help="Also a film of the pixels arriving.")
@click.option("--again", type=click.Path(path_type=Path), help="Settings from this collage.")
@options.as_json
@click.pass_context
def command(ctx, out, each, gif, again, scale, smooth, root, batch_size, as_json, **_):
    """Dream up new pictures and lay them out in a collage.

    The collage remembers the run and the settings; --again FILE.png draws the same pictures.

    Example:

    \b
        pixace generate --n 64 --temperature 0.9 --out dreams.png
        pixace complete photo.jpg
    """
    from pixace import gallery
    from pixace.collage import read_description

    asked = {name: ctx.params[name] for name in DECISIVE}
    if again is not None:
        told = read_description(again)
        for name in DECISIVE:
            if name in told and ctx.get_parameter_source(name) is ParameterSource.DEFAULT:
                asked[name] = told[name]
    facts = gallery.generate(
        out,
        **asked,
        root=root,
        batch_size=batch_size,
        scale=scale,
        smooth=smooth,
        each=each,
        gif=gif,
        progress=True,
    )
    options.say(
        f"{out}: {facts['n']} pictures by {facts['run']}, seed {facts['seed']}", facts, as_json
    )
