"""What other members of an archive tell of its pictures: captions, and in tars classes too.

A text beside a picture is its caption, as in a folder. In a tar, as WebDataset writes them, all
members of a sample have one key, their name up to the first dot: `0001.jpg`, `0001.cls` (the class,
a number or a word), `0001.txt` or `0001.json` with a `caption`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pixace.sources.members import Member
from pixace.sources.sidecar import (
    MAX_TEXT_BYTES,
    SUFFIXES,
    Caption,
    caption_of,
    text_name,
    texts_by_stem,
)
from pixace.storage import records

CLASS, FACTS = ".cls", ".json"
CAPTIONS = ("caption", "text")  # in the facts, the best first


class Told(NamedTuple):
    """What is told of one picture."""

    caption: str | None = None
    label: str | None = None
    unread: str | None = None


class Tellings(NamedTuple):
    """What is told of all pictures, or nothing; and whether it took their keys to know."""

    of_each: tuple[Told, ...]
    keyed: bool


def told_in(
    files: Sequence[Member],
    members: Sequence[Member],
    read: Callable[[Member], bytes],
    *,
    keyed: bool,
) -> Tellings:
    """Reads what tells of pictures, at once: going back and forth in a compressed tar is slow.

    Args:
      files: all members that matter.
      members: the pictures among them.
      read: gives the bytes of a member.
      keyed: whether keys count, or texts beside pictures alone.
    """
    whole = {file.name: file for file in files if not file.bad}
    small = {name: file for name, file in whole.items() if file.size <= MAX_TEXT_BYTES}
    texts = texts_by_stem(whole)
    beside = [text_name(member.name, texts) for member in members]
    keys: dict[tuple[str, str], str] = {}
    if keyed:
        keys = {_key(name): name for name in reversed(small) if _key(name)[1]}
    of_key = [
        {kind: keys[sample, kind] for kind in (".txt", CLASS, FACTS) if (sample, kind) in keys}
        for sample in (_key(member.name)[0] for member in members)
    ]
    wanted = {name for name in beside if name}.union(*(found.values() for found in of_key))
    raw = {name: read(file) for name, file in small.items() if name in wanted}
    told = tuple(_told(raw, text, found) for text, found in zip(beside, of_key, strict=True))
    plain = tuple(_told(raw, text, {}) for text in beside)
    return Tellings(told if any(map(any, told)) else (), told != plain)


def _key(name: str) -> tuple[str, str]:
    """The sample that a member of a tar belongs to, and the kind of text it is; or no kind."""
    folder, slash, file = name.rpartition("/")
    sample, _, rest = file.partition(".")
    suffix = f".{rest}".lower()[-len(rest.rpartition(".")[2]) - 1 :]
    kind = ".txt" if suffix in SUFFIXES else suffix if suffix in (CLASS, FACTS) else ""
    return folder + slash + sample, kind


def _told(raw: Mapping[str, bytes], text: str | None, found: Mapping[str, str]) -> Told:
    captions = [_caption(raw, name) for name in (text, found.get(".txt")) if name]
    caption = next((each for each in captions if any(each)), Caption())
    if not any(caption) and FACTS in found:
        caption = Caption(_caption_of(raw[found[FACTS]]))
    label = caption_of(found[CLASS], raw[found[CLASS]]) if CLASS in found else Caption()
    return Told(caption.text, label.text, caption.unread or label.unread)


def _caption(raw: Mapping[str, bytes], name: str) -> Caption:
    if name not in raw:
        return Caption(None, f"its caption {name} has more than {MAX_TEXT_BYTES:,} bytes")
    return caption_of(name, raw[name])


def _caption_of(facts: bytes) -> str | None:
    """The caption among the facts of a sample, in one line."""
    try:
        known = records.parsed(facts)
    except ValueError:
        return None
    words = [known.get(name) for name in CAPTIONS] if isinstance(known, dict) else []
    return next((" ".join(text.split()) for text in words if isinstance(text, str) and text), None)
