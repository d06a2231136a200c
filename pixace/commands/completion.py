"""`pixace completion`: words that the shell may fill in."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx, shell):
    """Print the lines that teach SHELL to complete pixace's commands and options.

    Example:

    \b
        pixace completion bash >> ~/.bashrc
        pixace completion fish > ~/.config/fish/completions/pixace.fish
    """
    script = get_completion_class(shell)
    click.echo(script(ctx.find_root().command, {}, "pixace", "_PIXACE_COMPLETE").source())
