"""How pictures become tokens: the settings, and the tokenizer that they describe."""

from dataclasses import dataclass, fields
from typing import Self

from pixace import choices, colors, ranges
from pixace.data.splits import HeldOut
from pixace.images.loader import parse_background, parse_size
from pixace.ranges import Count
from pixace.tokenizers import Tokenizer, orders
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.tokenizers.raw import RawTokenizer

EXACT = "exact"  # the colours that leave every pixel as it is
CODES = "vq:"  # begins the colours that are a codebook's codes
DEFAULT_SIZE = 32  # pixels a side, where nobody says otherwise


@dataclass(frozen=True)
class Preprocessing:
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
    colors: str = choices.COLORS
    order: str = "raster"
    fit: str = "crop"
    background: str = "white"
    validation_fraction: HeldOut = 0.05
    limit: Count | None = None
    alpha: str = "blend"
    tiles: str | int | None = None

    def __post_init__(self) -> None:
        ranges.settle(self)
        for size in (self.size, self.tiles):
            if size is not None:
                parse_size(str(size))

    @property
    def pixels(self) -> tuple[int, int]:
        """`(height, width)` as asked for; a codebook may have a size of its own."""
        named = (each for each in (self.size, self.tiles, DEFAULT_SIZE) if each is not None)
        return parse_size(str(next(named)))

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The background, 0..255.

        Raises:
          ImageError: there is no such colour.
        """
        return parse_background(self.background)

    @property
    def exact(self) -> bool:
        """Whether pictures that would lose a colour or a pixel are left out."""
        return self.colors == EXACT

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that these settings describe.

        Raises:
          PixaceError: one of them is unknown or does not fit the others, or the colours are still
            to be found in the pictures; see `palette_fitting.resolved`.
        """
        if self.colors.startswith(CODES):
            from pixace.data import codebook_tokenizer  # and with it JAX

            return codebook_tokenizer.of_run(self.colors.removeprefix(CODES), self.size, self.order)
        self.check_size()
        return PixelTokenizer(self.pixels, colors.by_spec(self.colors), self.order)

    def check_size(self) -> None:
        """Refuses more pixels than a row can have tokens.

        Raises:
          TokenError: names both numbers.
        """
        orders.check_size(self.pixels)


@dataclass(frozen=True)
class RawPreprocessing(Preprocessing):
    """The way to pictures as they are, byte by byte: for what learns from pixels."""

    @classmethod
    def of(cls, other: Preprocessing) -> Self:
        """With the settings of another, but for colours and order, which say nothing here."""
        plain = {"colors": Preprocessing.colors, "order": Preprocessing.order}
        return cls(**{each.name: getattr(other, each.name) for each in fields(other)} | plain)

    def tokenizer(self) -> RawTokenizer:
        """The tokenizer that keeps every byte."""
        return RawTokenizer(self.pixels)
