"""`pixace import`: a run, from weights of Trax or of the original pixace."""

import click

from pixace.commands import options, picture_options
from pixace.runtime.printable import tell


@click.command(
    "import",
    epilog=options.example(
        "pixace import model.pkl.gz --colors hsv:5,4,4 --size 32 --model reformer --name old",
        "pixace generate --run old --n 64",
    ),
)
@click.argument("file", type=options.Place())
@click.option(
    "--model",
    metavar="MODEL",
    shell_complete=options.words("transformer", "reformer"),
    help="transformer or reformer, to be sure.  [default: what the weights say]",
)
@picture_options.pictures
@options.bindings("transformer.n_heads=4")
@click.option("--name", metavar="NAME", help="Of the run.  [default: made from file and model]")
@options.root
@options.as_json
@click.pass_context
def command(ctx, file, as_json, **settings):
    """Make a run of FILE, a checkpoint model.pkl.gz of Trax or of the original pixace.

    The file is read as data, and nothing in it is run. --size and --colors must be those that the
    model was trained with; layers and features are seen in the weights, the heads of a transformer
    are not: --set transformer.n_heads=4.
    """
    from pixace.api.import_weights import import_weights

    done = import_weights(file, **options.chosen(ctx, tuple(settings)))
    path, sizes = done.run.path, done.settings
    for binding in done.assumed:
        value = done.run.read().settings[binding]
        tell(
            f"assumed {binding} = {value}, which no weight tells; if it was another: "
            f"--set {binding}=N"
        )
    facts = {
        "run": str(path),
        "model": done.kind,
        "settings": sizes,
        "assumed": list(done.assumed),
        "weights": done.weights,
        "step": done.step,
    }
    line = (
        f"{path}: a {done.kind}, layers {sizes['n_layers']}, features {sizes['d_model']}, "
        f"weights {done.weights:,}, steps {done.step:,}; "
        f"next: pixace generate --run {path}"
    )
    options.say([line], facts, as_json)
