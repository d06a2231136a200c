"""`transformer`: Trax's TransformerLM, for pictures.

Vaswani et al. 2017, "Attention Is All You Need", the decoder half of it, with the normalisation
in front of each block.
"""

from typing import Any

from pixace.layers import trax_bridge, trax_layers
from pixace.layers.window import Window
from pixace.models import hyperparameters
from pixace.models.hyperparameters import Dropout, Features, Layers
from pixace.models.trax_language_model import TraxLanguageModel
from pixace.ranges import Count, Whole


def transformer(
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
    remat: bool = False,
    activation: str = "Relu",
) -> TraxLanguageModel:
    """A transformer that reads tokens from the first to the last.

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
      remat: keep less while training and compute it again: a third slower, a fifth of the memory.
      activation: between the feed-forward layers, one of Trax's by its name, such as `Gelu`.

    Raises:
      ConfigError: the numbers do not fit together.
    """
    settings = {**locals()}
    hyperparameters.check(transformer, settings)
    hyperparameters.check_places(positions, grid, length - prefix)
    local = Window(window, grid, prefix) if window else None
    sizes = {
        "d_model": d_model,
        "d_ff": d_ff,
        "n_layers": n_layers,
        "n_heads": n_heads,
        "max_len": length,
        "dropout": dropout,
        "ff_activation": getattr(trax_bridge.layers, activation),
    }

    def build(mode: str) -> Any:
        if positions == "axial":
            model = trax_bridge.ConfigurableTransformerLM(
                vocab_size + words, **sizes, **hyperparameters.axial(grid, d_model), mode=mode
            )
        else:
            model = trax_bridge.TransformerLM(vocab_size + words, **sizes, mode=mode)
        return trax_layers.with_outputs(trax_layers.own(model, length, prefix, local), vocab_size)

    three = build("train"), build("eval"), build("predict")
    return TraxLanguageModel(
        "transformer",
        vocab_size,
        length,
        *three,
        settings,
        remat=remat,
        prefix=prefix,
        window=local,
    )
