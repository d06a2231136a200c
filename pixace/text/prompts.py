"""What a user asks a model to draw: texts and classes, as words in front of the pictures."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, final

import numpy as np

from pixace.errors import PixaceError, unknown
from pixace.ranges import plain, said, several
from pixace.text.vocabulary import Vocabulary


@final
@dataclass(frozen=True, eq=False)
class Prompts:
    """Texts that are asked for, in order.

    Attributes:
      texts: as they were given; of classes, the captions that stand for them.
      asked: the arguments `text` and `classes`, of those given, as plain texts and lists of them.
      prefixes: their ids, int32 `(texts, P)`.
      unknown: words that no caption of the training had, with what may be meant; left out.
    """

    texts: tuple[str, ...]
    asked: dict[str, str | list[str]]
    prefixes: np.ndarray
    unknown: tuple[str, ...]


def read(
    vocabulary: Vocabulary | None,
    text: str | Iterable[str] | None,
    classes: str | int | Iterable[str | int] | None,
    guidance: float,
    *,
    model: str,
) -> Prompts | None:
    """Reads texts, then classes.

    Args:
      vocabulary: the model's; None if it was trained without captions.
      text: one or several, or none.
      classes: one or several labels, or none; NumPy's numbers, arrays and ranges will do.
      guidance: which makes no sense without a text.
      model: its name, for messages.

    Returns:
      None if nothing is asked for.

    Raises:
      PixaceError: the model has no captions, or does not know any of the words or one of the
        classes; or there is nothing to be guided by; or something is neither text nor class.
    """
    given = {
        "text": _plain(text, str, "a text, or several"),
        "classes": _plain(classes, str | int, "a label of the training pictures, or several"),
    }
    asked = {name: wish for name, wish in given.items() if wish}
    if vocabulary is None:
        if asked or guidance != 1:
            raise PixaceError(
                f"{model} was trained without captions and follows no text, class or guidance; "
                "train one that does with: pixace train DATA --captions"
            )
        return None
    if not asked:
        if guidance != 1:
            raise PixaceError(f"guidance {guidance:g} leads towards a text; name one with --text")
        return None
    texts = several(asked.get("text"))
    labels = [_class_of(vocabulary, label, model) for label in several(asked.get("classes"))]
    words = [vocabulary.known(each) for each in texts] + [*map(vocabulary.split_class, labels)]
    strangers = dict.fromkeys(
        word for each in texts for word in vocabulary.split(each) if not vocabulary.knows(word)
    )
    return Prompts(
        texts=(*texts, *map(vocabulary.text_of, labels)),
        asked=asked,
        prefixes=np.stack([vocabulary.ids(each) for each in words]),
        unknown=tuple(map(vocabulary.near, strangers)),
    )


def left_out(unknown: Iterable[str]) -> str:
    """One line on words that the model has never seen."""
    return f"left out, as no caption of the training had it: {', '.join(unknown)}"


def _plain(wish: Any, kind: type | UnionType, named: str) -> str | list[str]:
    """One wish or several as text, whether Python's, NumPy's or JAX's.

    Raises:
      PixaceError: it is no wish of that kind.
    """
    wish = plain(() if wish is None else wish)
    if isinstance(wish, bytes | Mapping) or not isinstance(wish, str | int | Iterable):
        raise PixaceError(f"{said(wish)} is not {named}")
    if isinstance(wish, str | int):
        return _one(wish, kind, named)
    return [_one(plain(each), kind, named) for each in wish]


def _one(wish: Any, kind: type | UnionType, named: str) -> str:
    if isinstance(wish, bool) or not isinstance(wish, kind):
        raise PixaceError(f"{said(wish)} is not {named}")
    return str(wish)


def _class_of(vocabulary: Vocabulary, label: str, model: str) -> str:
    """A class as the vocabulary spells it."""
    if not vocabulary.classes:
        raise PixaceError(f"the captions of {model} are not made of classes; use --text")
    label = unicodedata.normalize("NFC", label)
    if label not in vocabulary.classes:
        raise PixaceError(unknown("class", label, vocabulary.classes))
    return label
