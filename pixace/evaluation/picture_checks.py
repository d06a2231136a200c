"""Whether pictures are what a model can learn from: read, large enough, all different, apart."""

import hashlib
from contextlib import suppress

import numpy as np
from jaxtyping import Int

from pixace.data.shards import Split
from pixace.data.token_set import TokenSet
from pixace.data.token_set_header import Header
from pixace.errors import ImageError
from pixace.evaluation.finding import Finding, worst
from pixace.evaluation.measure import Measure
from pixace.evaluation.neighbours import nearest
from pixace.images import loader
from pixace.sources import Source
from pixace.spacing import evenly
from pixace.special_tokens import FIRST_ID
from pixace.tokenizers.pixel import PixelTokenizer

FEW = 200  # pictures to train on, or fewer: they are learned by heart
UNREAD = 0.1  # share of the pictures
MEASURED = 200  # pictures whose sides are looked at
KEPT = 0.6  # share of a picture that a crop keeps; less loses what it shows
EQUAL = 0.05  # share of the pictures
COMPARED = 256  # held-out pictures, with …
AMONG = 20_000  # … training pictures
COPY = 0.3  # of the distance of the next ones; what is nearer is nearly the same picture
SOME, MANY = 0.02, 0.25  # shares of held-out pictures that are so: to look at, and surely too many
USED = 0.05  # share of the colours
AT_ONCE = 1024  # rows


def pictures(data: TokenSet) -> Finding:
    """How many there are of each part, and whether some can be judged by."""
    header = data.header
    train, held = (header.splits[part] for part in ("train", "validation"))
    few, none = train <= FEW, not held
    advice = ""
    if not train:
        advice = "name some to train on"
    elif none:
        advice = (
            "a model will be judged by what it learned; --set pictures.validation_fraction=0.05"
        )
    elif few:
        advice = "they will be learned by heart; more, or --set train.mirror=True and train.shift=1"
    return Finding(
        "pictures",
        worst((not train, "broken"), (none or few, "look")),
        f"{train:,} to train on, {held:,} held out",
        advice,
        {"train": train, "validation": held, "listed": header.listed},
    )


def unread(header: Header) -> Finding:
    """How many could not be read, and which first."""
    count, named = header.skipped, "; ".join(header.skipped_first[:3])
    if not count:
        return Finding("files", "ok", f"all {header.listed:,} can be read", facts={"unread": 0})
    return Finding(
        "files",
        worst((count > UNREAD * header.listed, "broken"), (count > 0, "look")),
        f"{count:,} of {header.listed:,} cannot be read: {named}{'; …' * (count > 3)}",
        "mend or remove them; training does without",
        {"unread": count, "first": list(header.skipped_first)},
    )


def sizes(source: Source, size: tuple[int, int], fit: str) -> Finding:
    """How large they are before they are fitted, and what a crop leaves of them.

    Args:
      source: the pictures, of which some are looked at.
      size: (height, width) of the model.
      fit: how they are fitted.
    """
    found = sides(source, MEASURED)
    if not len(found):
        return Finding("sizes", "broken", "no picture can be read", "name others")
    wanted = np.array(size)
    small = float((found < wanted).any(1).mean())
    scale = (found / wanted).min(1)
    kept = float(np.median(np.square(scale) * wanted.prod() / found.prod(1)))
    order = np.argsort(found.prod(1), kind="stable")
    shown = dict.fromkeys(_named(found[order[at]]) for at in (0, len(order) // 2, -1))
    crops = fit.startswith(("crop", "nearest"))
    cut = f"; a crop keeps {kept:.0%} of the median picture" if crops and kept < 0.995 else ""
    advice = ""
    if small > 0:
        advice = "a smaller --size, or --set \"pictures.fit='center'\", which enlarges nothing"
    elif crops and kept < KEPT:
        advice = "for whole pictures --set \"pictures.fit='pad'\", or another --size WIDTHxHEIGHT"
    return Finding(
        "sizes",
        worst((small > 0 or (crops and kept < KEPT), "look")),
        f"{' … '.join(shown)}; {small:.0%} are smaller than the model's {_named(wanted)}{cut}",
        advice,
        {"pictures": len(found), "smaller": small, "kept": kept},
    )


def sides(source: Source, most: int) -> Int[np.ndarray, "some 2"]:
    """Height and width of some pictures that can be read, before they are fitted."""
    found = []
    for i in map(int, evenly(len(source), most)):
        with suppress(ImageError, OSError):
            found.append(loader.measured(source.read(i)))
    return np.array(found, np.int64).reshape(-1, 2)


def duplicates(header: Header) -> Finding:
    """How many are equal, as tokens, to one before."""
    count, rows = header.repeated, sum(header.splits.values())
    many = count > EQUAL * rows
    return Finding(
        "duplicates",
        "look" if many else "ok",
        f"{count:,} of {rows:,} are equal to another in the model's size and colours",
        "they count twice; remove copies, or choose a larger --size or more --colors" * many,
        {"equal": count},
    )


def parts(data: TokenSet) -> Finding | None:
    """Whether held-out pictures are also among the training pictures; None if none is held out.

    Equal ones are found by their tokens, nearly equal ones by their distance: mirrored, shifted,
    or packed once more.
    """
    held, train = data.split("validation"), data.split("train")
    lost = data.header.left_out.get("equal", 0)
    if not len(held):
        if not (lost and data.header.validation):
            return None
        return Finding(
            "held out",
            "broken",
            f"all {lost:,} held-out pictures are training pictures, so none is left",
            "name other pictures for validation",
            {"equal": lost},
        )
    known = _hashes(train, evenly(len(train), AMONG))
    rows = evenly(len(held), COMPARED)
    equal = np.isin(_hashes(held, rows), known)
    close = nearest(data.tokenizer.decode(held.rows(rows)), data, AMONG).relative < COPY
    repeats = equal | close
    share = Measure.of_share(repeats)
    some = bool(share.mean > SOME or equal.any() or lost)
    without = f"; {lost:,} training pictures were equal, and are left out" * (lost > 0)
    return Finding(
        "held out",
        worst((share.low > MANY, "broken"), (some, "look")),
        f"{int(repeats.sum()):,} of {len(rows):,} held-out pictures are nearly training pictures, "
        f"{int(equal.sum()):,} to the pixel{without}",
        "a model is judged by what it learned; keep copies of a picture on one side" * some,
        {"looked_at": len(rows), "equal": int(equal.sum()), "close": int(close.sum())},
    )


def colours(data: TokenSet) -> Finding:
    """How many of the colours, or codes, that a model must choose from occur at all."""
    tokenizer, split = data.tokenizer, data.split("train")
    seen = np.zeros(tokenizer.vocab_size, bool)
    rows = evenly(len(split), AMONG)
    for start in range(0, len(rows), AT_ONCE):
        seen[split.rows(rows[start : start + AT_ONCE])] = True
    used, possible = int(seen[FIRST_ID:].sum()), int(tokenizer.allowed.sum())
    few, advice = used < USED * possible, ""
    if isinstance(tokenizer, PixelTokenizer):
        shown = tokenizer.colors.decode(np.flatnonzero(seen[FIRST_ID:]))
        grey = bool((shown == shown[..., :1]).all())
        few = few or (grey and used < possible)
        scheme = "grey:16" if grey else f"kmeans:{max(16, min(512, used))}"
        advice = f"a scheme that fits them learns faster: --colors {scheme}" * few
    elif few:
        advice = "the codebook is larger than it need be; train one with fewer codes"
    what = "colours" if isinstance(tokenizer, PixelTokenizer) else "codes"
    return Finding(
        what,
        "look" if few else "ok",
        f"{used:,} of {possible:,} occur",
        advice,
        {"used": used, "possible": possible},
    )


def _named(size: Int[np.ndarray, "2"]) -> str:
    return f"{size[1]}x{size[0]}"


def _hashes(split: Split, rows: Int[np.ndarray, " some"]) -> np.ndarray:
    """One for each of some rows, uint64."""
    found = list[int]()
    for start in range(0, len(rows), AT_ONCE):
        for row in split.rows(rows[start : start + AT_ONCE]):
            digest = hashlib.blake2b(row.tobytes(), digest_size=8).digest()
            found.append(int.from_bytes(digest, "little"))
    return np.array(found, np.uint64)
