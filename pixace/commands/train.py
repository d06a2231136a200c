"""`pixace train`: a model, from pictures or a token set."""

import click

from pixace.commands import options, picture_options


@click.command(
    "train",
    epilog=options.example(
        "pixace train photos/ --minutes 120",
        "pixace train photos/ --model reformer --gin photos-32 --steps 2000 --set DROPOUT=0.1",
        "pixace train --template 'a handwritten {label}'",
        "pixace train --resume --minutes 10",
        "pixace generate --n 64",
    ),
)
@click.argument("data", type=options.Place(), required=False)
@click.option(
    "--model",
    metavar="MODEL",
    shell_complete=options.words("transformer", "reformer", "modern"),
    help="transformer, reformer or modern.  [default: the gin file's]",
)
@click.option(
    "--from",
    "start",
    type=options.Place(),
    metavar="MODEL",
    shell_complete=options.run_names,
    help="Begin with what a trained model knows: a run, a file, or one of pixace models.",
)
@click.option(
    "--gin",
    type=options.Place(),
    metavar="FILE",
    help="A gin file, or the name of a shipped one.  [default: what suits machine and pictures; on "
    "a GPU, without --minutes, the original's shape]",
)
@click.option(
    "--minutes",
    type=float,
    metavar="N",
    help="How long it may take, or go on with --resume: decides steps and, without --gin, shape "
    "and batch.  [default: 30, without --gin, --steps and a GPU]",
)
@options.training("train", "train.ema=0.99")
@picture_options.pictures
@picture_options.tiles
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
    help="Captions made of labels, such as 'a handwritten {label}'. Repeatable: one at random.",
)
@picture_options.strict
@click.option("--name", metavar="NAME", help="Of the run.  [default: made from data and model]")
@options.root
@options.resuming("run")
@options.as_json
@click.pass_context
def command(ctx, resume, as_json, **settings):
    """Train a model on DATA: a source of pictures or a token set; the built-in digits if left out.

    Model, batch and steps suit the pictures and what this machine learns in the --minutes, or are
    those of a --gin file; --set changes any setting. The run's folder gets the model, its
    checkpoints, curves and samples. Ctrl-C saves; --resume goes on.
    """
    from pixace.api import train

    given = options.chosen(ctx, tuple(settings))
    if resume is None:
        outcome = train.train(given.pop("data", None), **given, progress=True)
    else:
        outcome = train.resume(resume or None, **options.changes(given), progress=True)
    path = outcome.run.path
    if outcome.step < outcome.steps:
        lines = [
            f"{path}: stopped after {outcome.step:,} of {outcome.steps:,} steps; "
            f"go on with: pixace train --resume {path}"
        ]
    else:
        lines = [
            f"{path}: {outcome.step:,} steps, {outcome.loss:.4f} nats/token, "
            f"{outcome.bits_per_pixel:.3f} bits/pixel"
            f"{'' if outcome.held_out else ' on training pictures, as none were held out'}",
            f"{outcome.collage}: pictures drawn by the best model; more with: "
            f"pixace generate --run {path}",
        ]
        if outcome.verdict:
            lines.append(f"{outcome.verdict}: {outcome.advice}")
    options.say(lines, outcome.as_dict(), as_json)
