"""The pictures of a source as rows of tokens, made by all cores, in the source's order.

Pictures go in chunks to worker processes, few chunks at a time, and results are given out in
order: memory does not grow with the source, and the rows do not depend on the number of workers.
Small sources are read in this process, as starting others would take longer than the work.

Worker processes, not threads: a picture that crashes its decoder takes a worker down and not the
run, and many cores do not queue for one interpreter. What was in work then goes to a worker by
itself, picture by picture, and so one picture is lost. Workers are loky's, which unlike
`multiprocessing` do not run the user's script again.
"""

import itertools
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pixace.errors import ImageError, PixaceError
from pixace.tokenizers.raw import RawTokenizer

if TYPE_CHECKING:
    from pixace.sources import Source
    from pixace.tokenizers import Tokenizer

SMALL = 4096  # pictures: about what one process reads while others start
CHUNK_TOKENS = 1 << 18  # tokens made at a time by one worker
CHUNK_PICTURES = 256  # so that progress shows and a chunk's raw pictures fit in memory
MOST_DEATHS = 16  # of workers; more are no picture's fault
DEADLY = "crashes its decoder, or needs more memory than there is"
ORPHANED = 1.0  # seconds between looks of a worker for who started it

Indices = range | np.ndarray  # numbers of pictures


class EncodedPicture(NamedTuple):
    """What is known of one picture that became a row."""

    number: int  # in the source, from 0
    name: str
    caption: str | None
    label: str | None


class Chunk(NamedTuple):
    """Some consecutive pictures of a source: those that became rows, and those that are bad."""

    rows: list[EncodedPicture]
    tokens: np.ndarray  # (len(rows), length), the smallest unsigned type that fits
    bad: list[str]  # "NAME: reason"


@dataclass(frozen=True)
class Encoder:
    """All that a worker needs to know; it is sent to each of them once."""

    source: "Source"
    tokenizer: "Tokenizer"
    fit: str
    background: tuple[int, int, int]
    alpha: str = "blend"
    exact: bool = False

    def __call__(self, indices: Indices) -> Chunk:
        """Reads pictures and makes tokens of them."""
        from pixace.images import loader

        rows, images, bad = [], [], []
        for i in map(int, indices):
            record = self.source.record(i)
            try:
                raw = self.source.read(i)
                images.append(
                    loader.load(
                        raw,
                        self.tokenizer.size,
                        fit=self.fit,
                        background=self.background,
                        alpha=self.alpha,
                        exact=self.exact,
                        name=record.name,
                    )
                )
            except ImageError as why:
                bad.append(str(why))
            except OSError as why:  # the source could not even hand it out
                bad.append(f"{record.name}: {why.strerror or why}")
            else:
                rows.append(EncodedPicture(i, record.name, record.caption, record.label))
        pixels = np.stack(images) if images else np.empty((0, *self.tokenizer.size, 3), np.uint8)
        tokens = self.tokenizer.encode(pixels)
        return Chunk(rows, tokens.astype(smallest_type(self.tokenizer.vocab_size)), bad)


def smallest_type(vocab_size: int) -> np.dtype:
    """The smallest unsigned type that holds all ids, little-endian."""
    return np.min_scalar_type(vocab_size - 1).newbyteorder("<")


def encode(
    encoder: Encoder, wanted: Indices | None = None, *, workers: int | None = None
) -> Generator[Chunk, None, None]:
    """Yields pictures of the encoder's source, chunk by chunk, in order.

    Args:
      encoder: what to do with each picture.
      wanted: their numbers, rising; None means all.
      workers: processes; 1 works in this one; None takes all cores for all but small sources.

    Raises:
      PixaceError: workers die again and again, which no picture explains; names where.
    """
    import joblib

    if not encoder.tokenizer.parallel:
        yield from _encode_here(encoder, wanted, workers)
        return
    wanted = range(len(encoder.source)) if wanted is None else wanted
    count = len(wanted)
    step = max(1, min(CHUNK_PICTURES, CHUNK_TOKENS // encoder.tokenizer.length))
    chunks = [wanted[start : start + step] for start in range(0, count, step)]
    if workers is None:
        workers = 1 if count <= SMALL else joblib.cpu_count()
    workers = min(workers, len(chunks))
    if workers <= 1:
        yield from map(encoder, chunks)
    else:
        yield from _encode_in_parallel(encoder, chunks, workers)


def _encode_here(
    encoder: Encoder, wanted: Indices | None, workers: int | None
) -> Generator[Chunk, None, None]:
    """Has workers read and fit the pictures, and makes tokens of them in this process."""
    tokenizer, raw = encoder.tokenizer, RawTokenizer(encoder.tokenizer.size)
    with closing(encode(replace(encoder, tokenizer=raw), wanted, workers=workers)) as chunks:
        for chunk in chunks:
            tokens = tokenizer.encode(raw.decode(chunk.tokens))
            yield chunk._replace(tokens=tokens.astype(smallest_type(tokenizer.vocab_size)))


def _encode_in_parallel(
    encoder: Encoder, chunks: list[Indices], workers: int
) -> Generator[Chunk, None, None]:
    """Has chunks made by several workers; those at which one died, again and with care."""
    done, deaths = 0, 0
    while done < len(chunks):
        try:
            with closing(_pooled(encoder, chunks[done:], workers, 2 * workers)) as made:
                for chunk in made:
                    done += 1
                    yield chunk
        except BrokenExecutor as why:  # told by a chunk, or when one more is handed in
            at_work, death = chunks[done : done + 2 * workers], why
        else:
            return
        for indices in at_work:
            chunk, lost = _careful(encoder, indices, MOST_DEATHS - deaths)
            deaths += lost
            if deaths >= MOST_DEATHS:
                raise _died(encoder, at_work[0], at_work[-1]) from death
            done += 1
            yield chunk


def _careful(encoder: Encoder, indices: Indices, most: int) -> tuple[Chunk, int]:
    """A chunk made by one worker, picture by picture, and how many of these it died of.

    Args:
      encoder: what to do.
      indices: the pictures.
      most: deaths after which no more are tried.
    """
    left, parts, deaths = deque(map(int, indices)), [encoder(range(0))], 0
    while left and deaths < most:
        try:
            with closing(_pooled(encoder, [range(i, i + 1) for i in left], 1, 1)) as made:
                for part in made:
                    left.popleft()
                    parts.append(part)
        except BrokenExecutor:
            name, deaths = encoder.source.record(left.popleft()).name, deaths + 1
            parts.append(parts[0]._replace(bad=[f"{name}: {DEADLY}"]))
    rows = [row for part in parts for row in part.rows]
    bad = [line for part in parts for line in part.bad]
    return Chunk(rows, np.concatenate([part.tokens for part in parts]), bad), deaths


def _pooled(
    encoder: Encoder, chunks: list[Indices], workers: int, ahead: int
) -> Generator[Chunk, None, None]:
    """Has chunks made by worker processes.

    Args:
      encoder: what to do.
      chunks: of pictures.
      workers: how many.
      ahead: chunks that are handed in before the first comes back.

    Raises:
      BrokenExecutor: one died.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_equip, initargs=(encoder, os.getpid()))
    waiting, running = iter(chunks), deque[Future]()
    try:
        with _deaf_to_interrupts():
            for chunk in itertools.islice(waiting, ahead):
                running.append(pool.submit(_work, chunk))
        while running:
            made = running.popleft().result()
            for chunk in itertools.islice(waiting, 1):
                running.append(pool.submit(_work, chunk))
            yield made
    finally:
        pool.shutdown(kill_workers=True)


_equipment: list[Encoder] = []  # in a worker process: the encoder it was started with


def _equip(encoder: Encoder, parent: int) -> None:
    """Runs once in each worker: a source may list a million names, too much for each chunk.

    What C libraries say about broken pictures goes nowhere (libtiff fills a screen for one file):
    all that matters comes back as `Chunk.bad`, or as an exception.
    """
    _equipment[:] = [encoder]
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)


def _end_with(parent: int) -> None:
    """Ends this process when the one that started it is gone, even if it was killed."""
    while os.getppid() == parent:
        time.sleep(ORPHANED)
    os._exit(1)


def _work(chunk: Indices) -> Chunk:
    return _equipment[0](chunk)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here ignore Ctrl-C for good: this one ends them, without tracebacks."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say so
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _died(encoder: Encoder, first: Indices, last: Indices) -> PixaceError:
    """The line for a worker that was killed while these chunks were in work."""
    names = [encoder.source.record(i).name for i in (first[0], last[-1])]
    return PixaceError(
        f"a worker process died while reading pictures {first[0]} to {last[-1]} of "
        f"{encoder.source.spec} ({names[0]} to {names[1]}): one of them crashes the decoder, or "
        "memory ran out; move it away, or try again with fewer workers"
    )
