"""Palettes that are made for the pictures at hand: `kmeans:K`, and `exact` for pixel art.

Both end as a `palette:` with all its colours spelled out, so nothing further on knows of them.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pillow

from pixace.colors import exact, kmeans, palette
from pixace.errors import ImageError, SizeError, SourceError, TokenError
from pixace.images import loader
from pixace.runtime.pillow_warnings import silence
from pixace.runtime.printable import tell
from pixace.runtime.progress import progress_bar
from pixace.spacing import evenly
from pixace.tokenizers import orders

if TYPE_CHECKING:
    from pixace.arrays import Image
    from pixace.data.preprocessing import Preprocessing
    from pixace.data.splits import Survey
    from pixace.images.loader import Raw
    from pixace.sources import Source

RGB = tuple[int, int, int]
PAD, CENTER = "pad", "center"  # fits
FITTED = ("kmeans", "exact")
VERSION = "palettes/1"  # of the ways from pictures to palettes; another one may find other colours
CODE = np.array([1 << 16, 1 << 8, 1])  # red, green and blue become 0xRRGGBB
INDEXED = ("PNG", "GIF", "BMP", "PCX")  # formats whose pictures may bring a palette
MAX_PICTURES, MAX_PIXELS = 4096, 1 << 24  # at most so many are read for k-means


def is_fitted(spec: str) -> bool:
    """Whether colours depend on the pictures."""
    return spec.partition(":")[0] in FITTED


def resolved(
    settings: "Preprocessing", survey: "Survey", *, progress: bool = False
) -> "Preprocessing":
    """The same settings with colours that need no pictures and no file any more.

    Args:
      settings: as a user writes them.
      survey: the pictures to be tokenized; read for `kmeans` and `exact` only.
      progress: show a bar on stderr, if that is a terminal, and say in a line what was found.

    Raises:
      TokenError: the colours make no sense, or the pictures do not suit `exact`.
      SourceError: no picture can be read.
      PixaceError: another setting makes no sense.
    """
    name, _, arguments = settings.colors.partition(":")
    found, said = None, None
    if name == "kmeans":
        wanted = kmeans.parse(arguments)
        _check(settings)
        found, said = _by_kmeans(settings, wanted, survey, progress)
    elif name == "exact":
        exact.parse(arguments)
        _check(settings)
        found, said = _exact(settings, survey, progress)
    elif name == "palette" and palette.is_file(arguments):
        found, taken = palette.read(Path(arguments))
        many = "1 colour" if found.size == 1 else f"{found.size:,} colours"
        said = f"{arguments}: {many}" + (f", read as numbers in {taken}" if taken else "")
    elif name == "palette":
        found = palette.parse(arguments)
    if said and progress:
        tell(said)
    return replace(
        settings,
        colors=found.spec if found else settings.colors,
        background="#{:02x}{:02x}{:02x}".format(*_behind(found, settings.rgb)),
        fit=CENTER if settings.exact and settings.fit == PAD else settings.fit,
    )


def _check(settings: "Preprocessing") -> None:
    """Complains of all but the colours, before pictures are read."""
    settings.check_size()
    orders.by_spec(settings.order, settings.pixels)
    loader.parse_background(settings.background)


def _behind(found: palette.Palette | None, background: RGB) -> RGB:
    """What is seen below transparent pixels: the colour that stands for them, if there is one."""
    if found is None or found.transparent is None:
        return background
    red, green, blue = found.table[found.transparent].tolist()
    return red, green, blue


def _by_kmeans(
    settings: "Preprocessing", wanted: kmeans.KMeans, survey: "Survey", progress: bool
) -> tuple[palette.Palette, str]:
    """From training pictures alone, taken evenly; and a line that tells of it."""
    training = survey.parts[0].training
    height, width = settings.pixels
    most = max(1, min(MAX_PICTURES, MAX_PIXELS // (height * width)))
    training = training[evenly(len(training), most)]
    parts = [
        np.unique(one @ CODE, return_counts=True)
        for one in _read(survey.source, training, partial(_as_trained, settings), progress)
    ]
    codes, which = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
    counts = np.bincount(which, np.concatenate([counts for _, counts in parts]))
    found = wanted.fit(codes, counts)
    of = f"{len(parts):,} training picture" + ("s" if len(parts) > 1 else "")
    said = f"{found.size:,} colours found in {of}"
    if len(codes) < wanted.count:
        said = f"{of} have {len(codes):,} different colours, and all of them are kept"
    if len(codes) == 1:
        said = f"{of} have one colour, and it is kept"
    return found, f"{settings.colors}: {said}"


def _exact(
    settings: "Preprocessing", survey: "Survey", progress: bool
) -> tuple[palette.Palette, str]:
    """From all that get tokens: a colour that only validation pictures have must have an id too."""
    found: dict[int, None] = {}  # an ordered set
    how = partial(_as_drawn, settings)
    every = (_read(each.source, each.wanted, how, progress) for each in survey.parts)
    for codes, own in itertools.chain.from_iterable(every):
        used = set(np.unique(codes).tolist())
        found.update(dict.fromkeys([*(code for code in own if code in used), *sorted(used)]))
        if len(found) > exact.MAX_EXACT_COLORS:
            raise TokenError(
                f"{survey.source.spec} has more than {exact.MAX_EXACT_COLORS:,} colours, too many "
                "to keep each of them; choose --colors kmeans:512 or hsv:5,4,4 instead of exact"
            )
    made = exact.collected(found, settings.rgb)
    clear = "" if made.transparent is None else ", one of them transparency"
    many = "1 colour" if made.size == 1 else f"{made.size:,} colours{clear}"
    return made, f"exact: {many}"


def _read(
    source: "Source", chosen: np.ndarray, how: Callable[["Raw", str], Any], progress: bool
) -> Iterator[Any]:
    """Yields what `how` makes of some pictures; those that cannot be read are left out.

    Raises:
      SourceError: that is all of them.
    """
    read, reason = 0, ""
    with progress_bar("colours", len(chosen), " pictures", progress=progress) as bar:
        for i in chosen.tolist():
            bar.update()
            name = source.record(i).name
            try:
                one = how(source.read(i), name)
            except (ImageError, OSError) as why:
                reason = reason or str(why)
                continue
            read += 1
            yield one
    if not read:
        raise SourceError(f"no picture of {source.spec} can be read; the first: {reason}")


def _as_trained(settings: "Preprocessing", raw: "Raw", name: str) -> "Image":
    return loader.load(
        raw,
        settings.pixels,
        fit=settings.fit,
        background=settings.rgb,
        alpha=settings.alpha,
        name=name,
    )


def _as_drawn(settings: "Preprocessing", raw: "Raw", name: str) -> tuple[np.ndarray, list[int]]:
    """The codes of a picture's pixels, and those of its palette, if it brings one.

    Padding is transparent, too.
    """
    fit = CENTER if settings.fit == PAD else settings.fit
    load = partial(loader.load, fit=fit, alpha=settings.alpha, exact=True, name=name)
    try:
        over_black, over_white = (
            load(raw, settings.pixels, background=(grey, grey, grey)) for grey in (0, 255)
        )
    except SizeError as why:  # as of one, so of many
        raise TokenError(str(why)) from why
    return exact.codes(over_black, over_white), _own_palette(raw)


def _own_palette(raw: "Raw") -> list[int]:
    """The codes of an indexed file's palette, in its order; none for other pictures."""
    if not isinstance(raw, Path | bytes):
        return []
    with silence, Pillow.open(io.BytesIO(raw) if isinstance(raw, bytes) else raw) as picture:
        if picture.format not in INDEXED or picture.mode != "P":
            return []
        colors = np.array(picture.getpalette("RGB") or [], int).reshape(-1, 3)
        clear = picture.info.get("transparency", b"")
    codes = colors @ CODE
    alphas = clear if isinstance(clear, bytes) else b"\xff" * clear + b"\0"
    codes[[i for i, alpha in enumerate(alphas[: len(codes)]) if not alpha]] = exact.NOTHING
    return codes.tolist()
