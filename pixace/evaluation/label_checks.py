"""Whether labels and captions say anything about the pictures that have them.

Pictures that look alike should be called alike. How often they are is compared with the same names
dealt out at random: where this makes no difference, names and pictures have come apart.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int

from pixace.arrays import Images
from pixace.colors import oklab
from pixace.data.token_set import TokenSet
from pixace.evaluation.finding import Finding, worst
from pixace.images.shrinking import shrunk
from pixace.spacing import evenly
from pixace.text import words

FEW = 5  # pictures of a class
COMPARED = 2000  # pictures
SIDE = 8  # pixels, in which they are compared
BESIDE = 5  # pictures that each is compared with, the nearest ones
SHUFFLES = 99
CLEAR = 6  # standard deviations of the shuffles, above which it is no chance
WORDS = 500  # that are looked at, the most frequent
SURE = 1000  # pictures; what fewer do not show may be there all the same

Shares = Float32[np.ndarray, "pictures pictures"]


def names(data: TokenSet) -> Finding | None:
    """How many pictures have labels or captions, and how few some classes have; None for none."""
    records = [*data.records("train")]
    labels = Counter(label for each in records if (label := each["label"]) is not None)
    captions = sum(each["caption"] is not None for each in records)
    if not labels and not captions:
        return None
    rare = sorted(label for label, count in labels.items() if count < FEW)
    held = {label for each in data.records("validation") if (label := each["label"])}
    new = sorted(held - labels.keys())
    said = []
    if labels:
        least, most = min(labels.values()), max(labels.values())
        said.append(f"{len(labels):,} classes of {least:,} to {most:,} pictures")
        said.append(f"{labels.total():,} of {len(records):,} pictures have a label")
    if captions:
        said.append(f"{captions:,} of {len(records):,} have a caption")
    advice = ""
    if new:
        said.append(f"held out alone: {', '.join(new[:3])}")
        advice = "no training picture shows these; are they spelled alike?"
    elif rare:
        advice = f"fewer than {FEW} pictures teach little: {', '.join(rare[:5])}"
    elif len(labels) == 1 and not captions:
        advice = "one class says nothing; leave out --labels"
    return Finding(
        "labels" if labels else "captions",
        worst((bool(advice), "look")),
        "; ".join(said),
        advice,
        {"classes": dict(labels), "labelled": labels.total(), "captions": captions},
    )


def meaning(data: TokenSet) -> Finding | None:
    """Whether pictures that look alike are called alike; None where none or all are called so.

    Labels are looked at if there are any, else the words of captions.
    """
    rows = evenly(len(data.split("train")), COMPARED)
    records = [*data.records("train")]
    if not records:
        return None
    some = [records[row] for row in rows]
    kind = "label" if any(each["label"] for each in some) else "caption"
    texts = [each[kind] for each in some]
    named = np.array([text is not None for text in texts])
    shared = _shared([text for text in texts if text is not None], by_words=kind == "caption")
    if shared is None or len(shared) <= BESIDE:
        return None
    beside = _beside(data.tokenizer.decode(data.split("train").rows(rows[named])))
    own = np.arange(len(shared))
    random = np.random.default_rng(0)

    def alike(places: Int[np.ndarray, " pictures"]) -> float:
        return float(shared[places[:, None], places[beside]].mean())

    by_chance = [alike(random.permutation(own)) for _ in range(SHUFFLES)]
    found, usual, spread = alike(own), float(np.mean(by_chance)), float(np.std(by_chance))
    nothing = found <= usual + CLEAR * spread
    sure = kind == "label" and len(shared) >= SURE
    return Finding(
        f"{kind}s and pictures",
        worst((nothing and sure, "broken"), (nothing, "look")),
        f"pictures that look alike share {found:.1%} of their {kind}s, by chance {usual:.1%}",
        f"the {kind}s say nothing of what can be seen; were they shuffled on the way?" * nothing,
        {"alike": found, "chance": usual, "spread": spread, "pictures": len(shared)},
    )


def _shared(texts: Sequence[str], *, by_words: bool) -> Shares | None:
    """The share of names that two pictures both have, of all they have; None if all are alike."""
    parted = [{*words.split(text)} if by_words else {text} for text in texts]
    counts = Counter(name for each in parted for name in each)
    kept = [name for name, count in counts.most_common(WORDS) if count < len(texts)]
    if not kept:
        return None
    called = np.array([[name in each for name in kept] for each in parted], np.float32)
    both, sizes = called @ called.T, called.sum(1)
    return both / np.maximum(sizes[:, None] + sizes - both, 1)


def _beside(pictures: Images) -> Int[np.ndarray, "pictures beside"]:
    """The other pictures that each looks most like, in the small."""
    lab = oklab.from_rgb(pictures).astype(np.float32)
    features = shrunk(lab, SIDE).reshape(len(pictures), -1)
    squared = np.square(features).sum(1)
    distances = squared[:, None] - 2 * features @ features.T + squared
    np.fill_diagonal(distances, np.inf)
    return np.argpartition(distances, BESIDE, 1)[:, :BESIDE]
