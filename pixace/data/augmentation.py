"""Augmentation: training pictures changed at random, for models that would know few by heart.

What is changed are rows of tokens; no pixel is decoded or encoded again. A mirrored or shifted
picture is the same tokens in other places, whatever their order, and a turn of the hues gives each
id another.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pixace.colors import turning
from pixace.errors import ConfigError
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers import Tokenizer, orders
from pixace.tokenizers.pixel import PixelTokenizer

if TYPE_CHECKING:
    from pixace.arrays import Tokens

NUMBERS = 4  # drawn for each picture: whether it is mirrored, how far down, to the right, turned


@dataclass(frozen=True)
class Augmentation:
    """How pictures are changed; `augmentation_of` says what can be done to which tokens.

    Attributes:
      tokenizer: of their rows.
      mirror: whether half of them are mirrored, left to right.
      shift: pixels that each is moved by at most, up or down and to a side.
      turn: steps that its hues are turned by at most, either way.
    """

    tokenizer: PixelTokenizer
    mirror: bool = False
    shift: int = 0
    turn: int = 0

    def changed(self, pictures: "Tokens", luck: Float[np.ndarray, "n 4"]) -> "Tokens":
        """Rows of the changed pictures.

        Args:
          pictures: rows as the tokenizer gives them.
          luck: numbers in [0, 1) for each of them, which alone decide what becomes of it.
        """
        if self.mirror or self.shift:
            mirrored = self.mirror & (luck[:, 0] < 0.5)
            down, right = _drawn(luck[:, 1:3], self.shift).T
            pictures = self._moved(pictures, mirrored, down, right)
        if self.turn:
            turns = self.turn + _drawn(luck[:, 3:], self.turn)
            table = self._turned
            pictures = table.take(turns * table.shape[1] + pictures)
        return pictures

    @cached_property
    def _path(self) -> np.ndarray:
        return orders.by_spec(self.tokenizer.order, self.tokenizer.grid)

    @cached_property
    def _place(self) -> np.ndarray:
        """Intp (length,): where along the path each pixel of the raster is."""
        return np.argsort(self._path)

    @cached_property
    def _turned(self) -> np.ndarray:
        """Int32 (2 * turn + 1, vocab_size): what each id becomes by each turn, from the lowest."""
        turns = np.arange(-self.turn, self.turn + 1, dtype=np.int32)
        ids = turning.turned(self.tokenizer.colors, turns)
        special = np.broadcast_to(np.arange(FIRST_ID, dtype=np.int32), (len(ids), FIRST_ID))
        return np.hstack([special, ids + FIRST_ID])

    def _moved(
        self, pictures: "Tokens", mirrored: np.ndarray, down: np.ndarray, right: np.ndarray
    ) -> "Tokens":
        """Mirrored where it is said, then moved by so many pixels; one of each for a picture."""
        height, width = self.tokenizer.grid
        # What comes in repeats the edge. On drawings with a background that is the edge's most
        # frequent colour, mostly; in photographs, which have none, it is nearer to what was there.
        rows = np.clip(np.arange(height) - down[:, None], 0, height - 1)
        columns = np.clip(np.arange(width) - right[:, None], 0, width - 1)
        columns = np.where(mirrored[:, None], width - 1 - columns, columns)
        rows += np.arange(len(pictures))[:, None] * height  # of all pictures, one below the other
        source = rows[:, :, None] * width + columns[:, None, :]
        moved = pictures.take(self._place, axis=1).take(source)
        return moved.reshape(pictures.shape).take(self._path, axis=1)


def augmentation_of(
    tokenizer: Tokenizer, *, mirror: bool = False, shift: int = 0, hue: float = 0.0
) -> Augmentation | None:
    """What is done to the rows of a tokenizer; None if it is nothing.

    Args:
      tokenizer: of the rows.
      mirror: as in `TrainSettings`, all three.
      shift: pixels.
      hue: degrees.

    Raises:
      ConfigError: these tokens cannot be changed so, or nothing would be or be left.
    """
    asked = {"mirror": mirror, "shift": shift, "hue": hue}
    name = next((f"train.{name}" for name, value in asked.items() if value), None)
    if name is None:
        return None
    if not isinstance(tokenizer, PixelTokenizer):
        raise ConfigError(
            f"{name} changes pixels, and here a token is no pixel but a square of them; "
            "leave it out, or use colours such as hsv:5,4,4"
        )
    height, width = tokenizer.size
    if shift >= min(height, width):
        raise ConfigError(
            f"train.shift {shift} moves pictures of {width}x{height} pixels out of sight; "
            f"it must be below {min(height, width)}"
        )
    return Augmentation(tokenizer, mirror, shift, _turn(tokenizer, hue) if hue else 0)


def _turn(tokenizer: PixelTokenizer, hue: float) -> int:
    """The steps of hue in so many degrees; a first one at least.

    Raises:
      ConfigError: the colours have no such steps, or larger ones.
    """
    hues, spec = turning.steps(tokenizer.colors), f"{tokenizer.colors.spec:.40}"
    if hues == 1:
        raise ConfigError(
            f"train.hue turns a circle of hues, and {spec} has none; leave it out, "
            "or use colours such as hsv:5,4,4"
        )
    steps = int(hue * hues / 360)
    if not steps:
        raise ConfigError(
            f"train.hue {hue:g} changes nothing, as it is less than a step of {spec}; "
            f"ask for {math.ceil(360 / hues)} or more"
        )
    return steps


def _drawn(luck: np.ndarray, most: int) -> np.ndarray:
    """Whole numbers from -most to most, each as likely, of numbers in [0, 1)."""
    return (luck * (2 * most + 1)).astype(np.intp) - most
