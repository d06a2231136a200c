"""What a tokenizer refuses, whatever it makes of pictures."""

from typing import TYPE_CHECKING

import numpy as np

from pixace.errors import TokenError

if TYPE_CHECKING:
    from pixace.arrays import Images, Tokens
    from pixace.tokenizers import Tokenizer


def images(given: "Images", tokenizer: "Tokenizer") -> "Images":
    """The pictures, if they are uint8 (n, height, width, 3) of the tokenizer's size.

    Raises:
      TokenError: they have another size or type.
    """
    given = np.asarray(given)
    height, width = tokenizer.size
    if given.dtype != np.uint8 or given.ndim != 4 or given.shape[1:] != (height, width, 3):
        raise TokenError(
            f"this tokenizer reads uint8 (n, {height}, {width}, 3), got "
            f"{given.dtype} {given.shape}; fit the pictures to {width}x{height} first"
        )
    return given


def tokens(given: "Tokens", tokenizer: "Tokenizer", named: str) -> "Tokens":
    """The tokens, if they are whole numbers (n, length) of the tokenizer's vocabulary.

    Raises:
      TokenError: a row has another length, or `named`, in words, does not have an id.
    """
    given = np.asarray(given)
    height, width = tokenizer.size
    length, vocab_size = tokenizer.length, tokenizer.vocab_size
    if given.dtype.kind not in "iu" or given.ndim != 2 or given.shape[1] != length:
        raise TokenError(
            f"{width}x{height} pictures have rows of {length} whole numbers, got "
            f"{given.dtype} {given.shape}; was this made at another size?"
        )
    outside = (given < 0) | (given >= vocab_size)
    if outside.any():
        raise TokenError(
            f"token {int(given[outside][0])} does not exist here; {named} has "
            f"0..{vocab_size - 1}. Was this made with another one?"
        )
    return given
