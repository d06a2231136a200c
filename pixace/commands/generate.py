"""`pixace generate`: new pictures."""

from pathlib import Path

import click

from pixace.commands import drawing_options, options


@click.command(
    "generate",
    epilog=options.example(
        "pixace generate --n 64 --temperature 0.9 --out dreams.png",
        "pixace generate --text 'a handwritten seven' --guidance 2 --n 16",
        "pixace generate --again dreams.png --seed 1 --out more.png",
        "pixace complete photo.jpg",
    ),
)
@click.option(
    "--n",
    type=int,
    metavar="N",
    help="How many pictures, of each text.  [default: 64, or 8 of each of several texts]",
)
@click.option(
    "--text",
    multiple=True,
    metavar="TEXT",
    help="What they shall show, if the model learned captions. Repeatable, a row for each.",
)
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="LABEL",
    help="The same by a label of the training pictures. Repeatable.",
)
@drawing_options.guidance
@click.option(
    "--temperature",
    default=1.0,
    metavar="T",
    help="0 takes the likeliest colour each time, 1 draws as trained.",
)
@drawing_options.drawing
@drawing_options.places("collage.png", "picture")
@click.option(
    "--novelty",
    is_flag=True,
    help="Put a frame around copies of training pictures.",
)
@click.option(
    "--gif",
    type=options.Place(path_type=Path),
    metavar="FILE.gif",
    help="Also write a film of the pixels arriving.",
)
@options.as_json
@click.pass_context
def command(ctx, again, as_json, **settings):
    """Dream up new pictures and lay them out in a collage.

    The collage remembers the run and all settings: --again makes it once more.
    """
    from pixace.api.generate import generate

    done = drawing_options.make_collage(ctx, generate, again, settings)
    facts = done.as_dict()
    texts = len(facts.get("text", ())) + len(facts.get("classes", ()))
    of_each = f" of each of {texts} texts" if texts > 1 else ""
    line = (
        f"{done.where}: {facts['n']} pictures{of_each} by {done.model.name}, "
        f"seed {done.settings.seed}"
    )
    options.say([line, *done.remarks], facts, as_json)
