"""Reads gin files; with configurables.py the only module that knows gin."""

import ast
import importlib.util  # noqa: F401  gin 0.5.0 uses it without importing it
import io
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gin

from pixace import configurables  # noqa: F401  registers the names that gin may bind
from pixace.errors import ConfigError
from pixace.files import expanded
from pixace.names import unknown

# A checkout has gin/ beside pixace/; an installed pixace carries it as pixace/gin_files/.
FOLDERS = (Path(__file__).parents[1] / "gin", Path(__file__).parent / "gin_files")
INCLUDE = re.compile(r"""^([ \t]*include\s+)("[^"\n]*"|'[^'\n]*')""", re.MULTILINE)
MARK = "found:"  # begins the name of a file whose place is known; gin's own readers leave it alone


def load(gin_file: str | Path, bindings: Iterable[str] = ()) -> str:
    """Parses a gin file, then the bindings, in place of all that was bound before.

    Args:
      gin_file: path, or name of a shipped file with or without `.gin`.
      bindings: gin lines such as `train.steps = 10`; later ones win.

    Returns:
      The merged configuration as gin text, to be kept beside the weights.

    Raises:
      ConfigError: no such file, or a binding is broken or names nothing.
    """
    return restore(f"include {str(find(gin_file))!r}\n", bindings)


def restore(text: str, bindings: Iterable[str] = ()) -> str:
    """The same from gin text, such as `load` once returned."""
    gin.clear_config()
    with _quiet():
        _parse(text, "the configuration")
        for line in bindings:
            _parse(line, f"--set {line!r}")
    return gin.config_str(max_line_length=100)


def find(named: str | Path) -> Path:
    """The gin file that the user means.

    Raises:
      ConfigError: there is none.
    """
    path = expanded(named)
    if path.is_file():
        return path.resolve()
    for folder in FOLDERS:
        for name in (path.name, f"{path.name}.gin"):
            if (folder / name).is_file() and path.name == str(named).removeprefix("gin/"):
                return folder / name
    raise ConfigError(unknown("gin file", str(named), shipped()))


def shipped() -> list[str]:
    """Names of the gin files that come with pixace and can be run."""
    names = {path.name for folder in FOLDERS for path in folder.glob("*.gin")}
    return sorted(names - {"base.gin"})


@contextmanager
def _quiet() -> Iterator[None]:
    """Hushes gin, which logs an error for every folder where an included file is not."""
    manager, handler = logging.root.manager, logging.NullHandler()
    before = manager.disable
    logging.root.addHandler(handler)  # or logging would add one that prints, for ever
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
        logging.root.removeHandler(handler)


def _parse(text: str, said: str) -> None:
    """Binds what the text says; gin's complaints become one line that begins with `said`."""
    try:
        gin.parse_config(_placed(text, (Path(), *FOLDERS)))
    except (ValueError, SyntaxError, OSError, TypeError, RecursionError) as why:
        words = " ".join(str(why).split())
        raise ConfigError(f"{said} cannot be bound: {words[:400]}") from why


def _placed(text: str, folders: Iterable[Path]) -> str:
    """The same lines; files that they include are named by the place where they are found first.

    gin by itself would look into the current folder first, for what shipped files include too.
    """

    def place(line: re.Match[str]) -> str:
        named = expanded(ast.literal_eval(line[2]))
        found = (folder / named for folder in folders if (folder / named).is_file())
        path = next(found, None)
        return line[0] if path is None else f"{line[1]}{MARK + str(path.resolve())!r}"

    return INCLUDE.sub(place, text)


def _opened(marked: str) -> io.StringIO:
    """A file that was found; it includes what lies beside it, before what is found elsewhere."""
    path = Path(marked.removeprefix(MARK))
    file = io.StringIO(_placed(path.read_text(encoding="utf-8"), (path.parent, *FOLDERS, Path())))
    file.name = str(path)  # gin's complaints say it
    return file


gin.config.register_file_reader(_opened, lambda named: named.startswith(MARK))
