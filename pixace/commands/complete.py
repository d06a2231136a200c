"""`pixace complete`: the rest of a photo."""

from pathlib import Path

import click

from pixace.commands import options


@click.command("complete")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--cut", default="50%", help="Pixels to keep, or a share such as 50%.")
@click.option("--temperature", "temperatures", multiple=True, default=[1.0], help="Repeatable.")
@click.option("--samples", default=4, help="Completions per photo and temperature.")
@options.drawing
@click.option("--out", default="completions.png", type=click.Path(path_type=Path), help="Collage.")
@click.option("--strict", is_flag=True, help="Stop at a bad photo; else skip it and say so.")
@options.as_json
def command(photos, out, as_json, **settings):
    """Keep the first pixels of PHOTOS and let the model finish them.

    One row per photo: the photo, what was kept, and a column for each temperature and sample.

    Example:

    \b
        pixace complete photo.jpg --cut 50% --temperature 0.8 --temperature 1 --samples 3
        pixace generate --n 64
    """
    from pixace import gallery

    facts = gallery.complete(photos, out, **settings, progress=True)
    for reason in facts["skipped"]:
        click.echo(f"skipped {reason}", err=True)
    text = f"{out}: {len(facts['photos'])} photos finished by {facts['run']}, seed {facts['seed']}"
    options.say(text, facts, as_json)
