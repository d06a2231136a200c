"""Maps of what a model did not expect: the bits that each pixel of a picture costs."""

import math

import numpy as np
from jaxtyping import Float, UInt8

from pixace.arrays import Images
from pixace.images.collage import collage
from pixace.images.pairs import in_pairs
from pixace.tokenizers import Tokenizer, orders

SIDE_BY_SIDE = 16
BRIGHTEST = 0.99  # of the pixels; rarer ones are as bright
COLORS = np.array(  # from nothing to the brightest, each lighter than the one before
    [(0, 0, 0), (65, 15, 110), (190, 50, 85), (250, 145, 30), (255, 250, 190)], float
)

Bits = Float[np.ndarray, "n height width"]


def maps(nats: Float[np.ndarray, "n length"], tokenizer: Tokenizer) -> Bits:
    """Bits of each pixel; a token that stands for a square shares its own among its pixels.

    Args:
      nats: of each token, in the order of the row.
      tokenizer: says where in the picture that is.
    """
    (height, width), grid = tokenizer.size, tokenizer.grid
    spread = np.empty((len(nats), math.prod(grid)))
    spread[:, orders.by_spec(tokenizer.order, grid)] = nats / math.log(2)
    down, across = height // grid[0], width // grid[1]
    bits = spread.reshape(-1, *grid) / (down * across)
    return bits.repeat(down, axis=1).repeat(across, axis=2)


def figure(pictures: Images, bits: Bits) -> UInt8[np.ndarray, "_ _ 3"]:
    """Pictures, and below each its map: black for 0 bits, and the lighter, the more.

    Args:
      pictures: uint8 `(n, height, width, 3)`.
      bits: of their pixels.
    """
    most = float(np.quantile(bits, BRIGHTEST)) or 1.0
    shown = colored(bits / most)
    columns = min(SIDE_BY_SIDE, len(pictures))
    cells = in_pairs(pictures, shown, columns)
    labels = ["picture", "surprise"] * (len(cells) // columns // 2)
    title = f"black: 0 bits, lightest: {most:.1f} bits of a pixel or more"
    return collage(cells, columns=columns, row_labels=labels, title=title)


def colored(shares: Bits) -> Images:
    """Numbers in [0, 1] as colours; what lies above is as 1."""
    place = np.clip(shares, 0, 1) * (len(COLORS) - 1)
    channels = [np.interp(place, np.arange(len(COLORS)), channel) for channel in COLORS.T]
    return np.stack(channels, -1).round().astype(np.uint8)
