"""`pixace evaluate`: numbers that can be compared."""

from pathlib import Path

import click

from pixace.commands import options


@click.command(
    "evaluate",
    epilog=options.example(
        "pixace evaluate",
        "pixace evaluate photos/ --run photos-32",
        "pixace evaluate --part train --pictures 500",
        "pixace evaluate --novelty --figure nearest.png",
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
@click.option(
    "--part",
    metavar="PART",
    shell_complete=options.words("validation", "train"),
    help="validation or train.  [default: what was held out, or all if nothing was]",
)
@click.option("--pictures", type=int, metavar="N", help="At most so many.  [default: all]")
@click.option("--labels", is_flag=True, help="Take sub-folders as labels.")
@click.option(
    "--novelty",
    is_flag=True,
    help="Draw pictures, and look for the training pictures that they are nearest to.",
)
@click.option(
    "--fidelity",
    is_flag=True,
    help="Draw pictures, and compare them with those held out.",
)
@click.option("--samples", default=64, metavar="N", help="How many are drawn for that.")
@click.option("--seed", default=0, metavar="N", help="Same seed, same pictures.")
@click.option(
    "--figure",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Show each above its nearest training picture.",
)
@click.option(
    "--maps",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Show pictures, and below each which pixels the model did not expect.",
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
    """Measure a model on DATA, or on the pictures that were held out of its training.

    Bits per pixel are those of the picture in the model's colours. Bits per dimension are those of
    the 8-bit picture in the model's size, for each channel: they compare models of different
    colours, and with published figures. Intervals hold the true mean 95 times of 100. The
    yardsticks say what simpler ways need.
    """
    from pixace.api.evaluate import evaluate

    found = evaluate(data, **settings, progress=True)
    where = "held-out pictures" if found.part == "validation" else "pictures"
    counted = found.bits_per_pixel.pictures
    lines = [
        f"{found.model} on {counted:,} {where} of {found.named}",
        f"  bits per pixel      {found.bits_per_pixel}   ({found.nats_per_token} nats per token)",
    ]
    if found.bits_per_dimension:
        lines.append(f"  bits per dimension  {found.bits_per_dimension}   of the 8-bit picture")
    else:
        lines.append("  bits per dimension  none: no token stands for a number of 8-bit colours")
    if it := found.distortion:
        kept = "nothing lost" if it.psnr is None else f"{it.psnr:.2f} dB, {it.delta:.2f} ΔE"
        lines.append(f"  colours keep        {kept}   ({it.pictures:,} pictures)")
    if found.novelty:
        lines.append(f"  new pictures        {found.novelty}")
    if found.learned:
        lines.append(f"  of training ones    {found.learned} bits per pixel")
    if found.fidelity:
        lines.append("new pictures beside held-out ones (training pictures in their place):")
        drawn, bar = vars(found.fidelity.drawn), vars(found.fidelity.training)
        lines += [f"  {name:18}  {it}   ({bar[name]})" for name, it in drawn.items()]
    known = {name: bits for name, bits in vars(found.yardsticks).items() if bits is not None}
    lines.append("yardsticks, bits per pixel:")
    lines += [f"  {name:18}  {bits:.3f}" for name, bits in known.items()]
    if found.classes:
        lines.append("classes, bits per pixel:")
        lines += [f"  {label:18}  {it}" for label, it in found.classes.items()]
    options.say(lines, found.as_dict(), as_json)
