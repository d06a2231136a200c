"""Reads gin files, which nothing outside this package knows."""

import ast
import difflib
import importlib.util  # noqa: F401  gin 0.5.0 uses it without importing it
import io
import logging
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gin

from pixace.config import configurables  # registers the names that gin may bind
from pixace.errors import ConfigError, unknown
from pixace.storage import gin_text as plain
from pixace.storage.atomic import expanded

# A checkout has gin/ beside pixace/; an installed pixace carries it as pixace/gin_files/.
FOLDERS = (Path(__file__).parents[2] / "gin", Path(__file__).parents[1] / "gin_files")
# Settings that change nothing unless another one is set, and that one.
WAITING = {
    "captions.longest": "captions.use or captions.templates",
    "captions.gaps": "captions.use or captions.templates",
    "train.drop_caption": "captions.use or captions.templates",
    "codebook.discriminator_from": "codebook.discriminator",
}
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
    return _merged(f"include {str(find(gin_file))!r}\n", bindings, str(gin_file))


def restore(text: str, bindings: Iterable[str] = (), *, place: object = "the run") -> str:
    """The same from text that `load` once returned, and that may since have been in any hands.

    Raises:
      ConfigError: the text, which stands in `place`, is more than plain settings; or as `load`.
    """
    return _merged(plain.written(plain.read(text, place)), bindings, str(place))


def _merged(text: str, bindings: Iterable[str], place: str) -> str:
    gin.clear_config()
    with _quiet():
        _parse(text, place)
        for line in bindings:
            _parse(line, f"--set {line!r}")
    merged = gin.config_str(max_line_length=100)
    plain.read(merged, place)  # or the run could not be read again
    return merged


def parts(command: str, kind: str = "") -> tuple[str, ...]:
    """What a command uses of all that can be bound.

    Args:
      command: `train`, `codebook` or `import`.
      kind: of the model, for a command that has one.
    """
    return {
        "train": ("train", "model", kind, "pictures", "captions"),
        "codebook": ("codebook", "pictures"),
        "import": ("model", kind),
    }[command]


def refuse_idle(text: str, parts: Collection[str]) -> None:
    """Refuses what is bound and would change nothing, such as a name that is spelled wrong.

    Macros may set up both kinds of models at once, as those of `base.gin` do.

    Args:
      text: the merged configuration.
      parts: those of the command.

    Raises:
      ConfigError: names the first such setting, and what may have been meant.
    """
    bound = plain.read(text, "the configuration")
    values = plain.resolved(bound)
    every = {name: name.removeprefix("pixace.").rpartition(".")[0] for name in bound}
    macros = {name for name in map(plain.macro, bound.values()) if name}
    for name, part in every.items():
        both = configurables.is_model(part) and plain.macro(bound[name]) is not None
        if "/" in name:
            raise ConfigError(f"{name} is for a scope of gin's, and pixace has none; leave it out")
        if not part and name not in macros:
            near = _near(name, [*sorted(macros & bound.keys()), *configurables.settings(parts)])
            raise ConfigError(f"{name} is bound, and nothing uses it{near}")
        if configurables.is_part(part) and part not in parts and not both:
            near = _near(name, configurables.settings(parts))
            raise ConfigError(f"{name} changes nothing here, where no {part} is in use{near}")
        waits = WAITING.get(name, "")
        if waits and not any(values.get(each) for each in waits.split(" or ")):
            raise ConfigError(f"{name} changes nothing without {waits}")
    if "codebook" in parts and (drawn := bound.keys() & {"pictures.colors", "pictures.order"}):
        raise ConfigError(
            f"{min(drawn)} changes nothing: a codebook learns from pixels as they are"
        )
    if "train.weight_decay" in bound and values.get("train.optimizer", "adamw") != "adamw":
        raise ConfigError("train.weight_decay changes nothing, as only the optimizer adamw has any")


def refuse_idle_of_trax(text: str) -> None:
    """The same of settings of Trax's own; once the model is built, as only that tells.

    Raises:
      ConfigError: names the first that nothing has asked for.
    """
    asked = set(re.findall(r"^([\w./]+) =", gin.operative_config_str(), re.MULTILINE))
    for name in plain.read(text, "the configuration"):
        part = name.removeprefix("pixace.").rpartition(".")[0]
        if part and not configurables.is_part(part) and name not in asked:
            near = _near(name, [each for each in asked if "." in each])
            raise ConfigError(f"{name} is bound, and this model does not use it{near}")


def _near(name: str, known: Iterable[str]) -> str:
    """A question after the nearest of some names: of the whole, or of what follows its dot."""
    short = name.rpartition(".")[2].lower()
    candidates = {each.rpartition(".")[2].lower(): each for each in reversed([*known])}
    near = difflib.get_close_matches(short, candidates, n=1, cutoff=0.75)
    return f"; did you mean {candidates[near[0]]}?" if near else "; leave it out"


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
