"""`pixace train`: a model, from pictures or a token set."""

import click

from pixace.commands import options

SHORTHANDS = {
    "steps": "train.steps",
    "batch_size": "train.batch_size",
    "learning_rate": "train.learning_rate",
    "seed": "train.seed",
    **{name: f"pictures.{name}" for name in options.PICTURES},
}


@click.command("train")
@click.argument("data", required=False)
@click.option("--model", help="transformer or reformer.  [default: the gin file's]")
@click.option("--gin", help="gin file, or a shipped one's name.  [default: the model's own]")
@click.option(
    "--set", "bindings", multiple=True, metavar="BINDING", help="Such as 'train.ema=0.9'."
)
@click.option("--steps", type=int, help="Short for --set train.steps=N.")
@click.option("--batch-size", type=int, help="Short for --set train.batch_size=N.")
@click.option("--learning-rate", type=float, help="Short for --set train.learning_rate=X.")
@click.option("--seed", type=int, help="Short for --set train.seed=N.")
@options.pictures
@click.option("--labels", is_flag=True, help="Take sub-folders as labels.")
@click.option("--name", help="Of the run.  [default: made from data and model]")
@options.root
@click.option(
    "--resume",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="Go on; the latest if not named.",
)
@options.as_json
@click.pass_context
def command(ctx, data, model, gin, bindings, labels, name, root, resume, as_json, **_):
    """Train a model on DATA: a source of pictures or a token set; the built-in digits if left out.

    The gin file holds the hyper-parameters, --set changes any of them, and the run's folder gets
    the model, its checkpoints, curves and samples. Ctrl-C saves; --resume goes on.

    Example:

    \b
        pixace train photos/ --model reformer --steps 10000
        pixace generate --n 64
    """
    from pixace import api

    short = options.chosen(ctx, tuple(SHORTHANDS))
    bound = [*bindings, *(f"{SHORTHANDS[option]} = {value!r}" for option, value in short.items())]
    if resume is None:
        outcome = api.train(
            data,
            model=model,
            gin=gin,
            bindings=bound,
            name=name,
            root=root,
            labels=labels,
            progress=True,
        )
    else:
        if data or model or gin or name or labels:
            raise click.UsageError("--resume takes data, model and gin file from the run itself")
        outcome = api.resume(resume or None, bindings=bound, root=root, progress=True)
    path = outcome.run.path
    facts = {
        "run": str(path),
        "step": outcome.step,
        "steps": outcome.steps,
        "loss": outcome.loss,
        "bits_per_pixel": outcome.bits_per_pixel,
        "tokens_per_second": outcome.tokens_per_second,
        "collage": None if outcome.collage is None else str(outcome.collage),
    }
    if outcome.step < outcome.steps:
        text = (
            f"{path}: stopped after {outcome.step:,} of {outcome.steps:,} steps; "
            f"go on with: pixace train --resume {path}"
        )
    else:
        text = (
            f"{path}: {outcome.step:,} steps, {outcome.loss:.4f} nats/token, "
            f"{outcome.bits_per_pixel:.3f} bits/pixel\n"
            f"{outcome.collage}: pictures drawn by the best model; more with: "
            f"pixace generate --run {path}"
        )
    options.say(text, facts, as_json)
