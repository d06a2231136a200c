"""A language model for pictures: what settings say, and what tokenizer and words add to them."""

from typing import TYPE_CHECKING

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


def language_model(
    record: ModelRecord,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary | None,
    numbers: int | None = None,
) -> LanguageModel:
    """The model for a tokenizer's pictures and for words in front of them.

    Args:
      record: its kind and settings.
      tokenizer: of the pictures.
      vocabulary: the words, if there are any.
      numbers: as in `models.build`.

    Raises:
      ConfigError: no such kind, or its settings are unknown or do not fit together.
    """
    words, length = {}, tokenizer.length
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
    built = models.build(
        record.kind,
        tokenizer.vocab_size,
        length,
        tokenizer.axes,
        **words,
        numbers=numbers,
        **record.settings,
    )
    if built.window and tokenizer.order not in BY_LINES:
        raise ConfigError(
            f"{record.kind}.window looks at the pixels around, which along {tokenizer.order} are "
            f"not near; use --order {' or '.join(BY_LINES)}, or leave it out"
        )
    return built


def captioned(settings: "Captions", data: "TokenSet") -> "Captioned | None":
    """The captions of a token set, if they are to be learned.

    Raises:
      ConfigError: too little is read of them to tell labels apart.
      TokenError: pictures have no captions.
    """
    records = (data.records(split) for split in ("train", "validation"))
    first, named = data.tokenizer.vocab_size, data.header.origin.source
    return settings.of(*records, first=first, named=named)
