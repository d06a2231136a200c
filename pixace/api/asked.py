"""What is asked to be trained: settings that were understood, and pictures as tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pixace.api import data_provenance
from pixace.api.building import captioned
from pixace.api.planning import Plan
from pixace.config import idle, parts
from pixace.data import token_cache, token_set
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_set import TokenSet
from pixace.runtime.printable import tell
from pixace.sources import Data, Source, open_source
from pixace.text.captions import Captioned


@dataclass(frozen=True)
class Asked:
    """What a training is made of.

    Attributes:
      plan: what is bound, for this device.
      data: the pictures, by name or as a source.
      tokens: these pictures.
      made_by: how they became tokens; None of a token set, which was made before.
      captions: the words in front of them; None if none are learned.
    """

    plan: Plan
    data: str | Path | Source
    tokens: TokenSet
    made_by: Preprocessing | None
    captions: Captioned | None


def asked_for(
    plan: Plan,
    data: Data | None,
    of_pictures: Sequence[str],
    *,
    labels: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Asked:
    """Reads settings, and then pictures.

    Args:
      plan: what is bound.
      data: as in `train`.
      of_pictures: the gin lines that a token set must not contradict.
      labels: as in `train`, all three.
      strict: stop at a bad picture.
      progress: a live bar on stderr, and what should be known of the captions.

    Raises:
      PixaceError: a setting is broken or changes nothing, or pictures cannot be had.
    """
    for read in (parts.model, parts.train, parts.pictures, parts.captions):
        read(plan.bound.values)
    idle.refuse(plan.bound, "train")
    plan = plan.on_device()
    settings = plan.bound.values
    preprocessing, sentences = parts.pictures(settings), parts.captions(settings)
    data = "digits" if data is None else data
    data = data if isinstance(data, str | Path) else open_source(data, labels=labels)
    if isinstance(data, str | Path) and token_set.is_set(Path(data)):
        tokens, made_by = token_set.open_set(Path(data)), None
        data_provenance.refuse_others(of_pictures, tokens, labels=labels)
    else:
        made_by = preprocessing
        tokens = token_cache.cached(made_by, data, labels=labels, strict=strict, progress=progress)
    learned = captioned(sentences, tokens)
    for line in learned.said if progress and learned else ():
        tell(line)
    return Asked(plan, data, tokens, made_by, learned)
