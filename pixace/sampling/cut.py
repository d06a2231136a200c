"""The cut: how much of a photo is kept before the model goes on."""

import numpy as np
from jaxtyping import Bool

from pixace.arrays import Tokens
from pixace.errors import PixaceError
from pixace.special_tokens import BLANK
from pixace.tokenizers import Tokenizer, orders


def parse_cut(text: str, pixels: int) -> int:
    """Pixels to keep, from a count or a share such as `50%`.

    Raises:
      PixaceError: it is neither, or out of range.
    """
    try:
        cut = float(text[:-1]) / 100 * pixels if text.endswith("%") else int(text)
    except ValueError:
        cut = -1
    if not 0 <= cut <= pixels:
        raise PixaceError(f"cannot cut at {text!r}; give 0 to {pixels} pixels, or a share like 50%")
    return round(cut)


def kept_pixels(tokenizer: Tokenizer, cut: int) -> Bool[np.ndarray, "height width"]:
    """Which pixels of a picture its first `cut` tokens stand for."""
    squares = np.zeros(np.prod(tokenizer.grid), bool)
    squares[orders.by_spec(tokenizer.order, tokenizer.grid)[:cut]] = True
    times = np.array(tokenizer.size) // tokenizer.grid
    return squares.reshape(tokenizer.grid).repeat(times[0], 0).repeat(times[1], 1)


def blank_after(tokens: Tokens, cut: int) -> Tokens:
    """A copy in which every token from position `cut` on is blank."""
    kept = tokens.copy()
    kept[:, cut:] = BLANK
    return kept
