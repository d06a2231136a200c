"""`reformer`: Trax's ReformerLM, for pictures.

Kitaev et al. 2020, "Reformer: The Efficient Transformer", https://arxiv.org/abs/2001.04451. Its
layers can be run backwards, so training keeps no activations of the layers: it makes them again.
Attention is full by default, as the original pixace had it; hashed attention (LSH) pays from about
2048 tokens on.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from pixace.errors import ConfigError, unknown
from pixace.layers import trax_bridge, trax_layers
from pixace.layers.attention import FullAttention, StepAttention
from pixace.layers.window import Window
from pixace.models import hyperparameters
from pixace.models.hyperparameters import Dropout, Features, Layers
from pixace.models.trax_language_model import TraxLanguageModel
from pixace.ranges import LARGEST, Count, Whole, said

ATTENTION = {"full": "SelfAttention", "lsh": "LSHSelfAttention"}  # Trax's names
DECIDED = (
    "n_heads",
    "d_qk",
    "d_v",
    "causal",
    "masked",
    "attention_dropout",
    "output_dropout",
    "mode",
)


def reformer(
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
    attention: str = "full",
    attention_settings: Mapping[str, Any] | None = None,
    activation: str = "FastGelu",
) -> TraxLanguageModel:
    """A transformer whose layers are reversible.

    With `lsh`, a token attends to those before it that fall into its bucket, and which tokens share
    a chunk depends a little on later ones: attention itself never looks ahead, but the sorting of
    the buckets does. Sampling then uses full attention with the same weights.

    Args:
      vocab_size: how many ids pictures have, start and blank among them.
      length: tokens of one row: those of the picture, and of the words in front of it.
      grid: (height, width) of the picture in tokens.
      prefix: tokens of the row that are words.
      words: how many words there are; their ids follow those of pictures.
      d_model: features of a position, in each of the two streams; a multiple of `n_heads`.
      d_ff: features in the middle of the feed-forward layers.
      n_layers: blocks of attention and feed-forward.
      n_heads: heads of each attention.
      dropout: share of features left out in training, 0 or more and below 1.
      positions: `learned`, one vector per position, or `axial`, one per row and one per column.
      window: a token sees so many rows above and columns to each side; 0 means all before it.
      attention: `full`, or `lsh`: Trax's `SelfAttention` or `LSHSelfAttention`.
      attention_settings: what that layer takes besides (`chunk_len`, `n_hashes`, …), as far as it
        is not to have its defaults; bound by the layer's name: `LSHSelfAttention.n_hashes = 2`.
      activation: between the feed-forward layers, one of Trax's by its name, such as `Gelu`.

    Raises:
      ConfigError: the numbers do not fit together.
    """
    settings = {**locals()}
    hyperparameters.check(reformer, settings)
    hyperparameters.check_places(positions, grid, length - prefix)
    if attention not in ATTENTION:
        raise ConfigError(unknown("attention", attention, ATTENTION))
    layer, own = getattr(trax_bridge.layers, ATTENTION[attention]), dict(attention_settings or {})
    _check_own(ATTENTION[attention], own)
    sizes = {"n_heads": n_heads, "d_qk": d_model // n_heads, "d_v": d_model // n_heads}
    whole = layer(**sizes, causal=True, mode="eval", **own)
    _check_chunks(whole, ATTENTION[attention], length)
    local = Window(window, grid, prefix) if window else None
    if window and not FullAttention.can_be(whole):
        raise ConfigError(
            f"reformer.window = {window} is for attention that is full otherwise; "
            f"leave it out, or attention = {attention!r} and {ATTENTION[attention]}'s settings"
        )

    def of_a_block(mode: str, **settings: Any) -> Any:
        settings |= own
        if mode == "predict":
            return StepAttention(layer(mode="eval", **settings), length, local)
        whole = layer(mode=mode, **settings)
        return FullAttention(whole, local) if FullAttention.can_be(whole) else whole

    def build(mode: str) -> Any:
        model = trax_bridge.ReformerLM(
            vocab_size + words,
            d_model=d_model,
            d_ff=d_ff,
            d_attention_key=d_model // n_heads,
            d_attention_value=d_model // n_heads,
            n_layers=n_layers,
            n_heads=n_heads,
            dropout=dropout,
            max_len=length,
            attention_type=of_a_block,
            ff_activation=getattr(trax_bridge.layers, activation),
            **(hyperparameters.axial(grid, d_model) if positions == "axial" else {}),
            mode=mode,
        )
        return trax_layers.with_outputs(trax_layers.own(model, length, prefix, local), vocab_size)

    three = build("train"), build("eval"), build("predict")
    return TraxLanguageModel(
        "reformer", vocab_size, length, *three, settings, prefix=prefix, window=local
    )


def attention_defaults(name: str) -> dict[str, Any]:
    """What may be said of one of Trax's attention layers, and what it is otherwise."""
    known = inspect.signature(getattr(trax_bridge.layers, name)).parameters.values()
    return {each.name: each.default for each in known if each.name not in DECIDED}


def _check_own(name: str, given: Mapping[str, Any]) -> None:
    """Refuses settings that an attention layer has not, or whose values are no numbers.

    Raises:
      ConfigError: names the first of them.
    """
    known = attention_defaults(name)
    for key, value in given.items():
        if key not in known:
            raise ConfigError(unknown(f"setting of {name}", key, known))
        several = value if isinstance(value, list | tuple) and value else [value]
        if value is not None and not all(_is_count(each) for each in several):
            raise ConfigError(f"{name}.{key} = {said(value)} is no whole number")


def _is_count(value: Any) -> bool:
    """Whether a value may be a number or a switch of a layer of Trax's; -1 is one for "all"."""
    return isinstance(value, int) and -1 <= value <= LARGEST[int]


def _check_chunks(layer: Any, name: str, length: int) -> None:
    """Refuses a chunk length that leaves a piece of the row over."""
    chunk = layer._chunk_len
    if chunk is not None and (chunk < 1 or length % chunk):
        fits = [each for each in range(2, length + 1) if length % each == 0]
        near = min(fits, key=lambda each: abs(each - chunk))
        raise ConfigError(
            f"{name}.chunk_len = {chunk} does not divide the {length} tokens of a row; "
            f"try {name}.chunk_len = {near}"
        )
