"""Pictures into token sets, and what colours keep of them, each as one call in Python.

Every argument has the command line's name and default, and errors are the same `PixaceError`s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixace import choices, ranges
from pixace.api import places
from pixace.api.door import door
from pixace.data import palette_fitting, tokenization
from pixace.data.preprocessing import CODES, Preprocessing
from pixace.data.splits import Survey
from pixace.data.token_set import TokenSet
from pixace.data.token_set_summary import tell_none_held_out
from pixace.errors import PixaceError
from pixace.ranges import Count, several
from pixace.sources import Data, limited, open_source
from pixace.storage.atomic import expanded


@door("tokenize")
def tokenize(
    source: Data,
    out: str | Path,
    *,
    size: str | int | None = None,
    colors: str = choices.COLORS,
    order: str = "raster",
    fit: str = "crop",
    background: str = "white",
    alpha: str = "blend",
    tiles: str | int | None = None,
    validation: Data | None = None,
    validation_fraction: float = 0.05,
    limit: Count | None = None,
    labels: bool = False,
    strict: bool = False,
    workers: Count | None = None,
    progress: bool = False,
) -> TokenSet:
    """Turns the pictures of a source into a token set.

    Args:
      source: folder, archive, table, file of arrays, idx, Parquet or CIFAR's batches, several of
        these (`shard-{000..012}.tar`, `*.parquet`), `tfds:NAME`, `digits` or `emoji`; or the
        pictures themselves: an array `(n, height, width)` or `(n, height, width, 3)`, or a list of
        paths, bytes, arrays and Pillow's images.
      out: folder to make.
      size: `32` for a square, or `WIDTHxHEIGHT`; None means 32, or the codebook's own.
      colors: colour scheme: `hsv:5,4,4`, `rgb:3,3,2`, `grey:16`, `palette:FILE`; one that is
        made for the pictures: `kmeans:512`, `kmeans:512,rgb`, `exact`; or `vq:RUN`, a codebook's
        codes.
      order: `raster`, `column`, `patch:N`, `snake`, `spiral`, `spiral:out`, `hilbert` or `zcurve`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions; `center` pads what is
        smaller and enlarges nothing; `nearest` crops and mixes no colours, as `pad,nearest` pads.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      alpha: `blend` mixes half-transparent pixels with the background; `threshold` makes them all
        colour, from half opaque on, or all background.
      tiles: cut sprite sheets and strips into pictures of this size, `16x16`; None cuts nothing.
      validation: source of the validation part; None keeps back a share of `source`.
      validation_fraction: that share, 0 or more and below 1.
      limit: take at most so many pictures of a source, evenly and always the same ones; None
        takes all.
      labels: take sub-folders as labels.
      strict: stop at the first bad picture instead of skipping it.
      workers: processes; None takes one per core.
      progress: a live bar on stderr, a line for each picture skipped, and one on what was found.

    Raises:
      PixaceError: nothing to read, something unknown, or `out` exists.
    """
    workers = ranges.one(tokenize, "workers", workers)
    limit = ranges.one(tokenize, "limit", limit)
    settings = Preprocessing(
        size, colors, order, fit, background, validation_fraction, limit, alpha=alpha, tiles=tiles
    )
    other = None
    if validation is not None:
        other = open_source(validation, labels=labels, tiles=tiles)
    made = tokenization.build(
        settings,
        open_source(source, labels=labels, tiles=tiles),
        expanded(out),
        validation=other,
        strict=strict,
        workers=workers,
        progress=progress,
    )
    if progress:
        tell_none_held_out(made)
    return made


@door("tokenize")
def compare(
    source: Data,
    out: str | Path,
    *,
    colors: Sequence[str] = (choices.COLORS, "hsv:4,3,3", "hsv:3,2,2"),
    size: str | int | None = None,
    order: str = "raster",
    fit: str = "crop",
    background: str = "white",
    alpha: str = "blend",
    tiles: str | int | None = None,
    validation: Data | None = None,
    validation_fraction: float = 0.05,
    limit: Count | None = None,
    pictures: Count = 256,
    progress: bool = False,
) -> dict[str, Any]:
    """Writes a PNG that shows originals beside what each choice of colours keeps of them.

    Args:
      source: as in `tokenize`.
      out: the PNG.
      colors: schemes, one column each.
      size: `32` for a square, or `WIDTHxHEIGHT`; None means 32, or the codebook's own.
      order: `raster`, `column`, `patch:N`, `snake`, `spiral`, `spiral:out`, `hilbert` or `zcurve`.
      fit: `crop`, `pad` or `stretch`, where a picture has other proportions; `center` pads what is
        smaller and enlarges nothing; `nearest` crops and mixes no colours, as `pad,nearest` pads.
      background: colour behind transparency and padding, a name or `#rrggbb`.
      alpha: `blend` mixes half-transparent pixels with the background; `threshold` makes them all
        colour, from half opaque on, or all background.
      tiles: cut sprite sheets and strips into pictures of this size, `16x16`; None cuts nothing.
      validation: as in `tokenize`: colours made for the pictures are made for the training part.
      validation_fraction: likewise.
      limit: likewise: all is found out of at most so many pictures.
      pictures: at most so many are measured, taken evenly from the source.
      progress: a live bar on stderr, and a line for each palette.

    Returns:
      Per scheme the colours used, entropy in bits per pixel and PSNR in dB.

    Raises:
      PixaceError: something is unknown, or no picture can be read.
    """
    from pixace.evaluation.tokenizer_report import report  # draws, which to tokenize does not
    from pixace.images.png import save_png

    pictures = ranges.one(compare, "pictures", pictures)
    places.checked(out)
    if not (colors := several(colors)):
        raise PixaceError("no colours to compare; name at least one scheme")
    limit = ranges.one(compare, "limit", limit)
    opened = limited(open_source(source, tiles=tiles), limit)
    other = None if validation is None else limited(open_source(validation, tiles=tiles), limit)
    learned = [each for each in colors if each.startswith(CODES)]
    if size is None and learned:
        height, width = Preprocessing(colors=learned[0]).tokenizer().size
        size = f"{width}x{height}"
    survey = Survey(opened, other, validation_fraction)
    schemes = [
        palette_fitting.resolved(
            Preprocessing(
                size, each, order, fit, background, validation_fraction, alpha=alpha, tiles=tiles
            ),
            survey,
            progress=progress,
        )
        for each in colors
    ]
    images = tokenization.sample(schemes[0], opened, pictures)
    found = report(images, [each.tokenizer() for each in schemes], names=colors)
    save_png(expanded(out), found.picture, found.as_dict())
    return found.as_dict()
