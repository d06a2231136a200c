"""`pixace doctor`: whether all is well before hours are spent."""

from pathlib import Path

import click

from pixace.commands import options, picture_options


@click.command(
    "doctor",
    epilog=options.example(
        "pixace doctor",
        "pixace doctor photos/ --sheet examples.png",
        "pixace doctor photos/ --gin photos-32 --learning-rate 0.03",
        "pixace doctor --run photos-32",
    ),
)
@click.argument("data", type=options.Place(), required=False)
@click.option(
    "--run",
    metavar="RUN",
    type=options.Place(),
    shell_complete=options.run_names,
    help="Look at a trained model: name, folder or .safetensors file.  [default: at the training "
    "that pixace train would begin]",
)
@options.root
@click.option(
    "--model",
    metavar="MODEL",
    shell_complete=options.words("transformer", "reformer", "modern"),
    help="transformer, reformer or modern.  [default: the gin file's]",
)
@click.option(
    "--gin",
    type=options.Place(),
    metavar="FILE",
    help="A gin file, or the name of a shipped one.  [default: what suits machine and pictures]",
)
@options.bindings("pictures.fit=\"'pad'\"")
@click.option("--minutes", type=float, metavar="N", help="How long the training is to take.")
@click.option(
    "--learning-rate",
    type=float,
    metavar="X",
    help="Short for --set train.learning_rate=X.",
)
@picture_options.pictures
@picture_options.tiles
@picture_options.labels
@click.option("--captions", is_flag=True, help="Put each picture's caption, or label, before it.")
@click.option(
    "--sheet",
    type=options.Place(path_type=Path),
    metavar="FILE.png",
    help="Show some pictures, each beside what the model sees of it.",
)
@click.option("--seconds", default=150, metavar="N", help="After which nothing more is begun.")
@options.as_json
@click.pass_context
def command(ctx, data, as_json, **settings):
    """Look whether machine, pictures, model and training are well, in under three minutes.

    DATA is what pixace train takes; the built-in digits if left out, or the run's. Each line says
    ok, look (it may be meant) or broken (do not train before it is mended), and what to do.
    """
    from pixace.api.doctor import doctor

    found = doctor(data, **settings, progress=True)
    width = max(len(each.name) for each in found.findings)
    lines = []
    for each in found.findings:
        lines.append(f"{each.state:6}  {each.name:{width}}  {each.found}")
        if each.advice:
            lines.append(f"{'':6}  {'':{width}}  -> {each.advice}")
    options.say(lines, found.as_dict(), as_json)
    if found.is_broken:
        ctx.exit(1)
