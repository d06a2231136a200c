"""What a token set turned out to hold, told to people in a few lines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from pixace.data.token_set import HEADER, Header, TokenSet
from pixace.runtime.printable import tell

TOLD = 10  # bad pictures that are named; the rest are only counted
CLASSES = 5  # that are named, the most frequent ones
LETTERS = 24  # of a class's name


def tell_skipped(tokens: TokenSet) -> None:
    """Says on stderr how sheets were cut, and names the first bad pictures and captions."""
    header = tokens.header
    for line in header.notes:
        tell(line)
    for what, count, first in (
        ("skipped", header.skipped, header.skipped_first),
        ("unread", header.unread, header.unread_first),
    ):
        for reason in first[:TOLD]:
            tell(f"{what} {reason}")
        if count > TOLD:
            tell(f"{what} {count - TOLD:,} more; {tokens.path / HEADER} names them")


def tell_found(tokens: TokenSet) -> None:
    """Says in one line on stderr what was found, where there is something to say."""
    found = [*_words(tokens), *_splits(tokens.header)]
    if found:
        tell("; ".join(found))


def tell_none_held_out(tokens: TokenSet) -> None:
    """Says in one line on stderr what it means if no picture is held out."""
    if not tokens.header.splits["validation"]:
        tell(
            "no picture is held out: a model of these tokens is judged by pictures it was trained "
            "on, which says nothing of others; --validation SOURCE names some to judge it by"
        )


def _words(tokens: TokenSet) -> Iterator[str]:
    """Labels and captions."""
    labels: Counter[str | None] = Counter()
    captions = 0
    for split in tokens.header.splits:
        for record in tokens.records(split):
            labels[record["label"]] += 1
            captions += record["caption"] is not None
    count, without = labels.total(), labels.pop(None, 0)
    if labels:
        shown = [f"{_short(label)} {n:,}" for label, n in labels.most_common(CLASSES)]
        shown += ["…"] * (len(labels) > CLASSES)
        classes = "1 class" if len(labels) == 1 else f"{len(labels):,} classes"
        rest = f", {without:,} without" if without else ""
        yield f"labels: {classes} ({', '.join(shown)}){_alike(labels)}{rest}"
    if captions:
        yield f"captions: {captions:,} of {count:,}"


def _alike(labels: Iterable[str | None]) -> str:
    """How many labels differ from others in capitals alone, as slips of the hand do."""
    spelled: defaultdict[str, list[str]] = defaultdict(list)
    for label in map(str, labels):
        spelled[label.casefold()].append(label)
    alike = [group for group in spelled.values() if len(group) > 1]
    if not alike:
        return ""
    first, second = map(_short, alike[0][:2])
    count = sum(map(len, alike))
    return f", {count:,} of which differ in capitals alone, such as {first} and {second}"


def _short(label: str | None) -> str:
    text = str(label)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _splits(header: Header) -> Iterator[str]:
    """How pictures came to their parts, if not by a share of them alone."""
    held_out = header.splits["validation"] > 0
    if header.marked:
        counts = ", ".join(f"{mark} {count:,}" for mark, count in header.marked.items())
        how = ""
        if header.validation is not None:
            how = ", but the validation source wins"
        elif held_out and header.validation_fraction:
            how = ", and a share of those to train on is held out"
        yield f"split: marked {counts}{how}"
    if header.left_out:
        whys = [f"{count:,} {_why(mark)}" for mark, count in header.left_out.items()]
        yield f"left out: {', '.join(whys)}"
    if header.repeated:
        one = "1 picture is equal to another"
        equal = one if header.repeated == 1 else f"{header.repeated:,} pictures are equal to others"
        yield equal + ", and on the same side" * held_out


def _why(mark: str) -> str:
    if mark == "equal":
        return "equal to pictures on the other side"
    return mark if mark == "unmarked" else f"marked {mark}"
