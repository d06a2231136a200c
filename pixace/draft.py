"""A token set in the making: rows of tokens to shards, what is known of them to records."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pixace import encoding, holdout
from pixace.errors import ImageError, SourceError
from pixace.shards import File, Writer, seal

if TYPE_CHECKING:
    from pixace.sources import Source
    from pixace.tokenizers import Tokenizer

SPLITS = ("train", "validation")
RECORDS = "records.jsonl"
NAMED = 100  # skipped pictures that are named; the rest are only counted


class Part(NamedTuple):
    """A source, looked through before any picture is read."""

    source: "Source"
    held_out: np.ndarray  # bool (pictures,): those for validation
    described: bool  # some picture has a caption or a label
    unread: list[str]  # captions that could not be read, "NAME: reason"


def survey(source: "Source", fraction: float) -> Part:
    """Looks at all records, not at the pictures.

    Args:
      source: the pictures.
      fraction: the share of them to hold out, 0..1.

    Raises:
      SourceError: there are none.
    """
    if not len(source):
        raise SourceError(f"{source.spec} has no pictures; name another source")
    described, unread = False, []

    def groups() -> Iterator[str]:
        nonlocal described
        for i in range(len(source)):
            record = source.record(i)
            described |= record.caption is not None or record.label is not None
            if record.unread:
                unread.append(f"{record.name}: {record.unread}")
            yield record.group

    return Part(source, holdout.choose(groups(), len(source), fraction), described, unread)


class Draft:
    """A set in the making; as a context it closes its files.

    Attributes:
      writers: one for each split.
      skipped: pictures that could not be read.
      skipped_first: the first of them, "NAME: reason".
    """

    def __init__(self, folder: Path, tokenizer: "Tokenizer", *, described: bool) -> None:
        dtype = encoding.smallest_type(tokenizer.vocab_size)
        self.writers = {split: Writer(folder, split, tokenizer.length, dtype) for split in SPLITS}
        self.skipped = 0
        self.skipped_first: list[str] = []
        self._records = (folder / RECORDS).open("w", encoding="utf-8") if described else None
        self._files = ExitStack()

    def __enter__(self) -> "Draft":
        for file in (*self.writers.values(), self._records):
            if file is not None:
                self._files.enter_context(file)
        return self

    def __exit__(self, *why: object) -> None:
        self._files.close()

    def extend(self, chunks: Iterable[encoding.Chunk], part: Part, strict: bool) -> None:
        """Adds all pictures of one source."""
        read = 0
        for chunk in chunks:
            if strict and chunk.bad:
                raise ImageError(chunk.bad[0])
            self.skipped += len(chunk.bad)
            self.skipped_first += chunk.bad[: NAMED - len(self.skipped_first)]
            read += len(chunk.rows)
            held_out = part.held_out[[row.number for row in chunk.rows]]
            self.writers["train"].append(chunk.tokens[~held_out])
            self.writers["validation"].append(chunk.tokens[held_out])
            if self._records is not None:
                for row, held in zip(chunk.rows, held_out, strict=True):
                    line = {"split": SPLITS[int(held)], **row._asdict()}
                    del line["number"]
                    self._records.write(json.dumps(line, ensure_ascii=False) + "\n")
        if not read:
            raise SourceError(
                f"none of the {len(part.source):,} pictures of {part.source.spec} can be read; "
                f"one of them: {self.skipped_first[-1]}"
            )

    def finish(self) -> list[File]:
        """Completes all files; returns them."""
        files = [file for writer in self.writers.values() for file in writer.finish()]
        if self._records is not None:
            self._records.close()
            path = Path(self._records.name)
            files.append(seal(path, sum(file.rows for file in files)))
        return files


def with_bar(
    chunks: Iterable[encoding.Chunk], part: Part, progress: bool
) -> Iterator[encoding.Chunk]:
    """Passes chunks on and shows how far they are; on stderr, and only to a terminal."""
    from tqdm import tqdm

    total, disable = len(part.source), None if progress else True
    with tqdm(total=total, desc=part.source.spec, unit=" pictures", disable=disable) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(len(chunk.rows) + len(chunk.bad))
