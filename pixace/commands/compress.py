"""`pixace compress`: pictures as a small file."""

from pathlib import Path

import click

from pixace.commands import options


@click.command(
    "compress",
    epilog=options.example(
        "pixace compress photos/ photos.pxc --run photos-32",
        "pixace decompress photos.pxc photos-again/",
    ),
)
@click.argument("data", metavar="PICTURES", type=options.Place())
@click.argument("out", metavar="OUT.pxc", type=options.Place(path_type=Path))
@click.option(
    "--run",
    metavar="RUN",
    type=options.Place(),
    shell_complete=options.run_names,
    help="Name, folder or .safetensors file.  [default: the latest run]",
)
@options.root
@click.option(
    "--dtype",
    metavar="TYPE",
    shell_complete=options.words("float32", "bfloat16", "auto"),
    help="Of the products.  [default: the run's]",
)
@options.as_json
def command(data, out, as_json, **settings):
    """Compress PICTURES by what a model expects of them, into one file.

    Pictures are fitted to the model's size and colours, as for a training; of what is left then
    nothing is lost, and `pixace decompress` gives it back to the last bit. It needs the same model
    and the same version of JAX, and a processor that rounds alike. So keep the pictures.
    """
    from pixace.api.compress import compress

    done = compress(data, out, **settings, progress=True)
    counted = f"{done.pictures:,} picture" + "s" * (done.pictures > 1)
    lines = [
        f"{done.out}: {counted} by {done.model}, {done.bytes:,} bytes; "
        f"{done.payload:,} without names and header, {done.bits_per_pixel:.3f} bits per pixel",
        f"  the same pictures one by one: {done.png:,} bytes as PNG, {done.webp:,} as WebP",
    ]
    options.say(lines, done.as_dict(), as_json)
