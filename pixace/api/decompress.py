"""Pictures out of such a file again: what `pixace decompress` writes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pixace.api import places
from pixace.api.compress import identity
from pixace.api.door import door
from pixace.api.trained import Trained, load
from pixace.errors import ConfigError, RunError, TokenError
from pixace.evaluation import compressed_file, compression
from pixace.evaluation.compressed_file import Header
from pixace.images.file_names import file_names
from pixace.images.palette_png import palette_of, save_picture
from pixace.images.png import save_png
from pixace.runtime import precision
from pixace.storage.atomic import expanded, whole


@dataclass(frozen=True, kw_only=True)
class Decompressed:
    """What `decompress` has done.

    Attributes:
      out: the folder.
      model: the name of the model that did.
      pictures: how many.
    """

    out: Path
    model: str
    pictures: int

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self) | {"out": str(self.out)}


@door("decompress")
def decompress(
    file: str | Path,
    out: str | Path,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    progress: bool = False,
) -> Decompressed:
    """Writes the pictures of a compressed file, each a PNG of its own name.

    They are, to the last bit, what was compressed, or else nothing is written. It takes the very
    model, the type of products and the version of JAX, and a processor that rounds alike.

    Args:
      file: what `compress` wrote.
      out: a folder that is not there yet.
      run: name, folder or `.safetensors` file of the model, or what `load` gave; None means the one
        of the name that the file says.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      progress: a live bar on stderr.

    Returns:
      How many there are.

    Raises:
      TokenError: the file is damaged, or the model or something else is not what it was made with.
      PixaceError: there is no such model, or the folder exists or cannot be made.
    """
    path, folder = expanded(file), places.new_folder(out)
    header, payload = compressed_file.read(path)
    trained = _model(path, header, run, root)
    name = trained.description.name
    compressed_file.refuse_others(path, header, identity(trained), name)
    sampler = trained.sampler
    rows = compression.decompress(
        sampler.model,
        sampler.weights,
        sampler.tokenizer.allowed,
        payload,
        len(header.names),
        dtype=precision.by_name(header.dtype),
        progress=progress,
    )
    if compressed_file.checksum(rows) != header.tokens:
        raise TokenError(
            f"{path} cannot be read here: this machine rounds otherwise than the one that wrote it "
            f"(pixace {header.pixace}); decompress it there"
        )
    palette, shown = palette_of(sampler.tokenizer), sampler.tokenizer.decode(rows)
    with whole(folder) as draft:
        draft.mkdir()
        for place, picture in zip(file_names(header.names), shown, strict=True):
            target = draft / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if palette is None:
                save_png(target, picture, marked=False)
            else:
                save_picture(target, picture, palette, marked=False)
    return Decompressed(out=folder, model=name, pictures=len(rows))


def _model(
    path: Path,
    header: Header,
    run: str | Path | Trained | None,
    root: str | Path | None,
) -> Trained:
    """The model that a file names, or the one that is handed in, in the file's type of products.

    Raises:
      RunError: it is not found.
      ConfigError: what is handed in computes in another type.
    """
    if isinstance(run, Trained):
        if run.dtype != header.dtype:
            raise ConfigError(
                f"{path} was compressed in {header.dtype}, and this model computes in {run.dtype}; "
                f"load it with dtype={header.dtype!r}"
            )
        return run
    try:
        # A name and no path, as the file may be anybody's.
        return load(run or Path(header.model).name, root=root, dtype=header.dtype)
    except RunError as why:
        if run:
            raise
        raise RunError(f"{path} was compressed by {header.model}: {why}; name it by --run") from why
