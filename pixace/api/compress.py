"""Pictures as a file of a model's making: what `pixace compress` writes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pixace.api import places
from pixace.api.door import door
from pixace.api.model_pictures import rows_of
from pixace.api.trained import Trained, load
from pixace.errors import ConfigError
from pixace.evaluation import compressed_file, compression
from pixace.evaluation.compressed_file import Header
from pixace.evaluation.yardsticks import lossless_file
from pixace.runtime import precision
from pixace.sources import Data

SUFFIX = ".pxc"


@dataclass(frozen=True, kw_only=True)
class Compressed:
    """What `compress` has done.

    Attributes:
      out: the file.
      model: the name of the model, which is needed to get the pictures back.
      pictures: how many.
      bytes: of the file.
      payload: bytes of the pictures in it, without the header and their names.
      bits_per_pixel: of these.
      png: bytes of the same pictures as optimised PNGs, one by one.
      webp: likewise, as lossless WebP.
      skipped: pictures that could not be read, each with the reason.
    """

    out: Path
    model: str
    pictures: int
    bytes: int
    payload: int
    bits_per_pixel: float
    png: int
    webp: int
    skipped: list[str]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self) | {"out": str(self.out)}


@door("compress")
def compress(
    data: Data,
    out: str | Path,
    *,
    run: str | Path | Trained | None = None,
    root: str | Path | None = None,
    dtype: str | None = None,
    progress: bool = False,
) -> Compressed:
    """Compresses pictures by what a model expects of them: what it expects costs little.

    They are fitted to the model's size and colours; of that nothing is lost. Texts are not read.

    Args:
      data: pictures, as `tokenize` takes them.
      out: the file, `NAME.pxc`.
      run: name, folder or `.safetensors` file, or what `load` gave; None means the latest run.
      root: where runs live; None means `$PIXACE_RUNS` or `runs`.
      dtype: of the products, as in `load`; the file says which.
      progress: a live bar on stderr.

    Returns:
      How large the file is, and what others make of the same pictures.

    Raises:
      PixaceError: there is no such model, no picture can be read, or the file cannot be written.
    """
    place = places.file(out, SUFFIX)
    if isinstance(run, Trained):
        trained = run.of_type(dtype or run.dtype)
    else:
        trained = load(run, root=root, dtype=dtype)
    found = rows_of(trained, data, progress=progress)
    if found.names is None:
        raise ConfigError(f"{found.named} holds no names of pictures; name the pictures themselves")
    rows, names = found.tokens, found.names
    sampler, described = trained.sampler, trained.description
    payload = compression.compress(
        sampler.model,
        sampler.weights,
        sampler.tokenizer.allowed,
        rows,
        dtype=precision.by_name(trained.dtype),
        progress=progress,
    )
    header = Header.of(described.name, identity(trained), trained.dtype, names, rows, payload)
    size = compressed_file.write(place, header, payload)
    shown = sampler.tokenizer.decode(rows)
    return Compressed(
        out=place,
        model=described.name,
        pictures=len(rows),
        bytes=size,
        payload=len(payload),
        bits_per_pixel=8 * len(payload) / (shown.size / 3),
        png=sum(len(lossless_file(each, "png")) for each in shown),
        webp=sum(len(lossless_file(each, "webp")) for each in shown),
        skipped=found.skipped,
    )


def identity(trained: Trained) -> str:
    """The checksum by which a file knows its model."""
    assert trained.description.model is not None, "codebooks have been refused"
    sampler = trained.sampler
    return compressed_file.identity(trained.description.model, sampler.tokenizer, sampler.weights)
