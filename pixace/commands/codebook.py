"""`pixace codebook`: learned tokens, from pictures."""

import click

from pixace.commands import options, picture_options


@click.command(
    "codebook",
    epilog=options.example(
        "pixace codebook photos/ --size 64 --codes 512 --downsample 4 --name photos-64",
        "pixace train photos/ --colors vq:photos-64",
        "pixace complete photo.jpg",
    ),
)
@click.argument("data", type=options.Place(), required=False)
@click.option("--codes", type=int, metavar="K", help="Short for --set codebook.codes=K.")
@click.option(
    "--downsample",
    type=int,
    metavar="N",
    help="N by N pixels to a code; short for --set codebook.downsample=N.",
)
@click.option(
    "--gin",
    type=options.Place(),
    metavar="FILE",
    help="A gin file, or the name of a shipped one.  [default: codebook]",
)
@options.training("codebook", "codebook.beta=0.5")
@picture_options.fitting
@picture_options.tiles
@picture_options.strict
@click.option("--name", metavar="NAME", help="Of the run.  [default: made from data]")
@options.root
@options.resuming("codebook")
@options.as_json
@click.pass_context
def command(ctx, resume, as_json, **settings):
    """Learn a codebook from the pictures of DATA: one token for each square of pixels.

    Encoder, codes and decoder go into a run; --colors vq:RUN then makes tokens with them, and what
    is trained on these tokens carries them along. Ctrl-C saves; --resume goes on.
    """
    from pixace.api import codebook

    given = options.chosen(ctx, tuple(settings))
    if resume is not None:
        outcome = codebook.resume_codebook(resume or None, **options.changes(given), progress=True)
    elif "data" in given:
        outcome = codebook.codebook(given.pop("data"), **given, progress=True)
    else:
        raise click.UsageError("name the pictures DATA to learn from, or --resume")
    path = outcome.run.path
    if outcome.step < outcome.steps:
        text = (
            f"{path}: stopped after {outcome.step:,} of {outcome.steps:,} steps; "
            f"go on with: pixace codebook --resume {path}"
        )
    else:
        text = (
            f"{path}: {outcome.step:,} steps, PSNR {outcome.psnr:.2f} dB on "
            f"{'held-out' if outcome.held_out else 'training'} pictures, "
            f"{outcome.used} of {outcome.codes} codes used (perplexity {outcome.perplexity:.0f}); "
            f"next: pixace train PICTURES --colors vq:{path}"
        )
    options.say([text], outcome.as_dict(), as_json)
