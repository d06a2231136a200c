"""Pictures as the tokens of a model: those that it was trained on, or others."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pixace.api import data_provenance
from pixace.api.trained import Trained
from pixace.arrays import Tokens
from pixace.config import parts
from pixace.data import token_cache, token_set
from pixace.data.parallel_encoding import Chunk, Encoder, encode
from pixace.data.preprocessing import Preprocessing
from pixace.data.splits import SPLITS
from pixace.data.token_set import TokenSet
from pixace.data.token_set_summary import TOLD
from pixace.errors import ConfigError, SourceError
from pixace.runtime.printable import tell
from pixace.runtime.progress import progress_bar
from pixace.sources import Data, open_source
from pixace.tokenizers.pixel import PixelTokenizer


def tokens_for(
    trained: Trained,
    data: Data | None,
    *,
    command: str = "evaluate",
    held_out: float = 0.0,
    labels: bool = False,
    progress: bool = False,
) -> tuple[TokenSet, str]:
    """The pictures as the model's tokens, and what they are called.

    Args:
      trained: the model.
      data: pictures, or a token set of the model's tokenizer; None means those that the model was
        trained on and judged by, if it is a run: a model file may be anybody's, and chooses none.
      command: what asks, for messages.
      held_out: the share of pictures that is held out, if they say nothing of it themselves.
      labels: take sub-folders as labels.
      progress: a live bar on stderr.

    Raises:
      ConfigError: the model's pictures are gone, or other tokens than the model's are named.
      PixaceError: no picture can be read.
    """
    described = trained.description
    if data is None:
        if described.data.tokens is None or trained.path.is_file():
            raise ConfigError(
                f"{described.name} brings no pictures along; name some: pixace {command} PICTURES "
                f"--run {described.name}"
            )
        settings = parts.pictures(described.settings)
        restored = data_provenance.restore(trained.path, described, settings, progress=progress)
        return restored, described.data.named
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        return _opened(trained, data), str(data)
    source = data if isinstance(data, str | Path) else open_source(data, labels=labels)
    named = str(source) if isinstance(source, str | Path) else source.spec
    settings = replace(preprocessing(trained), validation_fraction=held_out)
    return token_cache.cached(settings, source, labels=labels, progress=progress), named


def preprocessing(trained: Trained) -> Preprocessing:
    """How pictures become the tokens of a model, none of them held out."""
    tokenizer, data = trained.sampler.tokenizer, trained.description.data
    height, width = tokenizer.size
    own = tokenizer.colors.spec if isinstance(tokenizer, PixelTokenizer) else f"vq:{trained.path}"
    return Preprocessing(
        size=f"{width}x{height}",
        colors=own,
        order=tokenizer.order,
        fit=data.fit,
        background="#{:02x}{:02x}{:02x}".format(*data.background),
        validation_fraction=0.0,
        alpha=data.alpha,
        tiles=(data.pictures or {}).get("tiles"),
    )


@dataclass(frozen=True)
class Rows:
    """Pictures as the tokens of a model, one by one.

    Attributes:
      tokens: int32 `(n, length)`.
      names: what each is called; None where a token set does not know.
      labels: of each, None for one without; nothing where a token set does not know.
      named: what they are called together.
      skipped: those that cannot be read, each with the reason.
    """

    tokens: Tokens
    names: list[str] | None
    labels: list[str | None]
    named: str
    skipped: list[str]


def rows_of(trained: Trained, data: Data, *, labels: bool = False, progress: bool = False) -> Rows:
    """All pictures of a source that can be read, in its order, or those of a token set.

    Args:
      trained: the model.
      data: pictures, or a token set of the model's tokenizer.
      labels: take sub-folders as labels.
      progress: a live bar on stderr, and a line for each picture that cannot be read.

    Raises:
      ConfigError: other tokens than the model's are named.
      SourceError: no picture can be read.
    """
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        tokens = _opened(trained, data)
        every = [tokens.split(part) for part in SPLITS]
        records = [record for part in SPLITS for record in tokens.records(part)]
        rows = np.concatenate([part.rows(range(len(part))) for part in every])
        names = [str(record["name"]) for record in records] or None
        return Rows(rows, names, [record["label"] for record in records], str(data), [])
    settings = preprocessing(trained)
    source = open_source(data, labels=labels, tiles=settings.tiles)
    encoder = Encoder(source, trained.sampler.tokenizer, settings.fit, settings.rgb, settings.alpha)
    found: list[Chunk] = []
    with progress_bar(source.spec, len(source), " pictures", progress=progress) as bar:
        for chunk in encode(encoder):
            found.append(chunk)
            bar.update(len(chunk.rows) + len(chunk.bad))
    bad = [reason for chunk in found for reason in chunk.bad]
    known = [row for chunk in found for row in chunk.rows]
    if not known:
        raise SourceError(
            f"none of the {len(source):,} pictures of {source.spec} can be read; one of them: "
            f"{bad[-1]}"
        )
    for reason in bad[:TOLD] if progress else ():
        tell(f"skipped {reason}")
    if progress and len(bad) > TOLD:
        tell(f"skipped {len(bad) - TOLD:,} more")
    rows = np.concatenate([chunk.tokens.astype(np.int32) for chunk in found])
    return Rows(rows, [row.name for row in known], [row.label for row in known], source.spec, bad)


def _opened(trained: Trained, data: str | Path) -> TokenSet:
    """A token set, if it is of the model's tokenizer."""
    tokens = token_set.open_set(Path(data))
    if tokens.tokenizer.spec != trained.sampler.tokenizer.spec:
        raise ConfigError(
            f"{data} holds other tokens ({tokens.tokenizer.spec:.60}) than "
            f"{trained.description.name} knows ({trained.sampler.tokenizer.spec:.60}); name the "
            "pictures instead"
        )
    return tokens
