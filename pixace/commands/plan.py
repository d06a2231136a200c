"""`pixace plan`: what a training would need, before it begins."""

import click

from pixace.commands import options, picture_options


@click.command(
    "plan",
    epilog=options.example(
        "pixace plan",
        "pixace plan photos/ --gin photos-32 --memory 10GB",
        "pixace plan photos/ --model reformer --gin transformer --steps 100000",
    ),
)
@click.argument("data", type=options.Place(), required=False)
@click.option(
    "--memory",
    metavar="SIZE",
    help="What there is for training, such as 10GB; of a GPU, all it has.  [default: what is free]",
)
@click.option(
    "--model",
    metavar="MODEL",
    shell_complete=options.words("transformer", "reformer", "modern"),
    help="This kind alone.  [default: all]",
)
@click.option(
    "--gin",
    type=options.Place(),
    metavar="FILE",
    help="A gin file, or the name of a shipped one.  [default: small; without DATA, digits]",
)
@options.bindings("train.ema=0.99")
@click.option("--steps", type=int, metavar="N", help="Short for --set train.steps=N.")
@click.option("--batch-size", type=int, metavar="N", help="Short for --set train.batch_size=N.")
@picture_options.pictures
@picture_options.labels
@click.option(
    "--captions",
    is_flag=True,
    help="Learn each picture's caption, or its label, as words in front of it.",
)
@click.option(
    "--template",
    multiple=True,
    metavar="TEXT",
    help="Captions made of labels, such as 'a handwritten {label}'. Repeatable.",
)
@click.option("--samples", default=64, metavar="N", help="Pictures of a collage.")
@options.as_json
def command(data, as_json, **settings):
    """Say what trainings on DATA would need: memory, the largest batch, hours.

    The training step of each kind of model is compiled, and run a few times; nothing is trained,
    and no run is made.
    """
    from pixace.api.plan import plan
    from pixace.runtime.memory_sizes import shown

    found = plan(data, **settings, progress=True)
    lines = [
        f"{found.pictures:,} pictures of {found.tokens:,} tokens, {found.steps:,} steps of "
        f"{found.batch_size}, {found.dtype}, {shown(found.memory)} of memory",
        f"{'':24}{'weights':>10}{'memory':>10}{'largest batch':>15}{'tokens/s':>10}"
        f"{'hours':>8}{'drawing':>10}",
    ]
    for each in found.candidates:
        mark = "*" if each.name == found.best else " " if each.fits else "!"
        lines.append(
            f"{mark} {each.name:22}{each.weights:>10,}{shown(each.memory):>10}"
            f"{each.largest_batch:>15,}{each.tokens_per_second:>10,.0f}{each.hours:>8.2f}"
            f"{shown(each.drawing):>10}"
        )
    if found.best:
        lines.append("*: fits, and is done first; what each learns is another matter")
    else:
        lines.append("!: does not fit; try a smaller --batch-size, or --set train.accumulate=2")
    options.say(lines, found.as_dict(), as_json)
