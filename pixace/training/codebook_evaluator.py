"""Judges a codebook in training: how near pictures come back, and how many codes are used."""

import math
import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from pixace import tokenizers
from pixace.arrays import Images
from pixace.data.shards import Split
from pixace.data.token_set import TokenSet
from pixace.errors import NotFiniteError
from pixace.evaluation.judged import Judged
from pixace.images.collage import collage
from pixace.images.png import save_png
from pixace.models import vector_quantizer
from pixace.models.pixel_values import psnr, to_bytes, to_floats
from pixace.models.vqvae import Network
from pixace.runs import model_file
from pixace.runs.run_folder import Run
from pixace.spacing import evenly
from pixace.special_tokens import FIRST_ID
from pixace.storage import pytrees
from pixace.tokenizers import vq
from pixace.training.codebook_step import State, reconstruct
from pixace.training.metrics_log import MetricsLog

COUNTED = 8192  # training pictures, at most, over which the use of codes is counted at the end


class Judge:
    """Evaluates: squared error, use of codes, a picture, and the codebook when it is the best."""

    def __init__(
        self, data: TokenSet, run: Run, network: Network, pictures: int, shown: int
    ) -> None:
        self.judged = Judged.of(data, pictures)
        self._data, self._run, self._network, self._shown = data, run, network, shown
        self._part = jax.jit(self._measured)

    def _measured(self, weights: Any, images: Any) -> Any:
        """Per picture the squared error; the ids; the reconstructions as bytes."""
        made, ids = reconstruct(self._network, weights, images)
        real = to_floats(images, self._network.channels)
        bytes_ = to_bytes(made)
        seen = to_floats(bytes_, self._network.channels)  # rounded and cut off as in a file
        return jnp.square(seen - real).mean((1, 2, 3)), ids, bytes_

    def __call__(self, done: int, state: State, log: MetricsLog, bar: tqdm) -> float:
        """The squared error over the pictures that are judged, in -1 … 1.

        Raises:
          NotFiniteError: it is not finite, or the weights are not; nothing is kept of them.
        """
        squared_error, uses, back = self._looked_at(state.weights, done)
        decibels = float(psnr(jnp.float32(squared_error)))
        alive = np.count_nonzero(uses) / len(uses)
        name = self.judged.name
        numbers = {
            "squared_error": squared_error,
            "psnr": decibels,
            "usage": alive,
            "perplexity": float(vector_quantizer.perplexity(jnp.float32(uses))),
        }
        log.write(done, **{f"{name}_{what}": number for what, number in numbers.items()})
        if self._shown:
            self._show(done, back, decibels, log)
        best = self._run.description.best_loss
        if best is None or squared_error < best:
            self._keep(state.weights, step=done, best_loss=squared_error)
        bar.write(
            f"step {done:,}: {name} PSNR {decibels:.2f} dB, {alive:.0%} of the codes used",
            file=sys.stderr,
        )
        return squared_error

    def _looked_at(self, weights: Any, done: int) -> tuple[float, np.ndarray, Images]:
        """The squared error, how often each code is used, and what comes back of the pictures."""
        errors, back = [], []
        uses = np.zeros(len(weights["codes"]), np.int64)
        split = self._data.split(self.judged.part)
        for images, real in parts(self._data, split, evenly(len(split), self.judged.pictures)):
            error, ids, made = self._part(weights, images)
            errors.append(np.asarray(error)[:real])
            uses += np.bincount(np.asarray(ids)[:real].ravel(), minlength=len(uses))
            back.append(np.asarray(made)[:real])
        squared_error = float(np.concatenate(errors).mean(dtype=np.float64))
        if not math.isfinite(squared_error):
            raise NotFiniteError(
                f"{self.judged.name} error became {squared_error} by step {done:,}"
            )
        return squared_error, uses, np.concatenate(back)

    def _show(self, done: int, made: Images, decibels: float, log: MetricsLog) -> None:
        """Originals above, reconstructions below, in pairs of rows."""
        chosen = evenly(len(made), self._shown)
        split = self._data.split(self.judged.part)
        rows = evenly(len(split), self.judged.pictures)[chosen]
        real = self._data.tokenizer.decode(split.rows(rows))
        columns = min(8, len(chosen))
        cells: list[Any] = []
        for start in range(0, len(chosen), columns):
            for pictures in (real, made[chosen]):
                row = list(pictures[start : start + columns])
                cells += row + [None] * (columns - len(row))
        title = f"originals, and below each what comes back of it: PSNR {decibels:.2f} dB"
        picture = collage(cells, columns=columns, title=title)
        save_png(self._run.path / "samples" / f"{done:06d}.png", picture, {"step": done})
        log.picture(done, "reconstructions", picture)

    def compare_alike(self, like: Any) -> None:
        """Judges the best codebook so far anew, if that was done on other pictures.

        Args:
          like: weights of its shape.
        """
        before = self._run.description
        if before.best_loss is None or before.judged == self.judged.as_dict():
            return
        flat, described = model_file.read(self._run.path)
        weights = pytrees.unflatten(model_file.parted(flat)[1], like)
        squared_error, _, _ = self._looked_at(weights, described.step)
        self._keep(weights, step=described.step, best_loss=squared_error)

    def keep_something(self, state: State, done: int) -> None:
        """A run that was stopped before its first evaluation still gets a codebook to try."""
        if self._run.description.best_loss is None:
            self._keep(state.weights, step=done)

    def usage(self, log: MetricsLog, done: int) -> tuple[int, float]:
        """How many codes the training pictures use, by the best codebook, and their perplexity."""
        flat, description = model_file.read(self._run.path)
        best = tokenizers.by_spec(description.tokenizer, model_file.parted(flat)[1])
        split = self._data.split("train")
        uses = np.zeros(best.vocab_size, np.int64)
        for images, real in parts(self._data, split, evenly(len(split), COUNTED)):
            uses += np.bincount(best.encode(images[:real]).ravel(), minlength=best.vocab_size)
        used = int(np.count_nonzero(uses))
        puzzle = float(vector_quantizer.perplexity(jnp.float32(uses)))
        share = used / (best.vocab_size - FIRST_ID)
        log.write(done, train_usage=share, train_perplexity=puzzle)
        return used, puzzle

    def _keep(self, weights: Any, **changes: Any) -> None:
        arrays = {name: np.asarray(each) for name, each in pytrees.flatten(weights).items()}
        net = self._network
        tokenizer = vq.VQTokenizer(
            size=self._data.tokenizer.size,
            downsample=net.downsample,
            codes=len(weights["codes"]),
            channels=net.channels,
            width=net.width,
            blocks=net.blocks,
            dim=net.dim,
            order="raster",
            id=vq.digest(arrays),
            arrays=arrays,
        )
        changes |= {"tokenizer": tokenizer.spec, "judged": self.judged.as_dict()}
        model_file.keep(self._run, {}, arrays, **changes)


def spread_over(data: TokenSet, split: str, count: int) -> Images:
    """At most `count` pictures of a split, taken evenly from all."""
    rows = data.split(split)
    return data.tokenizer.decode(rows.rows(evenly(len(rows), count)))


def parts(
    data: TokenSet, split: Split, rows: np.ndarray, size: int = 32
) -> Iterator[tuple[Images, int]]:
    """The pictures of some rows, always `size` at a time, and how many of these are real."""
    for start in range(0, len(rows), size):
        images = data.tokenizer.decode(split.rows(rows[start : start + size]))
        short = size - len(images)
        yield np.pad(images, ((0, short), (0, 0), (0, 0), (0, 0))), len(images)


def is_grey(data: TokenSet, split: str) -> bool:
    """Whether red, green and blue are equal everywhere."""
    rows = data.split(split)
    return all(
        (images == images[..., :1]).all() for images, _ in parts(data, rows, evenly(len(rows)), 256)
    )
