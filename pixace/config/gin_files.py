"""Reads gin files and single bindings.

Of gin only the notation is used: its parser gives statements, which are read here as plain values.
What gin itself holds as bound, for a whole process, is neither read nor changed, so a program may
use gin for its own ends, and threads may train at once. Nothing is imported, called or referred to.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pixace.config import parts
from pixace.config.bindings import Bindings, Macro, is_plain
from pixace.errors import ConfigError, PixaceError, unknown
from pixace.ranges import said
from pixace.storage import strangers
from pixace.storage.atomic import expanded

# A checkout has gin/ beside pixace/; an installed pixace carries it as pixace/gin_files/.
FOLDERS = (Path(__file__).parents[2] / "gin", Path(__file__).parents[1] / "gin_files")
MAX_BYTES = 1 << 20  # bytes of a file
ONLY_PLAIN = "only numbers, texts, lists and macros are read, and nothing is imported or called"


def load(gin_file: str | Path, lines: Iterable[str] = ()) -> Bindings:
    """Reads a gin file, then more lines.

    Args:
      gin_file: path, or name of a shipped file with or without `.gin`.
      lines: such as `train.steps = 10`; later ones win.

    Raises:
      ConfigError: no such file, or a binding is broken or names nothing.
    """
    return _merged(_file(find(gin_file), ()), lines)


def read(text: str, lines: Iterable[str] = (), *, place: str) -> Bindings:
    """Reads text such as `Bindings.text`, which includes no file, then more lines.

    Raises:
      ConfigError: as `load`; `place` says where the text stands.
    """
    return _merged(_statements(text, place, None), lines)


def _merged(bound: Iterable[tuple[str, Any]], lines: Iterable[str]) -> Bindings:
    written = dict(bound)
    for line in lines:
        written |= dict(_statements(line, f"--set {line!r}", (Path(), *FOLDERS)))
    return Bindings(written)


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


def _file(path: Path, within: tuple[Path, ...]) -> Iterator[tuple[str, Any]]:
    """What a file binds; it includes what lies beside it, before what is found elsewhere.

    Args:
      path: of the file.
      within: the files that include it.
    """
    if path in within:
        raise ConfigError(f"{path} cannot be bound: it includes itself, an endless recursion")
    try:
        text = strangers.whole(path, MAX_BYTES).decode()
    except (OSError, ValueError) as why:
        raise ConfigError(f"{path} cannot be bound: {strangers.said(why)}") from why
    yield from _statements(text, str(path), (path.parent, *FOLDERS, Path()), (*within, path))


def _statements(
    text: str, place: str, folders: tuple[Path, ...] | None, within: tuple[Path, ...] = ()
) -> Iterator[tuple[str, Any]]:
    """Names and values in the order of the text; of files that it includes, in their place.

    Args:
      text: in gin's notation.
      place: where it stands, for messages.
      folders: where an included file is looked for; None includes nothing.
      within: files that are being read.
    """
    from gin import config_parser  # here, as Trax must have been loaded before: see trax_bridge

    try:
        for each in config_parser.ConfigParser(text, _Delegate()):
            match each:
                case config_parser.BindingStatement():
                    scope = f"{each.scope}/" if each.scope else ""
                    key = f".{each.arg_name}" if each.arg_name else ""
                    name = parts.name(f"{scope}{each.selector}{key}")
                    if not is_plain(each.value) and not isinstance(each.value, Macro):
                        if isinstance(each.value, float):
                            raise ValueError(f"{name} is {each.value}; it must be a finite number")
                        raise ValueError(f"{name} = {said(each.value)}: {ONLY_PLAIN}")
                    yield name, each.value
                case config_parser.IncludeStatement():
                    yield from _included(each.filename, folders, within)
                case config_parser.ImportStatement():
                    raise ValueError(f"{each.format()}: {ONLY_PLAIN}")
    except PixaceError:
        raise
    except Exception as why:  # Python's own parser is in it, which gives up in many ways
        words = " ".join(str(why).split()).replace("<unknown>, line", "line")
        raise ConfigError(f"{place} cannot be bound: {words[:400]}") from why


def _included(
    named: str, folders: tuple[Path, ...] | None, within: tuple[Path, ...]
) -> Iterator[tuple[str, Any]]:
    found = [path for each in folders or () if (path := each / expanded(named)).is_file()]
    if not found:
        raise ValueError(f"there is no file {named!r} to include")
    yield from _file(found[0].resolve(), within)


class _Delegate:
    """What the parser asks for values that are no literals."""

    def configurable_reference(self, name: str, evaluate: bool) -> Any:
        """Refuses."""
        raise ValueError(f"@{name}{'()' * evaluate}: {ONLY_PLAIN}")

    def macro(self, name: str) -> Macro:
        """Remembers the name."""
        return Macro(name)
