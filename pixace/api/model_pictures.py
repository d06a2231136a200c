"""Pictures as the tokens of a model: those that it was trained on, or others."""

from pathlib import Path

from pixace.api import data_provenance
from pixace.api.trained import Trained
from pixace.config import parts
from pixace.data import token_cache, token_set
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.sources import Data, open_source
from pixace.tokenizers.pixel import PixelTokenizer


def tokens_for(
    trained: Trained, data: Data | None, *, labels: bool = False, progress: bool = False
) -> tuple[TokenSet, str]:
    """The pictures as the model's tokens, and what they are called.

    Args:
      trained: the model.
      data: pictures, of which none is held out, or a token set of the model's tokenizer; None means
        those that the model was trained on and judged by.
      labels: take sub-folders as labels.
      progress: a live bar on stderr.

    Raises:
      ConfigError: the model's pictures are gone, or other tokens than the model's are named.
      PixaceError: no picture can be read.
    """
    described = trained.description
    if data is None:
        if described.data.tokens is None:
            raise ConfigError(
                f"{described.name} brings no pictures along; name some: pixace evaluate PICTURES "
                f"--run {described.name}"
            )
        settings = parts.pictures(described.settings)
        restored = data_provenance.restore(trained.path, described, settings, progress=progress)
        return restored, described.data.named
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        tokens = token_set.open_set(Path(data))
        if tokens.tokenizer.spec != trained.sampler.tokenizer.spec:
            raise ConfigError(
                f"{data} holds other tokens ({tokens.tokenizer.spec:.60}) than {described.name} "
                f"knows ({trained.sampler.tokenizer.spec:.60}); name the pictures instead"
            )
        return tokens, str(data)
    source = data if isinstance(data, str | Path) else open_source(data, labels=labels)
    named = str(source) if isinstance(source, str | Path) else source.spec
    settings = preprocessing(trained)
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
