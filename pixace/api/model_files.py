"""Models to draw with: which are at hand, and how to get more."""

import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pixace import tokenizers
from pixace.api.door import door
from pixace.errors import PixaceError, RunError, WebError, unknown
from pixace.runs import model_file, run_folder
from pixace.runs.description import Card, Description
from pixace.runtime.addresses import is_address, shown
from pixace.runtime.printable import tell
from pixace.special_tokens import FIRST_ID
from pixace.storage.atomic import expanded
from pixace.tokenizers.vq import VQTokenizer
from pixace.zoo import registry, shipped
from pixace.zoo.downloads import download

HUB = "https://huggingface.co"  # unless $HF_ENDPOINT names a mirror of it, as its own tools have it
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class ModelFile:
    """A model that draws, or could.

    Attributes:
      name: what `--run` takes, or `pixace models get`.
      where: `run`, a run's folder; `file`, one beside the runs; `shipped`, with pixace; `known`, on
        the web.
      place: its path, or its address.
      about: what it draws, in a few words.
      size: of the file in bytes; 0 for a run that has no model yet.
    """

    name: str
    where: Literal["run", "file", "shipped", "known"]
    place: str
    about: str
    size: int

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def every(root: str | Path | None = None) -> list[ModelFile]:
    """All models that a name is enough for: runs, files beside them, shipped ones, known ones.

    Args:
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.

    Raises:
      ConfigError: `$PIXACE_REGISTRY` names no registry.
    """
    home = run_folder.home(root)
    found = []
    for run in run_folder.every(home):
        about = _about(run.read())
        found.append(ModelFile(run.name, "run", str(run.path), about, _size(run.path)))
    found += [_file(path, "file") for path in sorted(home.glob(f"*{SUFFIX}"))]
    found += [_file(path, "shipped") for path in shipped.every()]
    for entry in registry.known().values():
        about = f"{entry.about} ({entry.licence})"
        found.append(ModelFile(entry.name, "known", entry.url, about, entry.size))
    return found


def find(named: str | Path | None, home: Path) -> Path:
    """The file or folder of a model; where nobody names one and none was trained, what comes along.

    Raises:
      RunError: there is none.
    """
    try:
        return run_folder.find(named, home)
    except RunError as why:
        path = shipped.find(shipped.DEFAULT) if named is None else None
        if path is None:
            if str(named) in registry.known():
                raise RunError(
                    f"{named} is not here yet; get it: pixace models get {named}"
                ) from why
            raise
    tell(
        f"drawn by {path.stem}, which comes with pixace, as nothing was trained in {home} yet; "
        "for a model of your own: pixace train PICTURES"
    )
    return path


@door("generate")
def get_model(
    named: str,
    *,
    name: str | None = None,
    root: str | Path | None = None,
    network: bool = True,
    allow_private: bool = False,
    progress: bool = False,
) -> ModelFile:
    """Downloads a model, so that `run=NAME` draws with it.

    A download that was interrupted goes on where it was; nothing has the name before it is whole,
    is the file that was meant, and is a model. Model files hold numbers and no programs.

    Args:
      named: of a known model; an address, https://…; or `hf:OWNER/NAME` on Hugging Face, with
        `/FILE` behind it if it is not `model.safetensors`.
      name: that it is to have; None takes its own.
      root: where runs live, and where it goes; None means `$PIXACE_RUNS` or `runs`.
      network: False downloads nothing.
      allow_private: ask this machine and the local network, too.
      progress: a live bar on stderr.

    Returns:
      The model, also if it was here already.

    Raises:
      WebError: it cannot be had, or is not the file that was meant.
      RunError: it is no model of pixace; or another run or file has its name.
      PixaceError: nothing is known by that name; or it cannot be written.
    """
    entry = registry.known().get(named)
    address = entry.url if entry else _address(named)
    name = name or (entry.name if entry else _name(named, address))
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise PixaceError(f"a model cannot be called {name!r}; choose another --name")
    home = run_folder.home(root)
    target = home / f"{name}{SUFFIX}"
    if (home / name).exists():
        raise RunError(f"a run of the name {name} is in {home}; choose another --name")
    if not target.exists():
        if not network:
            raise WebError(f"{name} is not in {home}, and nothing is to be downloaded")
        known = f"{entry.size:,} bytes, {entry.licence}" if entry else "which pixace does not know"
        tell(f"{name} comes from {shown(address)}, {known}")
        download(
            address,
            target,
            sha256=entry.sha256 if entry else None,
            size=entry.size if entry else None,
            allow_private=allow_private,
            check=model_file.read,
            progress=progress,
        )
    return _file(target, "file")


@door("generate")
def pack_model(
    run: str | Path,
    out: str | Path,
    *,
    about: str,
    licence: str = "",
    credit: str = "",
    facts: Mapping[str, Any] | None = None,
    root: str | Path | None = None,
) -> ModelFile:
    """Writes a model as a file to give away: half the size, and what its users should know.

    Its weights are float16, so it draws slightly other pictures than the run does. It names no
    paths of this machine.

    Args:
      run: name, folder or `.safetensors` file.
      out: the file, `NAME.safetensors`; one that is there is replaced.
      about: what it draws, in a line.
      licence: under which it may be used.
      credit: whose pictures it has learned from, and under which licence.
      facts: what was measured of it, by name.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.

    Returns:
      The file.

    Raises:
      RunError: there is no such run, or it has no model yet.
      PixaceError: the file has another kind of name, or cannot be written.
    """
    out = expanded(out)
    if out.suffix != SUFFIX:
        raise PixaceError(f"cannot write {out}: its name must end in {SUFFIX}")
    path = run_folder.find(run, run_folder.home(root))
    card = Card(about=about, licence=licence, credit=credit, facts=dict(facts or {}))
    flat, described = model_file.read(path)
    tokenizer = tokenizers.by_spec(described.tokenizer or "", model_file.parted(flat)[1])
    arrays: Mapping[str, np.ndarray] = {}
    if isinstance(tokenizer, VQTokenizer):
        tokenizer = tokenizer.halved()
        arrays, described = tokenizer.arrays, replace(described, tokenizer=tokenizer.spec)
    occurring = tokenizer.allowed.copy()
    occurring[:FIRST_ID] = True
    weights, _ = model_file.parted(flat)
    model_file.pack(weights, arrays, described, out, out.stem, card, occurring)
    return _file(out, "file")


def _address(named: str) -> str:
    """Where a model is that no registry knows.

    Raises:
      PixaceError: it cannot be anywhere.
    """
    if is_address(named):
        return named
    if match := re.fullmatch(r"hf:([\w.-]+/[\w.-]+)(?:/(.+))?", named):
        hub = os.environ.get("HF_ENDPOINT") or HUB
        file = urllib.parse.quote(match[2] or f"model{SUFFIX}")
        return f"{hub.rstrip('/')}/{match[1]}/resolve/main/{file}"
    said = unknown("model", named, registry.known())
    raise PixaceError(f"{said}; an address (https://…) and hf:OWNER/NAME will do as well")


def _name(named: str, address: str) -> str:
    """A name for a model, made of where it is."""
    path = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path))
    stem = path.name.removesuffix(SUFFIX)
    if named.startswith("hf:") and stem == "model":
        stem = named.partition("/")[2].partition("/")[0]
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "model"


def _file(path: Path, where: Literal["file", "shipped"]) -> ModelFile:
    try:
        about = _about(model_file.described(path))
    except RunError as why:
        about = str(why)
    return ModelFile(path.stem, where, str(path), about, path.stat().st_size)


def _about(described: Description) -> str:
    """What a model draws, in a few words."""
    if described.card:
        licence = f" ({described.card.licence})" if described.card.licence else ""
        return f"{described.card.about}{licence}"
    tokenizer = dict(re.findall(r"(\w+)=(\S+)", described.tokenizer or ""))
    size, colors = tokenizer.get("size", "?"), tokenizer.get("colors", "a codebook's")
    data = described.data.named.rpartition("/")[2]
    captions = ", with captions" if described.captions else ""
    return f"{described.model_kind}, {size}, {colors[:20]} colours, {data}{captions}"


def _size(run: Path) -> int:
    path = run / run_folder.MODEL
    return path.stat().st_size if path.is_file() else 0
