"""Token sets: the tokens of many pictures in a folder, ready to be trained on.

    header.json           how the set was made: everything in `Header`
    train-00000.npy …     rows of tokens, 65,536 to a shard, the smallest unsigned type that fits
    validation-00000.npy …
    records.jsonl         captions and labels, where there are any: one line a row
    palette.png           the colours, if the tokenizer has a palette
    tokenizer.safetensors what the tokenizer has learned, if it has

Shards are plain NumPy files, read through memory maps. Which pictures are for validation depends
on their groups alone, so the set is the same however many processes made it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.numpy import load_file

from pixace import tokenizers
from pixace.data.shards import Split
from pixace.data.splits import SPLITS
from pixace.data.token_set_header import FORMAT, HEADER, Header
from pixace.errors import TokenError, unknown
from pixace.storage import records, sealed
from pixace.storage.atomic import expanded

if TYPE_CHECKING:
    from pixace.tokenizers import Tokenizer

LEARNED = "tokenizer.safetensors"
RECORDS = "records.jsonl"
KNOWN = {"split", "name", "caption", "label"}  # of each picture


@dataclass(frozen=True)
class TokenSet:
    """An opened set.

    Attributes:
      path: its folder.
      header: how it was made.
    """

    path: Path
    header: Header

    @cached_property
    def tokenizer(self) -> "Tokenizer":
        """The tokenizer that made the rows and turns them back into images."""
        learned = self._checked(LEARNED)
        return tokenizers.by_spec(self.header.tokenizer, load_file(learned) if learned else None)

    def split(self, name: str) -> Split:
        """The rows of `train` or `validation`; a split may be empty."""
        if name not in SPLITS:
            raise TokenError(unknown("split", name, SPLITS))
        shards = tuple(file for file in self.header.files if file.name.startswith(f"{name}-"))
        return Split(self.path, shards, self.tokenizer.length, self.tokenizer.vocab_size)

    def records(self, name: str) -> Iterator[dict[str, str | None]]:
        """What is known of the pictures of a split, one for each row, in order.

        Yields:
          `{"name": …, "caption": …, "label": …}`; nothing at all if the source had neither
          captions nor labels.
        """
        if not (path := self._checked(RECORDS)):
            return
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = _record(line, path)
                if record.pop("split") == name:
                    yield record

    def _checked(self, name: str) -> Path | None:
        """Where one of its files is; None if it has none of this name.

        Raises:
          TokenError: the file is damaged.
        """
        for file in self.header.files:
            if file.name == name:
                return file.checked(self.path)
        return None


def _record(line: str, path: Path) -> dict[str, str | None]:
    """What a line says of a picture.

    Raises:
      TokenError: it says something else; whoever wrote it, it was not pixace.
    """
    with suppress(ValueError):
        known = records.parsed(line)
        named = isinstance(known, dict) and known.keys() == KNOWN
        if named and all(isinstance(each, str | None) for each in known.values()):
            return known
    raise TokenError(f"{path} is damaged: {line:.60} is no record; make the token set again")


def is_set(path: Path) -> bool:
    """Whether a folder looks like a token set; `open_set` says what is wrong with one."""
    try:
        return (expanded(path) / HEADER).is_file()
    except OSError:  # nothing that could be looked into
        return False


def open_set(path: Path) -> TokenSet:
    """Opens a token set: reads its header and compares the sizes of its files.

    Whether their bytes are what they were is looked at when they are first read.

    Raises:
      TokenError: this is no token set, another pixace made it, or files are missing or cut short.
    """
    path = expanded(path)
    if not is_set(path):
        raise TokenError(f"{path} is no token set; make one with: pixace tokenize SOURCE {path}")
    try:
        data = records.parsed((path / HEADER).read_text(encoding="utf-8"))
        made = data["format"]
        if type(made) is int and made != FORMAT:
            age, advice = ("a newer", "update pixace or ") if made > FORMAT else ("an older", "")
            raise TokenError(
                f"{path} was made by {age} pixace (format {made}, this one reads "
                f"{FORMAT}); {advice}make the token set again"
            )
        header = records.read(Header, sealed.unsealed(data))
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise TokenError(f"{path / HEADER} is damaged ({why}); make the token set again") from why
    for file in header.files:
        try:
            size = (path / file.name).stat().st_size
        except OSError:
            size = 0
        if size != file.bytes:
            raise TokenError(
                f"{path / file.name} is damaged: {size:,} bytes instead of {file.bytes:,}; "
                "make the token set again"
            )
    opened = TokenSet(path, header)
    if {name: len(opened.split(name)) for name in SPLITS} != header.splits:
        raise TokenError(f"{path / HEADER} is damaged (rows are missing); make it again")
    return opened
