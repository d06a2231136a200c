"""What `doctor` looks at: pictures, a model for them and how it is trained; asked for, or of a run.

Of very many pictures some are taken, evenly spread, so that it does not take long.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from pixace.api import model_pictures
from pixace.api.asked import asked_for
from pixace.api.building import captioned, language_model
from pixace.api.planning import Plan
from pixace.api.trained import Trained
from pixace.arrays import Images
from pixace.config import parts
from pixace.data import token_set, tokenization
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.errors import ImageError, RunError, SourceError
from pixace.evaluation.contact_sheet import enlargement
from pixace.evaluation.model_checks import random_weights
from pixace.evaluation.picture_checks import sides
from pixace.models.language_model import LanguageModel, Weights
from pixace.runs.description import ModelRecord
from pixace.runtime import precision
from pixace.sources import Data, Source, limited, open_source
from pixace.spacing import evenly
from pixace.text.captions import Captioned
from pixace.training.settings import TrainSettings
from pixace.training.training_checks import Trial

MOST = 10_000  # pictures that are looked at, if nobody says how many


@dataclass(frozen=True)
class Patient:
    """What is examined.

    Attributes:
      tokens: the pictures; None where they are not at hand.
      source: the same as they are; None likewise.
      made_by: how they became tokens.
      record: the model.
      how: it is trained; None where nothing is known of that.
      steps: of the training; None where the clock is to decide.
      captions: words in front of the pictures; None for none.
      trained: the model with its weights; None for one that is to be trained.
    """

    tokens: TokenSet | None
    source: Source | None
    made_by: Preprocessing
    record: ModelRecord
    how: TrainSettings | None
    steps: int | None
    captions: Captioned | None
    trained: Trained | None

    @property
    def hashed(self) -> bool:
        """Whether attention is hashed while training."""
        return self.record.settings.get("attention", "full") != "full"

    @property
    def model(self) -> tuple[LanguageModel, Weights, Bool[np.ndarray, " vocab"]]:
        """A model, weights none of which hide anything, and which ids can occur."""
        if self.trained:
            sampler = self.trained.sampler
            return sampler.model, sampler.weights, sampler.tokenizer.allowed
        model = self._new_model
        return model, random_weights(model), self._present.tokenizer.allowed

    @property
    def trial(self) -> Trial | None:
        """Its training; None where there is nothing to train, or nobody knows how."""
        if not (self.tokens and self.how and len(self.tokens.split("train"))):
            return None
        dtype = precision.chosen(self.how.dtype)
        return Trial(self._new_model, self.tokens, self.captions, dtype, self.how, self.steps)

    def examples(self, count: int) -> tuple[Images | None, Images]:
        """Some pictures, whole if they are at hand, and as the model sees them; both uint8.

        Whole ones are padded, and as large as the others once enlarged.
        """
        tokens = self._present
        tokenizer = tokens.tokenizer
        if self.source:
            plain = replace(self.made_by, colors=Preprocessing.colors, order="raster")
            height, width = tokenizer.size
            scale = enlargement(tokenizer.size)
            small = (sides(self.source, count) <= scale * max(tokenizer.size)).all()
            fit = "pad,nearest" if small else "pad"  # enlarged crisply, or shrunk smoothly
            whole = replace(plain, size=f"{scale * width}x{scale * height}", fit=fit)
            originals = tokenization.sample(whole, self.source, count)
            fitted = replace(plain, size=f"{width}x{height}")
            seen = tokenization.sample(fitted, self.source, count)
            if len(seen) == len(originals):
                return originals, tokenizer.decode(tokenizer.encode(seen))
        part = "train" if len(tokens.split("train")) else "validation"
        rows = tokens.split(part).rows(evenly(len(tokens.split(part)), count))
        return None, tokenizer.decode(rows)

    @property
    def _present(self) -> TokenSet:
        assert self.tokens is not None  # who asks has looked
        return self.tokens

    @property
    def _new_model(self) -> LanguageModel:
        """Without dropout, for the pictures at hand."""
        steady = replace(self.record, settings=self.record.settings | {"dropout": 0.0})
        words = self.captions and self.captions.vocabulary
        return language_model(steady, self._present.tokenizer, words)


def of_plan(plan: Plan, data: Data | None, of_pictures: Sequence[str], *, labels: bool) -> Patient:
    """What a training would be made of.

    Args:
      plan: what is bound.
      data: as in `train`; None means the built-in digits.
      of_pictures: gin lines, as in `asked_for`.
      labels: take sub-folders as labels.

    Raises:
      SourceError: there are no such pictures, or none that can be read.
      PixaceError: a setting is unknown or contradictory.
    """
    told = parts.pictures(plan.bound.values)
    taken = _some("digits" if data is None else data, labels=labels, limit=told.limit)
    asked = asked_for(plan, taken, of_pictures, labels=labels)
    bound = asked.plan.usual(asked.tokens, asked.captions).values
    how = parts.train(bound)
    named = asked.tokens.header.origin.source if asked.made_by is None else asked.data
    return Patient(
        tokens=asked.tokens,
        source=_source(named, labels=labels, tiles=told.tiles),
        made_by=replace(told, fit=asked.tokens.header.fit),
        record=parts.model(bound),
        how=how,
        steps=None if plan.gin is None else how.steps,
        captions=asked.captions,
        trained=None,
    )


def of_run(trained: Trained, data: Data | None, *, labels: bool) -> Patient:
    """What a run was made of, as far as it is still at hand.

    Args:
      trained: the run's model.
      data: other pictures; None means its own.
      labels: take sub-folders as labels.

    Raises:
      SourceError: there are no such pictures, or none that can be read.
      ConfigError: they are tokens of another model.
    """
    described, tokens, captions = trained.description, None, None
    assert described.model is not None  # codebooks have been refused
    settings = model_pictures.preprocessing(trained)
    named = described.data.named if data is None else data
    if data is not None:
        taken = _some(data, labels=labels, limit=None)
        tokens, _ = model_pictures.tokens_for(trained, taken, labels=labels)
    elif described.data.tokens:
        with suppress(RunError):  # they are gone, or others
            tokens, _ = model_pictures.tokens_for(trained, None)
    if tokens and data is None:
        captions = captioned(parts.captions(described.settings), tokens)
    how = parts.train(described.settings) if described.training else None
    return Patient(
        tokens=tokens,
        source=_source(named, labels=labels, tiles=settings.tiles) if tokens else None,
        made_by=settings,
        record=described.model,
        how=how,
        steps=how.steps if how else None,
        captions=captions,
        trained=trained,
    )


def _some(data: Data, *, labels: bool, limit: int | None) -> Data:
    """The pictures, or so many as can be looked at soon where nobody has set a limit."""
    if limit is not None or (isinstance(data, str | Path) and token_set.is_set(Path(data))):
        return data
    source = open_source(data, labels=labels)
    return limited(source, MOST) if len(source) > MOST else data


def _source(named: Data, *, labels: bool, tiles: str | int | None) -> Source | None:
    """The pictures as they are; None where they cannot be found."""
    if isinstance(named, str | Path) and token_set.is_set(Path(named)):
        named = token_set.open_set(Path(named)).header.origin.source
    try:
        return open_source(named, labels=labels, tiles=tiles)
    except (SourceError, ImageError):
        return None
