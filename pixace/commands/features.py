"""`pixace features`: pictures as a model's features."""

from pathlib import Path

import click

from pixace.commands import options


@click.command(
    "features",
    epilog=options.example(
        "pixace features photos/ photos.npz --run photos-32",
        "pixace features photos/ photos.npz --run photos-32 --layer 3",
    ),
)
@click.argument("data", type=options.Place())
@click.argument("out", type=options.Place(path_type=Path), metavar="OUT.npz")
@click.option(
    "--run",
    metavar="RUN",
    type=options.Place(),
    shell_complete=options.run_names,
    help="Name, folder or .safetensors file.  [default: the latest run]",
)
@options.root
@click.option(
    "--layer",
    type=int,
    metavar="K",
    help="0 for what goes into the first block, K for what block K gives.  [default: all layers]",
)
@click.option("--labels", is_flag=True, help="Take sub-folders as labels.")
@click.option("--batch-size", default=16, metavar="N", help="Pictures at a time.")
@click.option(
    "--dtype",
    metavar="TYPE",
    shell_complete=options.words("float32", "bfloat16", "auto"),
    help="Of the products.  [default: the run's]",
)
@options.as_json
def command(data, out, as_json, **settings):
    """Write the features that a model has of each picture of DATA.

    A picture's features in a layer are the mean over all its positions. OUT.npz holds `features`,
    (pictures, d), or of all layers (layers, pictures, d), and `names` and `labels` where there are
    any. Captions are never shown to the model. `pixace probe` says which layer is the best.
    """
    from pixace.api.features import features

    found = features(data, out, **settings, progress=True)
    *_, pictures, d = found.features.shape
    which = f"layer {found.layer}" if found.layer is not None else f"{len(found.features)} layers"
    line = f"{found.out}: {pictures:,} pictures of {found.named}, {d} features of {which}"
    options.say([line], found.as_dict(), as_json)
