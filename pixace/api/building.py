"""A language model for pictures: what settings say, and what tokenizer and words add to them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pixace import models
from pixace.errors import ConfigError
from pixace.models.language_model import LanguageModel
from pixace.runs.description import ModelRecord
from pixace.text.vocabulary import Vocabulary
from pixace.tokenizers import Tokenizer

if TYPE_CHECKING:
    from pixace.data.token_set import TokenSet
    from pixace.text.captions import Captioned, Captions

# Orders in which a window is one: whole rows, or whole columns, all the same way.
BY_LINES = ("raster", "column")
FEW = 4  # layers that are built in no time; to build Trax's takes a tenth of a second for each
FIRST = "blocks/0/"  # the beginning of the names of the first one's weights


def language_model(
    record: ModelRecord,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary | None,
    weights: Mapping[str, np.ndarray] | None = None,
) -> LanguageModel:
    """The model for a tokenizer's pictures and for words in front of them.

    Args:
      record: its kind and settings.
      tokenizer: of the pictures.
      vocabulary: the words, if there are any.
      weights: by name, where it is for some that are there already.

    Raises:
      ConfigError: no such kind, or its settings are unknown or do not fit together, or not the
        weights, which is seen before much is built.
    """
    words, length = dict[str, Any](), tokenizer.length
    if vocabulary is not None:
        if vocabulary.first != tokenizer.vocab_size:
            raise ConfigError(
                f"its words begin at {vocabulary.first}, and its pictures end at "
                f"{tokenizer.vocab_size}"
            )
        words = {"prefix": vocabulary.length, "words": len(vocabulary.words)}
        length += vocabulary.length
    if decided := record.settings.keys() & {*models.DECIDED}:
        raise ConfigError(f"{record.kind}.{min(decided)} is decided by the pictures")
    models.refuse_unknown(record.kind, record.settings)
    pictures = (tokenizer.vocab_size, length, tokenizer.axes)
    given = words | record.settings
    layers = given.get("n_layers")
    if weights is not None:
        given["numbers"] = sum(each.size for each in weights.values())
        if isinstance(layers, int) and layers > FEW:
            one = models.build(record.kind, *pictures, **given | {"n_layers": 1})
            _refuse_others(one, layers, weights)
    built = models.build(record.kind, *pictures, **given)
    if built.window and tokenizer.order not in BY_LINES:
        raise ConfigError(
            f"{record.kind}.window looks at the pixels around, which along {tokenizer.order} are "
            f"not near; use --order {' or '.join(BY_LINES)}, or leave it out"
        )
    return built


def _refuse_others(one: LanguageModel, layers: int, weights: Mapping[str, np.ndarray]) -> None:
    """Refuses weights that are not those of a model with so many layers, of which one is built.

    Raises:
      ConfigError: they are those of another model.
    """
    wanted = {name: each.shape for name, each in one.shapes.items()}
    block = {name: shape for name, shape in wanted.items() if name.startswith(FIRST)}
    if len(weights) == len(wanted) + (layers - 1) * len(block):
        for i in range(1, layers):
            wanted |= {f"blocks/{i}/{name[len(FIRST) :]}": it for name, it in block.items()}
    if wanted != {name: each.shape for name, each in weights.items()}:
        raise ConfigError(f"its {len(weights)} arrays are not those of {layers:,} layers")


def captioned(settings: "Captions", data: "TokenSet") -> "Captioned | None":
    """The captions of a token set, if they are to be learned.

    Raises:
      ConfigError: too little is read of them to tell labels apart.
      TokenError: pictures have no captions.
    """
    records = (data.records(split) for split in ("train", "validation"))
    first, named = data.tokenizer.vocab_size, data.header.origin.source
    return settings.of(*records, first=first, named=named)
