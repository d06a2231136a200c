"""The `pixace` command: names and help only; the work is in pixace.commands.

A command is imported when it is asked for, and imports arrays and models when it runs, so that
`pixace --help` answers in a blink.
"""

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from keyword import iskeyword
from typing import Any

import click

from pixace import __version__
from pixace.api import door
from pixace.commands.options import example
from pixace.errors import PixaceError
from pixace.runtime import streams
from pixace.runtime.printable import printable, tame_libraries, tell
from pixace.storage import cache_dir

COMMANDS = {
    "tokenize": "Turn pictures into tokens.",
    "codebook": "Learn a codebook from pictures.",
    "plan": "Say what a training would need.",
    "doctor": "Look whether all is well before training.",
    "train": "Train a model on pictures or tokens.",
    "generate": "Dream up new pictures.",
    "complete": "Finish photos.",
    "evaluate": "Measure a model on pictures.",
    "probe": "Ask what a model has understood.",
    "features": "Turn pictures into features of a model.",
    "compress": "Compress pictures by a model.",
    "decompress": "Get them back.",
    "import": "Make a run of old weights.",
    "runs": "List what was trained.",
    "models": "List models to draw with; get more.",
    "completion": "Teach the shell to complete commands.",
}


class Lazy(click.Group):
    """A group that knows its commands by name and imports them when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a day's work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Imports the command."""
        if name not in COMMANDS:
            return None
        file = f"{name}_" if iskeyword(name) else name
        return importlib.import_module(f"pixace.commands.{file}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> Any:
        """Answers, on streams that take any text and say in a line when they are full."""
        streams.prepare()
        tame_libraries()
        try:
            with streams.answering():
                return super().main(*args, **extra)
        except PixaceError as why:  # a help text found no room; commands are heard below
            tell(f"Error: {why}")
            sys.exit(1)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads what stands before the name of a command."""
        with _printable():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what the user can mend becomes one line and exit code 1."""
        _keep_programs()
        try:
            with _printable():
                return super().invoke(ctx)
        except click.ClickException:
            raise
        except Exception as why:
            if said := door.explained(why, ctx.invoked_subcommand):
                raise click.ClickException(printable(" ".join(str(said).split()))) from why
            if isinstance(why, EOFError):  # click takes it for a Ctrl-D, of which it has told
                raise RuntimeError("a file ended too early") from why
            raise


@contextmanager
def _printable() -> Iterator[None]:
    """Has what click itself complains of drive no terminal: it quotes words and names of files."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # help, in lines of our own
        raise
    except click.ClickException as why:
        vars(why).update({key: _shown(value) for key, value in vars(why).items()})
        raise


def _shown(value: Any) -> Any:
    """Texts, and lists of some, as they can be shown; all else as it is."""
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return printable(value) if isinstance(value, str) else value


def _keep_programs() -> None:
    """Has JAX keep compiled programs for the next start, unless the user has said otherwise.

    Where they cannot be kept, they are compiled each time, which is no news for anyone.
    """
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    with suppress(PixaceError):
        programs = cache_dir.made("programs")
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(programs))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog=example(
        "pixace train                           # on built-in digits, in two minutes",
        "pixace generate --n 64",
        "pixace train photos/ --minutes 30      # on your own pictures",
        "pixace complete photo.jpg",
    ),
)
@click.version_option(__version__, prog_name="pixace")
def main() -> None:
    """Small images as streams of tokens: finish photos, dream up new pictures."""
