"""What a user asks a model to draw: texts and classes, as words in front of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pixace.errors import PixaceError
from pixace.names import unknown
from pixace.vocabulary import Vocabulary, split


@final
@dataclass(frozen=True, eq=False)
class Prompts:
    """Texts that are asked for, in order.

    Attributes:
      texts: as they were given; of classes, the captions that stand for them.
      known: the words of each that the model knows.
      prefixes: their ids, int32 `(texts, P)`.
      unknown: words that no caption of the training had, with what may be meant; left out.
    """

    texts: tuple[str, ...]
    known: tuple[str, ...]
    prefixes: np.ndarray
    unknown: tuple[str, ...]

    @property
    def left_out(self) -> str:
        """One line on the unknown words."""
        return f"left out, as no caption of the training had it: {', '.join(self.unknown)}"


def read(
    vocabulary: Vocabulary | None,
    text: str | Sequence[str] | None,
    classes: str | int | Sequence[str | int] | None,
    guidance: float,
    *,
    model: str,
) -> Prompts | None:
    """Reads texts, then classes.

    Args:
      vocabulary: the model's; None if it was trained without captions.
      text: one or several, or none.
      classes: one or several labels, or none.
      guidance: which makes no sense without a text.
      model: its name, for messages.

    Returns:
      None if nothing is asked for.

    Raises:
      PixaceError: the model has no captions, or does not know any of the words or one of the
        classes; or there is nothing to be guided by.
    """
    texts = [text] if isinstance(text, str) else list(text or ())
    labels = [
        str(each) for each in ([classes] if isinstance(classes, str | int) else classes or ())
    ]
    if vocabulary is None:
        if texts or labels or guidance != 1:
            raise PixaceError(
                f"{model} was trained without captions and follows no text, class or guidance; "
                "train one that does with: pixace train DATA --captions"
            )
        return None
    if not texts and not labels:
        if guidance != 1:
            raise PixaceError(f"guidance {guidance:g} leads towards a text; name one with --text")
        return None
    texts += [_text_of(vocabulary, label, model) for label in labels]
    known = [vocabulary.known(each) for each in texts]
    strangers = dict.fromkeys(
        word for each in texts for word in split(each) if not vocabulary.knows(word)
    )
    return Prompts(
        texts=tuple(texts),
        known=tuple(map(" ".join, known)),
        prefixes=np.stack([vocabulary.ids(words) for words in known]),
        unknown=tuple(map(vocabulary.near, strangers)),
    )


def told(text: Any, classes: Any, guidance: float) -> dict[str, Any]:
    """What was asked for, as a picture's file says it; nothing if nothing was."""
    given = {"text": text, "classes": classes}
    asked = {name: value for name, value in given.items() if value not in (None, (), [])}
    return asked | {"guidance": guidance} if asked else {}


def _text_of(vocabulary: Vocabulary, label: str, model: str) -> str:
    """The text that stands for a class."""
    if not vocabulary.classes:
        raise PixaceError(f"the captions of {model} are not made of classes; use --text")
    if label not in vocabulary.classes:
        raise PixaceError(unknown("class", label, vocabulary.classes))
    return vocabulary.classes[label]
