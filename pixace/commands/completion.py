"""`pixace completion`: words that the shell may fill in."""

import click
from click.shell_completion import get_completion_class

from pixace.commands import options


@click.command(
    "completion",
    epilog=options.example(
        "pixace completion bash >> ~/.bashrc",
        "pixace completion zsh >> ~/.zshrc",
        "pixace completion fish > ~/.config/fish/completions/pixace.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.as_json
@click.pass_context
def command(ctx, shell, as_json):
    """Print the lines that teach SHELL to complete pixace's commands, options and runs."""
    kind = get_completion_class(shell)
    script = kind(ctx.find_root().command, {}, "pixace", "_PIXACE_COMPLETE").source()
    options.say(script.split("\n"), {"shell": shell, "script": script}, as_json)
