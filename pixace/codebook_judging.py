"""Judges a codebook in training: how near pictures come back, and how many codes are used."""

import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from pixace import modelfile, tokenizers, trees
from pixace.arrays import Images
from pixace.codebook_step import State, reconstruct
from pixace.collage import collage, save_png
from pixace.metrics import MetricsLog
from pixace.models import quantizer
from pixace.models.pictures import psnr, to_bytes, to_floats
from pixace.models.vqvae import Network
from pixace.runs import MODEL, Run
from pixace.tokenizers import vq
from pixace.tokenset import TokenSet

COUNTED = 8192  # training pictures, at most, over which the use of codes is counted at the end


class Judge:
    """Evaluates: squared error, use of codes, a picture, and the codebook when it is the best."""

    def __init__(
        self, data: TokenSet, run: Run, network: Network, pictures: int, shown: int
    ) -> None:
        self._data, self._run, self._network, self._shown = data, run, network, shown
        self._split = "validation" if len(data.split("validation")) else "train"
        self._count = min(pictures, len(data.split(self._split)))
        self._part = jax.jit(self._measured)

    def _measured(self, weights: Any, images: Any) -> Any:
        """Per picture the squared error; the ids; the reconstructions as bytes."""
        made, ids = reconstruct(self._network, weights, images)
        real = to_floats(images, self._network.channels)
        bytes_ = to_bytes(made)
        seen = to_floats(bytes_, self._network.channels)  # rounded and cut off as in a file
        return jnp.square(seen - real).mean((1, 2, 3)), ids, bytes_

    def __call__(self, done: int, state: State, log: MetricsLog, bar: tqdm) -> float:
        """The squared error over the validation pictures, in -1 … 1."""
        errors, back = [], []
        uses = np.zeros(len(state.counts), np.int64)
        for images, real in parts(self._data, self._split, self._count):
            error, ids, made = self._part(state.weights, images)
            errors.append(np.asarray(error)[:real])
            uses += np.bincount(np.asarray(ids)[:real].ravel(), minlength=len(uses))
            back.append(np.asarray(made)[:real])
        squared_error = float(np.concatenate(errors).mean(dtype=np.float64))
        decibels = float(psnr(jnp.float32(squared_error)))
        alive = np.count_nonzero(uses) / len(uses)
        log.write(
            done,
            validation_squared_error=squared_error,
            validation_psnr=decibels,
            validation_usage=alive,
            validation_perplexity=float(quantizer.perplexity(jnp.float32(uses))),
        )
        if self._shown:
            self._show(done, np.concatenate(back), decibels, log)
        best = self._run.description.best_loss
        if best is None or squared_error < best:
            self._save(state, step=done, best_loss=squared_error)
        bar.write(
            f"step {done:,}: validation PSNR {decibels:.2f} dB, {alive:.0%} of the codes used",
            file=sys.stderr,
        )
        return squared_error

    def _show(self, done: int, made: Images, decibels: float, log: MetricsLog) -> None:
        """Originals above, reconstructions below, in pairs of rows."""
        chosen = np.unique(np.linspace(0, len(made) - 1, min(self._shown, len(made))).astype(int))
        real = self._data.tokenizer.decode(self._data.split(self._split).rows(chosen))
        columns = min(8, len(chosen))
        cells: list[Any] = []
        for start in range(0, len(chosen), columns):
            for rows in (real, made[chosen]):
                row = list(rows[start : start + columns])
                cells += row + [None] * (columns - len(row))
        title = f"originals, and below each what comes back of it: PSNR {decibels:.2f} dB"
        picture = collage(cells, columns=columns, title=title)
        save_png(self._run.path / "samples" / f"{done:06d}.png", picture, {"step": done})
        log.picture(done, "reconstructions", picture)

    def keep_something(self, state: State) -> None:
        """A run that was stopped before its first evaluation still gets a codebook to try."""
        if not (self._run.path / MODEL).exists():
            self._save(state)

    def usage(self, log: MetricsLog, done: int) -> tuple[int, float]:
        """How many codes the training pictures use, by the best codebook, and their perplexity."""
        flat, description = modelfile.read(self._run.path)
        best = tokenizers.by_spec(description.tokenizer, modelfile.parted(flat)[1])
        count = min(COUNTED, len(self._data.split("train")))
        uses = np.zeros(best.vocab_size, np.int64)
        for images, real in parts(self._data, "train", count):
            uses += np.bincount(best.encode(images[:real]).ravel(), minlength=best.vocab_size)
        used = int(np.count_nonzero(uses))
        puzzle = float(quantizer.perplexity(jnp.float32(uses)))
        share = used / (best.vocab_size - vq.FIRST_CODE)
        log.write(done, train_usage=share, train_perplexity=puzzle)
        return used, puzzle

    def _save(self, state: State, **changes: Any) -> None:
        arrays = {name: np.asarray(each) for name, each in trees.flatten(state.weights).items()}
        net = self._network
        tokenizer = vq.VQTokenizer(
            size=self._data.tokenizer.size,
            downsample=net.downsample,
            codes=len(state.counts),
            channels=net.channels,
            width=net.width,
            blocks=net.blocks,
            dim=net.dim,
            order="raster",
            id=vq.digest(arrays),
            arrays=arrays,
        )
        described = self._run.describe(tokenizer=tokenizer.spec, **changes)
        modelfile.save(self._run.path / MODEL, {}, described, arrays)


def spread_over(data: TokenSet, split: str, count: int) -> Images:
    """At most `count` pictures of a split, taken evenly from all."""
    rows = data.split(split)
    chosen = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)
    return data.tokenizer.decode(rows.rows(chosen))


def parts(data: TokenSet, split: str, count: int, size: int = 32) -> Iterator[tuple[Images, int]]:
    """The first pictures of a split, always `size` at a time, and how many of these are real."""
    for start in range(0, count, size):
        rows = data.split(split).rows(np.arange(start, min(start + size, count)))
        images = data.tokenizer.decode(rows)
        short = size - len(images)
        yield np.pad(images, ((0, short), (0, 0), (0, 0), (0, 0))), len(images)


def is_grey(data: TokenSet, split: str) -> bool:
    """Whether red, green and blue are equal everywhere."""
    return all(
        (images == images[..., :1]).all()
        for images, _ in parts(data, split, len(data.split(split)), 256)
    )
