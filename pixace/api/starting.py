"""Trainings that begin with a trained model, of one's own or another's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from pixace.api import trained
from pixace.config import parts
from pixace.config.shorthands import line
from pixace.models.language_model import LanguageModel, Weights
from pixace.runtime.printable import tell
from pixace.storage import pytrees
from pixace.text.vocabulary import Vocabulary
from pixace.tokenizers import Tokenizer
from pixace.tokenizers.pixel import PixelTokenizer
from pixace.training.warm_start import Learned, warm_start

NOT_KEPT = ("dropout",)  # what suits other pictures, or more of them


@dataclass(frozen=True)
class Start:
    """A trained model to begin with.

    Attributes:
      model: which.
    """

    model: trained.Trained

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self.model.description.name

    @property
    def lines(self) -> Sequence[str]:
        """What it is, and how its pictures became tokens, as gin lines; a user's own win."""
        described = self.model.description
        assert described.model is not None, "codebooks have been refused"
        bound: dict[str, Any] = {
            name: value
            for name, value in parts.flat_model(described.model).items()
            if value is not None and not name.endswith(NOT_KEPT)
        }
        tokenizer, data = self.model.sampler.tokenizer, described.data
        height, width = tokenizer.size
        bound["pictures.size"] = f"{width}x{height}"
        if isinstance(tokenizer, PixelTokenizer):
            bound |= {"pictures.colors": tokenizer.colors.spec, "pictures.order": tokenizer.order}
        else:
            bound["pictures.colors"] = f"vq:{self.model.path}"
        bound["pictures.fit"], bound["pictures.alpha"] = data.fit, data.alpha
        bound["pictures.background"] = "#{:02x}{:02x}{:02x}".format(*data.background)
        return [line(name, value) for name, value in bound.items()]

    def weights_of(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        vocabulary: Vocabulary | None,
        seed: int,
    ) -> Weights:
        """The weights to begin with; says in a line what is new."""
        fresh = _flat(jax.jit(model.init)(jax.random.key(seed)))
        sampler = self.model.sampler
        own = Learned(self.name, _flat(sampler.weights), sampler.tokenizer, self.model.vocabulary)
        warm = warm_start(fresh, tokenizer, vocabulary, own)
        tell(warm.said)
        return pytrees.unflatten(dict(warm.weights), model.shapes)


def found(named: str | Path, root: str | Path | None) -> Start:
    """The model that a user means.

    Raises:
      RunError: there is none, or it is a codebook.
    """
    return Start(trained.load(named, root=root))


def _flat(weights: Weights) -> dict[str, np.ndarray]:
    return {name: np.asarray(each) for name, each in pytrees.flatten(weights).items()}
