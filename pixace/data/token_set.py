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

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.numpy import load_file, save_file

from pixace import tokenizers
from pixace.data import parallel_encoding, splits
from pixace.data.shards import Split, seal, sha256
from pixace.data.splits import SPLITS
from pixace.data.token_set_header import FORMAT, HEADER, Header, Origin, parsed
from pixace.data.token_set_writer import NAMED, RECORDS, Draft, with_bar
from pixace.errors import PixaceError, TokenError, unknown
from pixace.images import palette_png
from pixace.storage.atomic import expanded, whole

if TYPE_CHECKING:
    from pixace.sources import Source
    from pixace.tokenizers import Tokenizer

LEARNED = "tokenizer.safetensors"


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
        learned = self.path / LEARNED
        return tokenizers.by_spec(
            self.header.tokenizer, load_file(learned) if learned.exists() else None
        )

    def split(self, name: str) -> Split:
        """The rows of `train` or `validation`; a split may be empty."""
        if name not in SPLITS:
            raise TokenError(unknown("split", name, SPLITS))
        shards = [file for file in self.header.files if file.name.startswith(f"{name}-")]
        ends = tuple(itertools.accumulate(file.rows for file in shards))
        return Split(tuple(self.path / file.name for file in shards), ends, self.tokenizer.length)

    def records(self, name: str) -> Iterator[dict[str, str | None]]:
        """What is known of the pictures of a split, one for each row, in order.

        Yields:
          `{"name": …, "caption": …, "label": …}`; nothing at all if the source had neither
          captions nor labels.
        """
        if not (self.path / RECORDS).exists():
            return
        with (self.path / RECORDS).open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record.pop("split") == name:
                    yield record

    def verify(self) -> None:
        """Compares all files with their checksums; reads every byte.

        Raises:
          TokenError: a file has changed; names it.
        """
        for file in self.header.files:
            if sha256(self.path / file.name) != file.sha256:
                raise TokenError(f"{self.path / file.name} has changed; make the token set again")


def is_set(path: Path) -> bool:
    """Whether a folder looks like a token set; `open_set` says what is wrong with one."""
    try:
        return (expanded(path) / HEADER).is_file()
    except OSError:  # nothing that could be looked into
        return False


def open_set(path: Path) -> TokenSet:
    """Opens a token set: reads its header and compares the sizes of its files.

    Raises:
      TokenError: this is no token set, a newer pixace made it, or files are missing or cut short.
    """
    path = expanded(path)
    if not is_set(path):
        raise TokenError(f"{path} is no token set; make one with: pixace tokenize SOURCE {path}")
    try:
        data = json.loads((path / HEADER).read_text(encoding="utf-8"))
        if data["format"] > FORMAT:
            raise TokenError(
                f"{path} was made by a newer pixace (format {data['format']}, this one reads "
                f"{FORMAT}); update pixace or make the token set again"
            )
        header = parsed(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as why:
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


def check(out: Path, fit: str, validation_fraction: float, alpha: str = "blend") -> None:
    """Refuses what `build` would refuse, before any picture is read.

    Raises:
      TokenError: `out` exists.
      PixaceError: a setting makes no sense.
    """
    from pixace.images import loader

    if Path(out).exists():
        raise TokenError(f"{out} exists already; choose another name or remove it")
    loader.check(fit, alpha)
    if not 0 <= validation_fraction < 1:
        raise PixaceError(
            f"a validation fraction of {validation_fraction:g} makes no sense; "
            "it is at least 0 and below 1, such as 0.05"
        )


def build(
    source: "Source",
    out: Path,
    tokenizer: "Tokenizer",
    *,
    fit: str = "crop",
    background: tuple[int, int, int] = (255, 255, 255),
    alpha: str = "blend",
    exact: bool = False,
    validation: "Source | None" = None,
    validation_fraction: float = 0.05,
    strict: bool = False,
    workers: int | None = None,
    progress: bool = False,
) -> TokenSet:
    """Makes a token set of all pictures of a source.

    Pictures that cannot be read are left out; the header counts and names them. Pictures that are
    marked as test are left out, those marked as validation are held out, and where none is marked
    so a share of the others is. Rows that are equal are never on both sides.

    Args:
      source: the pictures.
      out: the folder to make; it must not exist, and does not until all is done.
      tokenizer: how pictures become rows.
      fit: crop, pad or another, as `pixace.images.loader.load` takes it.
      background: RGB below transparent pictures, 0..255.
      alpha: blend or threshold, likewise.
      exact: leave out pictures that would lose a colour or a pixel.
      validation: a source of its own for the validation pictures.
      validation_fraction: without such a source, the share of the pictures to keep for
        validation, 0 <= share < 1. Whole groups are taken, at least one if there are two.
        Pictures that are marked as validation are held out instead, whatever the share.
      strict: stop at the first picture that cannot be read.
      workers: processes; None takes all cores, and just this process for small sources.
      progress: show a bar on stderr, if that is a terminal.

    Returns:
      The set, opened.

    Raises:
      TokenError: `out` exists.
      ImageError: `strict`, and a picture cannot be read.
      SourceError: there are no pictures, or none that can be read.
      PixaceError: a setting makes no sense, the disk is full, or a worker died.
    """
    from pixace.images import loader

    out = Path(out)
    check(out, fit, validation_fraction, alpha)
    parts = [splits.survey(source, validation_fraction if validation is None else None)]
    if validation is not None:
        parts.append(splits.survey(validation, 1.0))
    unread = [reason for part in parts for reason in part.unread]

    with whole(out) as draft:
        draft.mkdir()
        with Draft(draft, tokenizer, described=any(part.described for part in parts)) as rows:
            for part in parts:
                encoder = parallel_encoding.Encoder(
                    part.source, tokenizer, fit, background, alpha, exact
                )
                with closing(
                    parallel_encoding.encode(encoder, part.wanted, workers=workers)
                ) as chunks:
                    rows.extend(with_bar(chunks, part, progress), part, strict)
            places = splits.settle(parts)
            files = rows.finish(parts, places)
        given = validation is not None or splits.obeyed(parts, places)
        if tokenizer.arrays:
            save_file(dict(tokenizer.arrays), draft / LEARNED)
            files.append(seal(draft / LEARNED, 0))
        header = Header(
            format=FORMAT,
            tokenizer=tokenizer.spec,
            origin=Origin.of(source),
            validation=None if validation is None else Origin.of(validation),
            validation_fraction=0.0 if given else validation_fraction,
            fit=fit,
            background=background,
            fitting=loader.FITTING,
            splits={split: writer.rows for split, writer in rows.writers.items()},
            files=tuple(files),
            skipped=rows.skipped,
            skipped_first=tuple(rows.skipped_first),
            unread=len(unread),
            unread_first=tuple(unread[:NAMED]),
            marked=splits.marked(parts),
            left_out=splits.left_out(parts, places),
            repeated=splits.repeated(parts, places),
            alpha=alpha,
            notes=tuple(line for part in parts for line in getattr(part.source, "notes", ())),
        )
        if palette := palette_png.palette_of(tokenizer):
            palette_png.save_strip(draft / palette_png.STRIP, palette)
        text = json.dumps(asdict(header), indent=1)
        (draft / HEADER).write_text(text + "\n", encoding="utf-8")
    return open_set(out)
