"""`modern`: a transformer with what has been found to pay since Trax's.

It differs from Trax's TransformerLM in three points, each of which can be turned off: a position
gets the embeddings of the pixels around it, attention knows distances along rows and columns, and
what a block adds begins with zeros. Its maps have no biases.
"""

from pixace.layers.masked_convolution import MaskedConvolution
from pixace.layers.modern_block import Block
from pixace.layers.window import Window
from pixace.models import hyperparameters
from pixace.models.hyperparameters import Dropout, Features, Layers
from pixace.models.modern_language_model import ModernLanguageModel
from pixace.ranges import Count, Whole


def modern(
    vocab_size: Count,
    length: Count,
    grid: tuple[int, int],
    *,
    prefix: Whole = 0,
    words: Whole = 0,
    d_model: Features = 512,
    d_ff: Count = 2048,
    n_layers: Layers = 6,
    n_heads: Count = 8,
    dropout: Dropout = 0.1,
    positions: str = "learned",
    window: Whole = 0,
    activation: str = "Relu",
    rotary: bool = True,
    convolution: bool = True,
    zero_init: bool = True,
) -> ModernLanguageModel:
    """A transformer with what has been found to pay since Trax's.

    Args:
      vocab_size: how many ids pictures have, start and blank among them.
      length: tokens of one row: those of the picture, and of the words in front of it.
      grid: (height, width) of the picture in tokens.
      prefix: tokens of the row that are words.
      words: how many words there are; their ids follow those of pictures.
      d_model: features of a position; a multiple of `n_heads`.
      d_ff: features in the middle of the feed-forward layers.
      n_layers: blocks of attention and feed-forward.
      n_heads: heads of each attention.
      dropout: share of features left out in training, 0 or more and below 1.
      positions: `learned`, one vector per position, or `axial`, one per row and one per column.
      window: a token sees so many rows above and columns to each side; 0 means all before it.
      activation: between the feed-forward layers, one of Trax's by its name, such as `Gelu`.
      rotary: whether queries and keys are turned by row and column: attention knows distances.
      convolution: whether a position also gets the embeddings of the pixels around it, by a map
        of each.
      zero_init: whether what is added to the features, and the head, begin with zeros.

    Raises:
      ConfigError: the numbers do not fit together.
    """
    hyperparameters.check(modern, {**locals()})
    hyperparameters.check_places(positions, grid, length - prefix)
    block = Block(
        d_model=d_model,
        d_ff=d_ff,
        n_heads=n_heads,
        dropout=dropout,
        window=Window(window, grid, prefix) if window else None,
        activation=activation,
        rotary=rotary,
        zero_init=zero_init,
    )
    return ModernLanguageModel(
        vocab_size=vocab_size,
        length=length,
        grid=grid,
        prefix=prefix,
        words=words,
        axial=positions == "axial",
        n_layers=n_layers,
        block=block,
        convolution=MaskedConvolution(grid, prefix) if convolution else None,
    )
