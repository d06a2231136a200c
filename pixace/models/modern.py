"""`modern`: a transformer with what has been found to pay since Trax's.

It differs from Trax's TransformerLM in these points, each of which can be turned off: queries and
keys are normalised and turned by rows and columns, the feed-forward layers square their ReLU, and
so on; `modern` tells them all. Its maps have no biases.
"""

from pixace.layers.modern_block import Block
from pixace.layers.smear import Smear
from pixace.layers.window import Window
from pixace.models import hyperparameters
from pixace.models.hyperparameters import Dropout, Features
from pixace.models.modern_language_model import ModernLanguageModel
from pixace.ranges import Amount, Count, Whole


def modern(
    vocab_size: Count,
    length: Count,
    grid: tuple[int, int],
    *,
    prefix: Whole = 0,
    words: Whole = 0,
    d_model: Features = 512,
    d_ff: Count = 2048,
    n_layers: Count = 6,
    n_heads: Count = 8,
    dropout: Dropout = 0.1,
    positions: str = "learned",
    window: Whole = 0,
    activation: str = "SquaredRelu",
    qk_norm: bool = True,
    rotary: bool = True,
    value_residual: bool = True,
    embedding_shortcut: bool = True,
    smear: bool = True,
    softcap: Amount = 15.0,
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
      activation: between the feed-forward layers, one of Trax's by its name, such as `Gelu`,
        or `SquaredRelu`.
      qk_norm: whether queries and keys are normalised.
      rotary: whether they are turned by row and column, so that attention knows distances.
      value_residual: whether each block mixes the first one's values into its own.
      embedding_shortcut: whether the embedding is added once more in front of each block.
      smear: whether a position also gets the embeddings of the pixels above it.
      softcap: what logits are bent to stay below, but for their bias; 0 for nothing.
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
        qk_norm=qk_norm,
        rotary=rotary,
        value_residual=value_residual,
        embedding_shortcut=embedding_shortcut,
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
        smear=Smear(grid, prefix) if smear else None,
        softcap=softcap,
    )
