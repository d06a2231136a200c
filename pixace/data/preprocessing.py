"""How pictures become tokens: the settings, and the token sets that they make."""

import hashlib
import re
import shutil
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np

from pixace import colors, ranges, tokenizers
from pixace.arrays import Images
from pixace.data import palette_fitting, token_set, validation_split
from pixace.data.token_set import TokenSet
from pixace.data.token_set_summary import tell_found, tell_skipped
from pixace.errors import ImageError, PixaceError, SourceError, TokenError
from pixace.images.loader import FITTING, READING, load, parse_background, parse_size
from pixace.ranges import Count, Range
from pixace.runs import model_file, run_folder
from pixace.runtime.printable import tell
from pixace.sources import Data, Source, limited, open_source
from pixace.sources.opening import BUILTIN
from pixace.sources.sidecar import TELLING
from pixace.sources.tfds import PREFIX
from pixace.storage import cache_dir
from pixace.tokenizers import Tokenizer
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.tokenizers.raw import RawTokenizer
from pixace.tokenizers.vq import VQTokenizer

LARGEST = 1 << 20  # pixels; more than any model takes, and what fits in memory
EXACT, PAD, CENTER = "exact", "pad", "center"  # colours, and fits
DEFAULT = 32  # pixels a side, where nobody says otherwise
LEARNED = "vq:"  # begins the colours that are a codebook's codes
NO_SHARE = (
    "a validation fraction of {value:g} makes no sense; it is at least 0 and below 1, such as 0.05"
)


@dataclass(frozen=True)
class Preparation:
    """Settings of the way from a picture to tokens.

    Attributes:
      size: of the picture in pixels, `32` for a square or `WIDTHxHEIGHT`; None means that of the
        tiles, or 32, or the codebook's own.
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
      validation_fraction: share of the pictures that is kept for judging, 0 or more and below 1.
      limit: at most so many pictures are taken, evenly and always the same ones; None takes all.

    Raises:
      PixaceError: a number cannot be meant; words are looked at when they are needed.
    """

    size: str | int | None = None
    colors: str = "hsv:5,4,4"
    order: str = "raster"
    fit: str = "crop"
    background: str = "white"
    validation_fraction: Annotated[float, Range(0, 1, without=(1,), says=NO_SHARE)] = 0.05
    limit: Count | None = None
    alpha: str = "blend"
    tiles: str | int | None = None

    def __post_init__(self) -> None:
        ranges.settle(self)
        for size in (self.size, self.tiles):
            if size is not None:
                parse_size(str(size))

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that these settings describe.

        Raises:
          PixaceError: one of them is unknown or does not fit the others, or the colours are not
            settled yet.
        """
        if self.colors.startswith(LEARNED):
            return _learned(self.colors.removeprefix(LEARNED), self.size, self.order)
        return self._tokenizer(self.colors)

    def _tokenizer(self, scheme: str) -> PixelTokenizer:
        height, width = self._pixels()
        if height * width > LARGEST:
            raise TokenError(
                f"{width}x{height} pixels would make {height * width:,} tokens of a picture, and "
                f"{LARGEST:,} are the most; choose a smaller size"
            )
        return PixelTokenizer((height, width), colors.by_spec(scheme), self.order)

    def settled(
        self, source: Source, *, validation: Source | None = None, progress: bool = False
    ) -> "Preparation":
        """The same with colours that need no pictures any more; see `palettes.settle`.

        Args:
          source: the pictures to be tokenized.
          validation: the source of the validation pictures, if they have their own.
          progress: show a bar, and say in one line what was found.

        Raises:
          PixaceError: a setting makes no sense, or the pictures do not suit it.
        """
        if palette_fitting.is_fitted(self.colors):
            self._tokenizer("grey:2")  # complains of all else before pictures are read
        found = palette_fitting.settle(
            self.colors,
            palette_fitting.Pictures(
                source,
                self._pixels(),
                self.fit,
                parse_background(self.background),
                self.validation_fraction,
                validation,
                self.alpha,
            ),
            progress=progress,
        )
        if progress and found.said:
            tell(found.said)
        background = "#{:02x}{:02x}{:02x}".format(*found.background)
        fit = CENTER if self.exact and self.fit == PAD else self.fit  # as nothing is enlarged
        return replace(self, colors=found.colors, background=background, fit=fit)

    @property
    def exact(self) -> bool:
        """Whether pictures that would lose a colour or a pixel are left out."""
        return self.colors == EXACT

    def _pixels(self) -> tuple[int, int]:
        """`(height, width)` as asked for."""
        named = (each for each in (self.size, self.tiles, DEFAULT) if each is not None)
        return parse_size(str(next(named)))

    def images(self, source: Source, limit: int) -> Images:
        """At most `limit` pictures, taken evenly from a source; unreadable ones are left out.

        Raises:
          SourceError: none of them can be read.
        """
        taken = np.unique(np.linspace(0, len(source) - 1, min(limit, len(source))).round())
        size, background = self.tokenizer().size, parse_background(self.background)
        images, bad = [], []
        for index in taken.astype(int).tolist():
            try:
                name = source.record(index).name
                raw = source.read(index)
                images.append(
                    load(
                        raw,
                        size,
                        fit=self.fit,
                        background=background,
                        alpha=self.alpha,
                        name=name,
                    )
                )
            except ImageError as why:
                bad.append(str(why))
        if not images:
            raise SourceError(f"no picture of {source.spec} can be read; the first: {bad[0]}")
        return np.stack(images)

    def build(
        self,
        source: Source,
        out: Path,
        *,
        validation: Source | None = None,
        strict: bool = False,
        workers: int | None = None,
        progress: bool = False,
        own: "Preparation | None" = None,
    ) -> TokenSet:
        """Tokenizes a source into the folder `out`; see `tokenset.build`.

        What these settings become for the pictures, `own`, may be known already.
        """
        token_set.check(out, self.fit, self.validation_fraction, self.alpha)
        source = limited(source, self.limit)
        validation = validation and limited(validation, self.limit)
        own = own or self.settled(source, validation=validation, progress=progress)
        made = token_set.build(
            source,
            out,
            own.tokenizer(),
            fit=own.fit,
            background=parse_background(own.background),
            alpha=self.alpha,
            exact=self.exact,
            validation=validation,
            validation_fraction=self.validation_fraction,
            strict=strict,
            workers=workers,
            progress=progress,
        )
        if progress:
            tell_skipped(made)
            tell_found(made)
        return made

    def cached(
        self,
        data: Data,
        *,
        labels: bool = False,
        strict: bool = False,
        progress: bool = False,
        own: "Preparation | None" = None,
    ) -> TokenSet:
        """The token set of a source, made now unless it was made before; see `build`."""
        source = open_source(data, labels=labels, tiles=self.tiles)
        named = data if isinstance(data, str | Path) else source
        fitted = palette_fitting.is_fitted(self.colors)  # then by these pictures alone
        colored = palette_fitting.VERSION if fitted and not own else (own or self).tokenizer().spec
        way = f"{FITTING} {READING} {TELLING} {validation_split.VERSION}"
        identity = repr((source.fingerprint(), way, labels, asdict(self), colored))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        place = cache_dir.folder() / "tokens" / f"{stem(named)}-{digest}"
        if token_set.is_set(place):
            try:
                found = token_set.open_set(place)
            except TokenError:  # damaged; what a cache holds can be made again
                shutil.rmtree(place)
            else:
                if strict and found.header.skipped:
                    raise ImageError(found.header.skipped_first[0])
                if progress:
                    tell_skipped(found)
                return found
        try:
            cache_dir.made("tokens")
            return self.build(source, place, strict=strict, progress=progress, own=own)
        except PixaceError:
            if token_set.is_set(place):  # another process has just made it
                return token_set.open_set(place)
            raise


@dataclass(frozen=True)
class Bytes(Preparation):
    """The same way, to the pictures as they are: for what learns from pixels."""

    @classmethod
    def of(cls, other: Preparation) -> Self:
        """With the settings of another, but for colours and order, which say nothing here."""
        plain = {"colors": Preparation.colors, "order": Preparation.order}
        return cls(**{each.name: getattr(other, each.name) for each in fields(other)} | plain)

    def tokenizer(self) -> RawTokenizer:
        """The tokenizer that keeps every byte."""
        return RawTokenizer(self._pixels())


def _learned(named: str, size: str | int | None, order: str) -> VQTokenizer:
    """The tokenizer of a codebook: of its own run, or of one that was trained on its tokens.

    Raises:
      RunError: there is no such run, or it has no codebook yet.
      TokenError: it is no codebook, or one for another size.
    """
    path = run_folder.find(named or None, run_folder.home(), codebook=True)
    flat, description = model_file.read(path)
    spec = description.tokenizer or ""
    if not spec.startswith("vq "):
        raise TokenError(
            f"{path} is no codebook but a {description.model_kind} ({spec}); train one "
            "with: pixace codebook PICTURES"
        )
    tokenizer = tokenizers.by_spec(spec, model_file.parted(flat)[1])
    assert isinstance(tokenizer, VQTokenizer)
    height, width = tokenizer.size
    if size is not None and parse_size(str(size)) != tokenizer.size:
        wanted_height, wanted_width = parse_size(str(size))
        raise TokenError(
            f"the codebook {path} is for {width}x{height} pixels, not for "
            f"{wanted_width}x{wanted_height}; leave out the size, or train another with: "
            f"pixace codebook PICTURES --size {wanted_width}x{wanted_height}"
        )
    return replace(tokenizer, order=order)


def stem(named: str | Path | Source) -> str:
    """A short name for files and runs, made from what the user named."""
    name = Path(absolute(named)).name
    name = re.sub(r"\.(zip|tar|tgz|gz|csv|tsv|jsonl|txt|np[yz]|bz2|xz|parquet|mat)\b", "", name)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "pictures"


def absolute(named: str | Path | Source) -> str:
    """What the user named, so that it can be found from any folder; built-in names stay."""
    from pixace.sources.several import is_pattern

    if not isinstance(named, str | Path):
        named = named.spec
    file, sharp, array = str(named), "", ""
    if not Path(file).expanduser().exists():
        file, sharp, array = file.partition("#")  # FILE.npz#ARRAY
    path = Path(file).expanduser()
    if is_pattern(path) and not str(named).startswith(PREFIX):  # slices have brackets too
        return str(path.absolute())
    if str(named) in BUILTIN or not path.exists():
        return str(named)
    return f"{path.resolve()}{sharp}{array}"
