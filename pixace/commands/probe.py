"""`pixace probe`: what a model has understood."""

from pathlib import Path

import click

from pixace.commands import options


@click.command(
    "probe",
    epilog=options.example(
        "pixace probe --figure layers.png",
        "pixace probe mnist/ --run digits",
        "pixace probe photos/ --labels --run photos-32",
    ),
)
@click.argument("data", type=options.Place(), required=False)
@click.option(
    "--run",
    metavar="RUN",
    type=options.Place(),
    shell_complete=options.run_names,
    help="Name, folder or .safetensors file.  [default: the latest run]",
)
@options.root
@click.option("--pictures", default=10_000, metavar="N", help="At most so many of each part.")
@click.option("--labels", is_flag=True, help="Take sub-folders as labels.")
@click.option("--seed", default=0, metavar="N", help="Same seed, same numbers.")
@click.option(
    "--figure",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Show the accuracy of each layer as a curve.",
)
@click.option("--batch-size", default=16, metavar="N", help="Pictures at a time.")
@click.option(
    "--dtype",
    metavar="TYPE",
    shell_complete=options.words("float32", "bfloat16", "auto"),
    help="Of the products.  [default: the run's]",
)
@options.as_json
def command(data, as_json, **settings):
    """Ask what a model has understood of DATA, or of the pictures that it was trained on.

    A linear classifier learns the labels of pictures from what a layer of the model makes of them,
    and is asked for those of held-out pictures; others have the pixels instead. Layer 0 is what
    goes into the first block. The model itself never sees a label here. Of DATA a fifth is held
    out, unless it says itself which. Intervals hold the true share 95 times of 100.
    """
    from pixace.api.probe import probe

    found = probe(data, **settings, progress=True)
    layers = {f"layer {number}": told for number, told in enumerate(found.layers)}
    lines = [
        f"{found.model} on {found.held:,} held-out pictures of {found.named}, {found.classes:,} "
        f"classes, after {found.train:,} to learn from: right of 100"
    ]
    for name, told in (found.others | layers).items():
        it, is_best = told.accuracy, name == f"layer {found.best}"
        words = "   best on training pictures" if is_best else ""
        lines.append(
            f"  {name:10}  {100 * it.mean:5.1f} ({100 * it.low:.1f} … {100 * it.high:.1f}){words}"
        )
    gain = found.gain
    lines.append(
        f"layer {found.best} less pixels: {100 * gain.mean:+.1f} "
        f"({100 * gain.low:+.1f} … {100 * gain.high:+.1f})"
    )
    options.say(lines, found.as_dict(), as_json)
