"""`pixace codebook`: learned tokens, from pictures."""

import click

from pixace.commands import options

# What --resume may change; all else is the run's own.
CHANGEABLE = ("bindings", "steps", "batch_size", "learning_rate", "seed", "track", "root", "resume")


@click.command(
    "codebook",
    epilog=options.example(
        "pixace codebook photos/ --size 64 --codes 512 --downsample 4 --name photos-64",
        "pixace train photos/ --colors vq:photos-64",
        "pixace complete photo.jpg",
    ),
)
@click.argument("data", type=click.Path(), required=False)
@click.option("--codes", type=int, metavar="K", help="Short for --set codebook.codes=K.")
@click.option(
    "--downsample",
    type=int,
    metavar="N",
    help="N by N pixels to a code; short for --set codebook.downsample=N.",
)
@click.option(
    "--gin",
    type=click.Path(),
    metavar="FILE",
    help="A gin file, or the name of a shipped one.  [default: codebook]",
)
@click.option(
    "--set",
    "bindings",
    multiple=True,
    metavar="BINDING",
    help="A line of gin, such as codebook.beta=0.5. Repeatable.",
)
@click.option("--steps", type=int, metavar="N", help="Short for --set codebook.steps=N.")
@click.option("--batch-size", type=int, metavar="N", help="Short for --set codebook.batch_size=N.")
@click.option(
    "--learning-rate", type=float, metavar="X", help="Short for --set codebook.learning_rate=X."
)
@click.option("--seed", type=int, metavar="N", help="Short for --set codebook.seed=N.")
@options.track
@options.fitting
@click.option("--strict", is_flag=True, help="Stop at a bad picture; else skip, name and count it.")
@click.option("--name", metavar="NAME", help="Of the run.  [default: made from data]")
@options.root
@click.option(
    "--resume",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    type=click.Path(),
    shell_complete=options.run_names,
    help="Go on with a codebook; with the latest if none is named.",
)
@options.as_json
@click.pass_context
def command(ctx, resume, as_json, **settings):
    """Learn a codebook from the pictures of DATA: one token for each square of pixels.

    Encoder, codes and decoder go into a run; --colors vq:RUN then makes tokens with them, and what
    is trained on these tokens carries them along. Ctrl-C saves; --resume goes on.
    """
    from pixace import codebooks

    given = options.chosen(ctx, tuple(settings))
    if resume is not None:
        if own := [name for name in given if name not in CHANGEABLE]:
            raise click.UsageError(f"--resume takes {own[0]} from the run itself; leave it out")
        outcome = codebooks.resume_codebook(resume or None, **given, progress=True)
    elif "data" in given:
        outcome = codebooks.codebook(given.pop("data"), **given, progress=True)
    else:
        raise click.UsageError("name the pictures DATA to learn from, or --resume")
    path = outcome.run.path
    facts = {
        "run": str(path),
        "step": outcome.step,
        "steps": outcome.steps,
        "psnr": outcome.psnr,
        "codes": outcome.codes,
        "used": outcome.used,
        "perplexity": outcome.perplexity,
        "pictures_per_second": outcome.pictures_per_second,
    }
    if outcome.step < outcome.steps:
        text = (
            f"{path}: stopped after {outcome.step:,} of {outcome.steps:,} steps; "
            f"go on with: pixace codebook --resume {path}"
        )
    else:
        text = (
            f"{path}: {outcome.step:,} steps, PSNR {outcome.psnr:.2f} dB on held-out pictures, "
            f"{outcome.used} of {outcome.codes} codes used (perplexity {outcome.perplexity:.0f}); "
            f"next: pixace train PICTURES --colors vq:{path}"
        )
    options.say(text, facts, as_json)
