"""Reads gin files; with configurables.py the only module that knows gin."""

import importlib.util  # noqa: F401  gin 0.5.0 uses it without importing it
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gin

from pixace import configurables  # noqa: F401  registers the names that gin may bind
from pixace.errors import ConfigError
from pixace.names import unknown

# A checkout has gin/ beside pixace/; an installed pixace carries it as pixace/gin_files/.
FOLDERS = (Path(__file__).parents[1] / "gin", Path(__file__).parent / "gin_files")


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
    for folder in FOLDERS:
        gin.add_config_file_search_path(str(folder))
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
    path = Path(named)
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
        gin.parse_config(text)
    except (ValueError, SyntaxError, OSError, TypeError) as why:
        words = " ".join(str(why).split())
        raise ConfigError(f"{said} cannot be bound: {words[:400]}") from why
