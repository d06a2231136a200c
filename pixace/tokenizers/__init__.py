"""Tokenizers: images to rows of integers and back. `by_spec` finds one by its text."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from pixace.errors import TokenError, unknown
from pixace.tokenizers import pixel, raw, vq

if TYPE_CHECKING:
    from pixace.arrays import Images, Tokens

Arrays = Mapping[str, np.ndarray]
KINDS: dict[str, Callable[[str, Arrays], "Tokenizer"]] = {
    "pixel": lambda settings, arrays: pixel.parse(settings),
    "raw": lambda settings, arrays: raw.parse(settings),
    "vq": vq.parse,
}


@runtime_checkable
class Tokenizer(Protocol):
    """What every tokenizer offers. Tokenizers are frozen, hashable and can be pickled."""

    @property
    def vocab_size(self) -> int:
        """Number of ids, special ones included; they are 0..vocab_size-1."""

    @property
    def length(self) -> int:
        """Tokens of one picture."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the pictures, in pixels."""

    @property
    def grid(self) -> tuple[int, int]:
        """(height, width) of the tokens as they lie in the picture."""

    @property
    def axes(self) -> tuple[int, int]:
        """`(slow, fast)` with `slow * fast == length`: how positions count along the order."""

    @property
    def order(self) -> str:
        """Spec of the path through the grid, for `pixace.tokenizers.orders.by_spec`."""

    @property
    def spec(self) -> str:
        """The text from which `by_spec`, with the arrays, makes it again on any machine."""

    @property
    def arrays(self) -> Arrays:
        """What a tokenizer has learned, float32 by name; empty for most. A spec goes with them."""

    @property
    def parallel(self) -> bool:
        """Whether worker processes may encode; or only this one, because a device does it."""

    @property
    def allowed(self) -> np.ndarray:
        """Bool (vocab_size,): the ids that `encode` can give, so the ones to sample from."""

    @property
    def points(self) -> np.ndarray | None:
        """Float32 (vocab_size - FIRST_ID, axes), where ids lie in a space in which near is alike.

        None if nothing is known of what ids mean.
        """

    def encode(self, images: "Images") -> "Tokens":
        """Images uint8 (n, height, width, 3) to int32 (n, length)."""

    def decode(self, tokens: "Tokens") -> "Images":
        """Tokens (n, length) to uint8 (n, height, width, 3)."""

    def finished(self, photos: "Images", tokens: "Tokens", cut: int) -> "Images":
        """Tokens to images, where the first `cut` tokens of each row are those of a photo."""


def by_spec(spec: str, arrays: Arrays | None = None) -> Tokenizer:
    """Makes a tokenizer from its `spec`, and the `arrays` of one that has learned.

    Raises:
      TokenError: the text names no tokenizer that this version knows.
    """
    kind, _, settings = spec.partition(" ")
    if kind not in KINDS:
        raise TokenError(unknown("tokenizer", kind, KINDS))
    return KINDS[kind](settings, arrays or {})
