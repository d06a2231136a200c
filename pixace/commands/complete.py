"""`pixace complete`: the rest of a photo."""

from pathlib import Path

import click

from pixace.commands import drawing_options, options
from pixace.runtime.printable import tell


@click.command(
    "complete",
    epilog=options.example(
        "pixace complete photo.jpg --cut 50% --temperature 0.8 --temperature 1 --samples 3",
        "pixace complete --again completions.png --seed 1",
        "pixace generate --n 64",
    ),
)
@click.argument("photos", nargs=-1, type=options.Photo(path_type=Path))
@click.option(
    "--cut", default="50%", metavar="PIXELS", help="How many to keep, or a share such as 50%."
)
@click.option(
    "--temperature",
    multiple=True,
    default=[1.0],
    metavar="T",
    help="0 takes the likeliest colour each time, 1 draws as trained. Repeatable.",
)
@click.option("--samples", default=4, metavar="N", help="Completions per photo and temperature.")
@click.option("--text", metavar="TEXT", help="What they shall show, if the model learned captions.")
@click.option(
    "--class", "classes", metavar="LABEL", help="The same by a label of the training pictures."
)
@drawing_options.guidance
@drawing_options.drawing
@drawing_options.places("completions.png", "completion")
@click.option(
    "--paste",
    type=options.Place(path_type=Path),
    metavar="FOLDER",
    help="Also write every completion in its photo, at the photo's own size.",
)
@click.option(
    "--maps",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Also show every completion above a map of the bits that its pixels cost.",
)
@click.option("--strict", is_flag=True, help="Stop at a bad photo; else skip it and say so.")
@click.option(
    "--allow-private",
    is_flag=True,
    help="Fetch addresses on this machine and in the local network, too.",
)
@options.as_json
@click.pass_context
def command(ctx, again, as_json, **settings):
    """Keep the first pixels of PHOTOS, files or https://…, and let the model finish them.

    One row per photo: the photo, what was kept, and a column for each temperature and sample. The
    collage remembers the run, the photos and all settings: --again makes it once more. Photos that
    are too many for one collage go on several, FILE-2.png and so on.
    """
    from pixace.api.complete import complete

    if again is None and not settings["photos"]:
        raise click.UsageError("name at least one photo, or --again FILE.png")
    done = drawing_options.make_collage(ctx, complete, again, settings)
    facts = done.as_dict()
    for reason in facts["skipped"]:
        tell(f"skipped {reason}")
    finished = f"{len(facts['photos'])} photo" + "s" * (len(facts["photos"]) > 1)
    skipped = f", {len(facts['skipped'])} skipped" if facts["skipped"] else ""
    line = (
        f"{done.where}: {finished} finished by {done.model.name}, "
        f"seed {done.settings.seed}{skipped}"
    )
    options.say([line], facts, as_json)
