"""Whether pictures show the class that was asked for, as a classifier sees it that knows real ones.

The classifier is scikit-learn's support vector machine, fitted to the training pictures of a token
set as its tokenizer shows them. How far it can be trusted is what it says of those held out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from pixace.arrays import Images
from pixace.data.token_set import TokenSet
from pixace.errors import TokenError

Features = Float[np.ndarray, "n d"]

MAX_PICTURES = 12_000  # of a part; more take minutes


@dataclass(frozen=True)
class Classifier:
    """Tells classes of pictures apart.

    Attributes:
      machine: scikit-learn's, fitted.
      accuracy: the share of held-out pictures, in [0, 1], whose class it tells.
    """

    machine: Any
    accuracy: float

    @classmethod
    def fitted(cls, tokens: TokenSet, most: int = MAX_PICTURES) -> "Classifier":
        """Learns from the first training pictures of a token set, and is tried on held-out ones.

        Raises:
          TokenError: a picture has no label, all have the same, or none is held out.
        """
        from sklearn.svm import SVC

        learned, tried = (_labelled(tokens, part, most) for part in ("train", "validation"))
        if len({*learned[1]}) < 2:
            raise TokenError("the training pictures are of one class; nothing can be told apart")
        machine = SVC(C=10).fit(*learned)
        return cls(machine, float(machine.score(*tried)))

    def classes(self, pictures: Images) -> np.ndarray:
        """The label of each picture, as text."""
        return self.machine.predict(_features(pictures))

    def agreement(self, pictures: Images, asked: Sequence[str]) -> dict[str, float]:
        """For each class, the share of its pictures, in [0, 1], that are taken for it.

        Args:
          pictures: uint8 `(n, height, width, 3)`.
          asked: the class that each of them was asked to show.
        """
        wanted = np.array(asked, str)
        right = self.classes(pictures) == wanted
        return {name: float(right[wanted == name].mean()) for name in dict.fromkeys(asked)}


def _labelled(tokens: TokenSet, part: str, most: int) -> tuple[Features, list[str | None]]:
    split = tokens.split(part)
    count = min(most, len(split))
    if not count:
        raise TokenError(f"the token set has no {part} pictures to tell classes by")
    labels = [record.get("label") for record in tokens.records(part)][:count]
    if len(labels) < count or None in labels:
        raise TokenError("not all pictures of the token set have a label")
    return _features(tokens.tokenizer.decode(split.rows(np.arange(count)))), labels


def _features(pictures: Images) -> Features:
    return pictures.reshape(len(pictures), -1) / 255
