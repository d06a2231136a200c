"""How much of a picture a tokenizer keeps: originals beside decoded pictures, with figures.

One column for each choice of colours; more colours look better and make longer odds for a model.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from pixace.errors import ImageError
from pixace.evaluation.distortion import psnr
from pixace.images.collage import collage
from pixace.spacing import evenly

if TYPE_CHECKING:
    from pixace.arrays import Image, Images
    from pixace.tokenizers import Tokenizer

SHOWN = 8  # pictures
WIDE = 160  # pixels: a column is at least as wide, so that its label fits


@dataclass(frozen=True)
class Figures:
    """What one tokenizer makes of a sample of pictures.

    Attributes:
      tokenizer: its spec.
      colors: spec of its colours, or of its codes.
      pictures: number of pictures in the sample.
      colors_used: different ids in the whole sample.
      colors_possible: different ids that the colours can give.
      entropy: bits per pixel of the ids on their own, `-sum p log2 p` with p the share of each id
        in the sample; a model that knows nothing but how frequent colours are needs as much.
      psnr: peak signal-to-noise ratio in dB of decoded against original pictures, from the mean
        squared error over all pixels and channels; None when they are equal.
    """

    tokenizer: str
    colors: str
    pictures: int
    colors_used: int
    colors_possible: int
    entropy: float
    psnr: float | None


@dataclass(frozen=True)
class Report:
    """A picture to look at and the figures in it."""

    picture: "Image"
    figures: tuple[Figures, ...]

    def as_dict(self) -> dict:
        """The figures as JSON takes them."""
        return {"schemes": [asdict(figures) for figures in self.figures]}


def report(
    images: "Images",
    schemes: "Sequence[Tokenizer]",
    *,
    names: Sequence[str] | None = None,
    shown: int = SHOWN,
) -> Report:
    """Compares pictures with what is left of them.

    Args:
      images: uint8 (n, height, width, 3), at least one, of the size of the tokenizers; figures
        are over all of them.
      schemes: tokenizers, one column each.
      names: what to call them above the columns; None takes their colours.
      shown: rows of the picture; the pictures are taken evenly from all.

    Raises:
      ImageError: there are no pictures or no tokenizers.
      TokenError: the pictures have another size than a tokenizer.
    """
    if not len(images) or not schemes:
        raise ImageError("a report needs at least one picture and one choice of colours")
    chosen = evenly(len(images), shown)
    columns, labels, figures = [images[chosen]], ["original"], []
    for number, tokenizer in enumerate(schemes):
        tokens = tokenizer.encode(images)
        decoded = tokenizer.decode(tokens)
        figures.append(measure(tokenizer, images, tokens, decoded))
        columns.append(decoded[chosen])
        name = names[number] if names else figures[-1].colors
        labels.append(_label(name, figures[-1]))
    height, width = images.shape[1:3]
    pictures = f"{len(images):,} picture" + ("s" if len(images) > 1 else "")
    picture = collage(
        [column[row] for row in range(len(chosen)) for column in columns],
        columns=len(columns),
        scale=max(1, math.ceil(WIDE / width)),
        title=f"{pictures} at {width}x{height} pixels, and what each choice of colours keeps",
        column_labels=labels,
    )
    return Report(picture, tuple(figures))


def measure(
    tokenizer: "Tokenizer", images: "Images", tokens: np.ndarray, decoded: "Images"
) -> Figures:
    """The figures of one tokenizer; `Figures` defines them."""
    _, counts = np.unique(tokens, return_counts=True)
    share = counts / counts.sum()
    # Differences of bytes are exact in int16, their squares in int32, and sums in int64.
    difference = images.astype(np.int16) - decoded
    error = np.square(difference, dtype=np.int32).sum(dtype=np.int64) / images.size
    return Figures(
        tokenizer=tokenizer.spec,
        colors=_colors(tokenizer),
        pictures=len(images),
        colors_used=len(counts),
        colors_possible=int(tokenizer.allowed.sum()),
        entropy=float(-(share * np.log2(share)).sum()) * tokens.size / images[..., 0].size + 0.0,
        psnr=psnr(float(error), 255) if error else None,
    )


def _colors(tokenizer: "Tokenizer") -> str:
    """The part of a spec that names the colours; of learned tokens, which codebook."""
    said = dict(word.split("=", 1) for word in tokenizer.spec.split() if "=" in word)
    return said.get("colors") or f"vq:{said['id']}"


def _label(name: str, figures: Figures) -> str:
    if name.startswith("palette:"):
        name = f"palette of {figures.colors_possible}"
    psnr = "exact" if figures.psnr is None else f"PSNR {figures.psnr:.1f} dB"
    return (
        f"{name}\n{figures.colors_used:,} of {figures.colors_possible:,} colours\n"
        f"{figures.entropy:.2f} bits per pixel\n{psnr}"
    )
