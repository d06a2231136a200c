"""A token set in the making: rows of tokens to shards, what is known of them to records."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save as serialized

from pixace.data import parallel_encoding, splits
from pixace.data.shards import File, Split, Writer, seal
from pixace.data.splits import NEITHER, SPLITS, Part, Survey
from pixace.data.token_set import LEARNED, RECORDS, TokenSet, open_set
from pixace.data.token_set_header import FORMAT, HEADER, Header, Origin
from pixace.errors import ImageError, SourceError
from pixace.images import loader, palette_png
from pixace.runtime.progress import progress_bar
from pixace.storage import sealed
from pixace.storage.atomic import whole

if TYPE_CHECKING:
    from pixace.tokenizers import Tokenizer

MAX_NAMED = 100  # skipped pictures that are named; the rest are only counted
BLOCK_TOKENS = 1 << 20  # tokens that change places at a time


def write(
    survey: Survey,
    out: Path,
    tokenizer: "Tokenizer",
    *,
    fit: str = "crop",
    background: tuple[int, int, int] = (255, 255, 255),
    alpha: str = "blend",
    exact: bool = False,
    strict: bool = False,
    workers: int | None = None,
    progress: bool = False,
) -> TokenSet:
    """Makes a token set of all pictures of a source.

    Pictures that cannot be read are left out; the header counts and names them. Pictures that are
    marked as test are left out, those marked as validation are held out, and where none is marked
    so a share of the others is: whole groups, at least one if there are two. Rows that are equal
    are never on both sides.

    Args:
      survey: the pictures, and which of them are held out.
      out: the folder to make; the caller has refused one that exists. It does not until all is
        done.
      tokenizer: how pictures become rows.
      fit: crop, pad or another, as `pixace.images.loader.load` takes it.
      background: RGB below transparent pictures, 0..255.
      alpha: blend or threshold, likewise.
      exact: leave out pictures that would lose a colour or a pixel.
      strict: stop at the first picture that cannot be read.
      workers: processes; None takes all cores, and just this process for small sources.
      progress: show a bar on stderr, if that is a terminal.

    Returns:
      The set, opened.

    Raises:
      ImageError: `strict`, and a picture cannot be read.
      SourceError: there are no pictures, or none that can be read.
      PixaceError: there is no such fit or alpha, the disk is full, or a worker died.
    """
    parts = survey.parts
    unread = [reason for part in parts for reason in part.unread]
    with whole(out) as draft:
        draft.mkdir()
        with Draft(draft, tokenizer, described=any(part.described for part in parts)) as rows:
            for part in parts:
                encoder = parallel_encoding.Encoder(
                    part.source, tokenizer, fit, background, alpha, exact
                )
                encoded = parallel_encoding.encode(encoder, part.wanted, workers=workers)
                with closing(encoded) as chunks:
                    rows.extend(_with_bar(chunks, part, progress), part, strict)
            places = splits.settle(parts)
            files = rows.finish(parts, places)
        given = survey.validation is not None or splits.obeyed(parts, places)
        if tokenizer.arrays:
            (draft / LEARNED).write_bytes(serialized(dict(tokenizer.arrays)))
            files.append(seal(draft / LEARNED, 0))
        header = Header(
            format=FORMAT,
            tokenizer=tokenizer.spec,
            origin=Origin.of(survey.source),
            validation=None if survey.validation is None else Origin.of(survey.validation),
            validation_fraction=0.0 if given else survey.fraction,
            fit=fit,
            background=background,
            fitting=loader.FITTING,
            splits={split: writer.rows for split, writer in rows.writers.items()},
            files=tuple(files),
            skipped=rows.skipped,
            skipped_first=tuple(rows.skipped_first),
            unread=len(unread),
            unread_first=tuple(unread[:MAX_NAMED]),
            marked=splits.marked(parts),
            left_out=splits.left_out(parts, places),
            repeated=splits.repeated(parts, places),
            alpha=alpha,
            notes=tuple(line for part in parts for line in getattr(part.source, "notes", ())),
        )
        if palette := palette_png.palette_of(tokenizer):
            palette_png.save_strip(draft / palette_png.STRIP, palette)
        text = sealed.dumps(asdict(header), indent=1)
        (draft / HEADER).write_text(text + "\n", encoding="utf-8")
    return open_set(out)


class Draft:
    """A set in the making; as a context it closes its files.

    Attributes:
      writers: one for each split.
      skipped: pictures that could not be read.
      skipped_first: the first of them, "NAME: reason".
    """

    def __init__(self, folder: Path, tokenizer: "Tokenizer", *, described: bool) -> None:
        self.skipped = 0
        self.skipped_first: list[str] = []
        self._folder = folder
        self._length, self._vocab = tokenizer.length, tokenizer.vocab_size
        self._dtype = parallel_encoding.smallest_type(tokenizer.vocab_size)
        self.writers = self._new_writers()
        self._records = (folder / RECORDS).open("w", encoding="utf-8") if described else None
        self._files = ExitStack()

    def _new_writers(self) -> dict[str, Writer]:
        return {each: Writer(self._folder, each, self._length, self._dtype) for each in SPLITS}

    def __enter__(self) -> "Draft":
        for file in (*self.writers.values(), self._records):
            if file is not None:
                self._files.enter_context(file)
        return self

    def __exit__(self, *why: object) -> None:
        self._files.close()

    def extend(self, chunks: Iterable[parallel_encoding.Chunk], part: Part, strict: bool) -> None:
        """Adds all pictures of one source that are wanted; tells the part which were read.

        Raises:
          ImageError: `strict`, and a picture cannot be read.
          SourceError: none can be read.
        """
        for chunk in chunks:
            if strict and chunk.bad:
                raise ImageError(chunk.bad[0])
            self.skipped += len(chunk.bad)
            self.skipped_first += chunk.bad[: MAX_NAMED - len(self.skipped_first)]
            numbers = [row.number for row in chunk.rows]
            part.read[numbers] = True
            part.rows[numbers] = [_hash(row) for row in chunk.tokens]
            self._append(chunk.tokens, part.places[numbers])
            if self._records is not None:
                for row, place in zip(chunk.rows, part.places[numbers].tolist(), strict=True):
                    line = {"split": SPLITS[place], **row._asdict()}
                    del line["number"]
                    self._records.write(json.dumps(line, ensure_ascii=False) + "\n")

        if not part.read.any():
            raise SourceError(
                f"none of the {len(part.wanted):,} pictures of {part.source.spec} can be read; "
                f"one of them: {self.skipped_first[-1]}"
            )

    def _append(self, tokens: np.ndarray, places: np.ndarray) -> None:
        for place, split in enumerate(SPLITS):
            self.writers[split].append(tokens[places == place])

    def finish(self, parts: Sequence[Part], places: Sequence[np.ndarray]) -> list[File]:
        """Completes all files; returns them.

        Args:
          parts: what was added, in that order.
          places: where their pictures belong after all; for each part uint8 (pictures,).
        """
        files = self._finished()
        before = np.concatenate([part.places[part.read] for part in parts])
        after = np.concatenate(
            [place[part.read] for part, place in zip(parts, places, strict=True)]
        )
        if self._records is not None:
            self._records.close()
        if (before != after).any():
            files = self._moved(files, before, after)
        if self._records is not None:
            files.append(seal(self._folder / RECORDS, sum(file.rows for file in files)))
        return files

    def _finished(self) -> list[File]:
        return [file for writer in self.writers.values() for file in writer.finish()]

    def _moved(self, files: list[File], before: np.ndarray, after: np.ndarray) -> list[File]:
        """Writes all files once more, with rows in other places; needs room for both.

        Args:
          files: the shards.
          before: uint8 (rows,), where they are, in the source's order.
          after: uint8 (rows,), where they belong.
        """
        old = self._folder / "old"
        old.mkdir()
        for file in files:
            (self._folder / file.name).rename(old / file.name)
        self.writers = self._new_writers()
        for writer in self.writers.values():
            self._files.enter_context(writer)
        rows = [
            Split(
                old,
                tuple(file for file in files if file.name.startswith(f"{split}-")),
                self._length,
                self._vocab,
            )
            for split in SPLITS
        ]
        taken = [0] * len(SPLITS)
        step = max(1, BLOCK_TOKENS // self._length)
        for start in range(0, len(before), step):
            here = before[start : start + step]
            tokens = np.empty((len(here), self._length), self._dtype)
            for place, split in enumerate(rows):
                end = taken[place] + int((here == place).sum())
                tokens[here == place] = split.rows(range(taken[place], end))
                taken[place] = end
            self._append(tokens, after[start : start + step])
        if self._records is not None:
            self._move_records(old, after)
        finished = self._finished()
        shutil.rmtree(old)
        return finished

    def _move_records(self, old: Path, after: np.ndarray) -> None:
        (self._folder / RECORDS).rename(old / RECORDS)
        with (
            (old / RECORDS).open(encoding="utf-8") as lines,
            (self._folder / RECORDS).open("w", encoding="utf-8") as file,
        ):
            for line, place in zip(lines, after.tolist(), strict=True):
                if place != NEITHER:
                    record = json.loads(line) | {"split": SPLITS[place]}
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _hash(row: np.ndarray) -> int:
    return int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")


def _with_bar(
    chunks: Iterable[parallel_encoding.Chunk], part: Part, progress: bool
) -> Iterator[parallel_encoding.Chunk]:
    """Passes chunks on and shows how far they are."""
    work, total = part.source.spec, len(part.wanted)
    with progress_bar(work, total, " pictures", progress=progress, leave=True) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(len(chunk.rows) + len(chunk.bad))
