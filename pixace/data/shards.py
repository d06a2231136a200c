"""Rows of tokens on disk: `.npy` files of 65,536 rows, written row by row, read as memory maps."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from pixace.errors import TokenError

if TYPE_CHECKING:
    from pixace.arrays import Tokens

SHARD_ROWS = 65_536


@dataclass(frozen=True)
class File:
    """One file of a token set, as it was when it was written."""

    name: str
    rows: int
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w.-]*", self.name):  # it stands in the folder itself
            raise ValueError(f"{self.name!r} is no name of a file")

    def checked(self, folder: Path) -> Path:
        """Where it is in a folder; reads every byte.

        Raises:
          TokenError: it has changed since, or is gone.
        """
        path = folder / self.name
        try:
            same = sha256(path) == self.sha256
        except OSError as why:
            raise TokenError(f"{path} cannot be read ({why}); make the token set again") from why
        if not same:
            raise TokenError(
                f"{path} is damaged: its checksum is another; make the token set again"
            )
        return path


def seal(path: Path, rows: int) -> File:
    """Describes a file that is complete."""
    return File(path.name, rows, path.stat().st_size, sha256(path))


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Writer:
    """Writes the shards of one split; as a context it closes what is open.

    Attributes:
      rows: written so far.
    """

    def __init__(
        self, folder: Path, split: str, length: int, dtype: np.dtype, shard_rows: int = SHARD_ROWS
    ) -> None:
        self.rows = 0
        self._folder, self._split, self._length, self._dtype = folder, split, length, dtype
        self._shard_rows = shard_rows
        self._done: list[File] = []
        self._file: BinaryIO | None = None
        self._filled = 0  # rows in that file

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, tokens: np.ndarray) -> None:
        """Adds rows, (n, length), at the end."""
        while len(tokens):
            if self._file is None:
                path = self._folder / f"{self._split}-{len(self._done):05d}.npy"
                self._file = path.open("wb")
                self._head(self._file)
            part = tokens[: self._shard_rows - self._filled]
            self._file.write(np.ascontiguousarray(part, self._dtype).data)
            self._filled += len(part)
            self.rows += len(part)
            tokens = tokens[len(part) :]
            if self._filled == self._shard_rows:
                self._complete(self._file)

    def finish(self) -> list[File]:
        """Completes the last shard; returns all of them, in order."""
        if self._file is not None:
            self._complete(self._file)
        return self._done

    def _head(self, file: BinaryIO) -> None:
        """Writes NumPy's header, which is as long for any number of rows."""
        shape = (self._filled, self._length)
        head = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, head)

    def _complete(self, file: BinaryIO) -> None:
        file.seek(0)
        self._head(file)
        file.close()
        self._done.append(seal(Path(file.name), self._filled))
        self._file, self._filled = None, 0


@dataclass(frozen=True)
class Split:
    """The rows of one split: a read-only sequence.

    Attributes:
      folder: where its shards are.
      files: the shards, in order; each is checked when it is first read.
      length: tokens of a row.
      vocab: how many ids there are.
    """

    folder: Path
    files: tuple[File, ...]
    length: int
    vocab: int

    def __len__(self) -> int:
        return self._ends[-1] if self.files else 0

    @cached_property
    def _ends(self) -> list[int]:
        """For each shard, the rows up to and including it."""
        return [*accumulate(file.rows for file in self.files)]

    @cached_property
    def _shards(self) -> dict[int, np.ndarray]:
        """Those that have been read, by their number."""
        return {}

    def _shard(self, number: int) -> np.ndarray:
        if number not in self._shards:
            file = self.files[number]
            path = file.checked(self.folder)
            tokens = np.load(path, mmap_mode="r")
            if tokens.shape != (file.rows, self.length) or tokens.max() >= self.vocab:
                raise TokenError(f"{path} is of another set; make the token set again")
            self._shards[number] = tokens
        return self._shards[number]

    def rows(self, indices: Sequence[int] | np.ndarray) -> "Tokens":
        """Int32 (n, length): the rows at `indices`, in that order; reads only their pages.

        Raises:
          IndexError: an index is not in 0..len-1.
          TokenError: a shard is damaged.
        """
        indices = np.asarray(indices, dtype=np.int64)
        if len(indices) and not (indices.min() >= 0 and indices.max() < len(self)):
            raise IndexError(f"rows are 0..{len(self) - 1}")
        rows = np.empty((len(indices), self.length), np.int32)
        where = np.searchsorted(self._ends, indices, side="right")
        for number in np.unique(where).tolist():
            here, tokens = where == number, self._shard(number)
            rows[here] = tokens[indices[here] - (self._ends[number] - len(tokens))]
        return rows
