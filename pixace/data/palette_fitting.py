"""Palettes that are made for the pictures at hand: `kmeans:K`, and `exact` for pixel art.

Both end as a `palette:` with all its colours spelled out, so nothing further on knows of them.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pillow

from pixace.colors import exact, kmeans, palette
from pixace.data.splits import Part, survey
from pixace.errors import ImageError, SizeError, SourceError, TokenError
from pixace.images import loader
from pixace.runtime.pillow_warnings import silence

if TYPE_CHECKING:
    from pixace.arrays import Image
    from pixace.images.loader import Raw
    from pixace.sources import Source

FITTED = ("kmeans", "exact")
VERSION = "palettes/1"  # of the ways from pictures to palettes; another one may find other colours
CODE = np.array([1 << 16, 1 << 8, 1])  # red, green and blue become 0xRRGGBB
INDEXED = ("PNG", "GIF", "BMP", "PCX")  # formats whose pictures may bring a palette
PICTURES, PIXELS = 4096, 1 << 24  # at most so many are read for k-means


@dataclass(frozen=True)
class Pictures:
    """Some pictures, and how they are to be fitted.

    Attributes:
      source: where they are.
      size: (height, width) that they get.
      fit: crop, pad or another, as `pixace.images.loader.load` takes it.
      background: RGB below transparent pixels.
      fraction: share of the pictures that is for validation.
      validation: a source of its own for these, in place of a share.
      alpha: blend or threshold, for half-transparent pixels.
    """

    source: "Source"
    size: tuple[int, int]
    fit: str
    background: tuple[int, int, int]
    fraction: float = 0.0
    validation: "Source | None" = None
    alpha: str = "blend"

    def surveyed(self) -> list[Part]:
        """The sources, looked through as they are when tokens are made of them."""
        if self.validation is None:
            return [survey(self.source, self.fraction)]
        return [survey(self.source, None), survey(self.validation, 1.0)]


@dataclass(frozen=True)
class Settled:
    """Colours that need no pictures any more.

    Attributes:
      colors: spec for `pixace.colors.by_spec`.
      background: RGB that transparent pixels must be given, or they would not have their colour.
      said: one line about what was found or recognised, if there is something to say.
    """

    colors: str
    background: tuple[int, int, int]
    said: str | None = None


def is_fitted(spec: str) -> bool:
    """Whether colours depend on the pictures."""
    return spec.partition(":")[0] in FITTED


def settle(spec: str, pictures: Pictures, *, progress: bool = False) -> Settled:
    """Makes the palette that a spec asks for, or reads its file; other colours stay as they are.

    Args:
      spec: as a user writes colours.
      pictures: those to be tokenized; read for `kmeans` and `exact` only.
      progress: show a bar on stderr, if that is a terminal.

    Raises:
      TokenError: the spec makes no sense, or the pictures do not suit `exact`.
      SourceError: no picture can be read.
    """
    name, _, settings = spec.partition(":")
    if name == "kmeans":
        return _by_kmeans(spec, kmeans.parse(settings), pictures, progress)
    if name == "exact":
        exact.parse(settings)
        return _exact(pictures, progress)
    if name == "palette" and palette.is_file(settings):
        found, taken = palette.read(Path(settings))
        many = "1 colour" if found.size == 1 else f"{found.size:,} colours"
        said = f"{settings}: {many}" + (f", read as numbers in {taken}" if taken else "")
        return Settled(found.spec, _behind(found, pictures.background), said)
    if name == "palette":
        return Settled(spec, _behind(palette.parse(settings), pictures.background))
    return Settled(spec, pictures.background)


def _behind(found: palette.Palette, background: tuple[int, int, int]) -> tuple[int, int, int]:
    """What is seen below transparent pixels: the colour that stands for them, if there is one."""
    if found.transparent is None:
        return background
    red, green, blue = found.table[found.transparent].tolist()
    return red, green, blue


def _by_kmeans(spec: str, wanted: kmeans.KMeans, pictures: Pictures, progress: bool) -> Settled:
    """From training pictures alone, taken evenly."""
    training = pictures.surveyed()[0].training
    height, width = pictures.size
    most = max(1, min(PICTURES, PIXELS // (height * width)))
    if len(training) > most:
        training = training[np.linspace(0, len(training) - 1, most).round().astype(int)]
    parts = [
        np.unique(one @ CODE, return_counts=True)
        for one in _read(pictures.source, training, partial(_as_trained, pictures), progress)
    ]
    codes, which = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
    counts = np.bincount(which, np.concatenate([counts for _, counts in parts]))
    found = wanted.fit(codes, counts)
    of = f"{len(parts):,} training picture" + ("s" if len(parts) > 1 else "")
    said = f"{spec}: {found.size:,} colours found in {of}"
    if len(codes) < wanted.count:
        said = f"{spec}: {of} have {len(codes):,} different colours, and all of them are kept"
    if len(codes) == 1:
        said = f"{spec}: {of} have one colour, and it is kept"
    return Settled(found.spec, pictures.background, said)


def _exact(pictures: Pictures, progress: bool) -> Settled:
    """From all that get tokens: a colour that only validation pictures have must have an id too."""
    found: dict[int, None] = {}  # an ordered set
    how = partial(_as_drawn, pictures)
    every = (_read(each.source, each.wanted, how, progress) for each in pictures.surveyed())
    for codes, own in itertools.chain.from_iterable(every):
        used = set(np.unique(codes).tolist())
        found.update(dict.fromkeys([*(code for code in own if code in used), *sorted(used)]))
        if len(found) > exact.MOST:
            raise TokenError(
                f"{pictures.source.spec} has more than {exact.MOST:,} colours, too many to keep "
                "each of them; choose --colors kmeans:512 or hsv:5,4,4 instead of exact"
            )
    made = exact.collected(found, pictures.background)
    clear = "" if made.transparent is None else ", one of them transparency"
    many = "1 colour" if made.size == 1 else f"{made.size:,} colours{clear}"
    return Settled(made.spec, _behind(made, pictures.background), f"exact: {many}")


def _read(
    source: "Source", chosen: np.ndarray, how: Callable[["Raw", str], Any], progress: bool
) -> Iterator[Any]:
    """Yields what `how` makes of some pictures; those that cannot be read are left out.

    Raises:
      SourceError: that is all of them.
    """
    from tqdm import tqdm

    read, reason = 0, ""
    with tqdm(
        chosen.tolist(),
        desc="colours",
        unit=" pictures",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        for i in bar:
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


def _as_trained(pictures: Pictures, raw: "Raw", name: str) -> "Image":
    return loader.load(
        raw,
        pictures.size,
        fit=pictures.fit,
        background=pictures.background,
        alpha=pictures.alpha,
        name=name,
    )


def _as_drawn(pictures: Pictures, raw: "Raw", name: str) -> tuple[np.ndarray, list[int]]:
    """The codes of a picture's pixels, and those of its palette, if it brings one.

    Padding is transparent, too.
    """
    fit = "center" if pictures.fit == "pad" else pictures.fit
    load = partial(loader.load, fit=fit, alpha=pictures.alpha, exact=True, name=name)
    try:
        over_black, over_white = (
            load(raw, pictures.size, background=(grey, grey, grey)) for grey in (0, 255)
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
