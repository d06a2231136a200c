"""Trains a codebook, encoder, codes and decoder: the task that `fit` is given, what comes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from pixace import tokenizers
from pixace.arrays import Images
from pixace.data.batches import Batches
from pixace.data.token_set import TokenSet
from pixace.errors import ConfigError
from pixace.evaluation.distortion import psnr
from pixace.models.pixel_values import PEAK
from pixace.models.vqvae import Network
from pixace.runs import model_file
from pixace.runs.run_folder import Run
from pixace.storage import pytrees
from pixace.tokenizers import vq
from pixace.training import optimizers, schedules
from pixace.training.codebook_evaluator import CodebookEvaluator, is_grey, spread_over, usage
from pixace.training.codebook_step import (
    Measures,
    Objective,
    State,
    Weights,
    first_state,
    make_step,
)
from pixace.training.fit import fit
from pixace.training.outcome import CodebookOutcome
from pixace.training.settings import CodebookSettings

SAMPLE = 512  # pictures from which the variance is taken
FIRST = 32  # of these, from which the first codes are taken


def train(data: TokenSet, run: Run, settings: CodebookSettings) -> CodebookOutcome:
    """Trains until all steps are done or the user stops it; goes on from the last checkpoint.

    Args:
      data: pictures as they are, from a `raw` tokenizer; the `validation` part judges, or the
        `train` part where there is none.
      run: folder that gets everything.
      settings: how.

    Raises:
      ConfigError: there are no pictures to train on, or all steps are done.
      TokenError: there are too few codes, or the size cannot be downsampled so.
      NotFiniteError: the loss became infinite or not a number.
      PixaceError: the disk is full.
    """
    if not len(data.split("train")):
        raise ConfigError(f"{data.path} has no pictures to train on")
    vq.check(data.tokenizer.size, settings.downsample, settings.codes)
    fitted = fit(CodebookTask(data, settings), run, settings)
    used = fitted.last.get("train_usage")
    return CodebookOutcome(
        run=run,
        step=fitted.step,
        steps=settings.steps,
        stopped=fitted.step < settings.steps,
        psnr=fitted.best,
        held_out=fitted.held_out,
        codes=settings.codes,
        used=None if used is None else round(used * settings.codes),
        perplexity=fitted.last.get("train_perplexity"),
        pictures_per_second=fitted.per_second,
    )


class CodebookTask:
    """A codebook, as `Task` wants it."""

    command, unit, dtype = "codebook", "pictures", "float32"

    def __init__(self, data: TokenSet, settings: CodebookSettings) -> None:
        """As `train`."""
        self.units = settings.batch_size
        self.rate = schedules.by_name(
            settings.schedule,
            peak=settings.learning_rate,
            warmup_steps=settings.warmup_steps,
            steps=settings.steps,
        )
        grey = all(is_grey(data, split) for split in ("train", "validation"))
        self._network = Network(
            settings.downsample, 1 if grey else 3, settings.width, settings.blocks, settings.dim
        )
        self.evaluator = CodebookEvaluator(
            data, self._network, settings.evaluate_pictures, settings.shown
        )
        self._data, self._codes = data, settings.codes
        self._batches = Batches(data.split("train"), settings.batch_size, settings.seed)
        self._sample = spread_over(data, "train", SAMPLE)
        self._objective = Objective(
            network=self._network,
            variance=float(np.var(self._sample[..., : self._network.channels] / 127.5)) + 1e-4,
            beta=settings.beta,
            by_average=settings.update == "ema",
            decay=settings.decay,
            revive=settings.revive,
            sharpness=settings.sharpness,
            discriminator_weight=settings.discriminator,
            discriminator_from=settings.discriminator_from,
        )
        self._optimizer = optimizers.by_name("adam", clip=settings.clip)
        self._step = make_step(self._objective, self._optimizer, self.rate)
        self._first_key, self._step_key = jax.random.split(jax.random.key(settings.seed))

    @property
    def about(self) -> str:
        """How many codes, and how many pictures there are."""
        return f"{self._codes:,} codes learn {len(self._data.split('train')):,} pictures"

    def first_state(self) -> State:
        """New weights, and codes that are encoder outputs of some pictures."""
        few = self._sample[:: max(1, len(self._sample) // FIRST)]
        return first_state(self._objective, self._optimizer, self._codes, few, self._first_key)

    def mended(self, flat: dict[str, Any], first: State) -> dict[str, Any]:
        """With a discriminator, a new one if there was none; or without."""
        wanted = pytrees.flatten(first)
        old, new = (
            {name for name in each if name.startswith("discriminator")} for each in (flat, wanted)
        )
        own = {name: leaf for name, leaf in flat.items() if name in new or name not in old}
        return own | {name: wanted[name] for name in new - old}

    def batch(self, step: int) -> Images:
        """Pictures."""
        return self._data.tokenizer.decode(self._batches.batch(step).tokens)

    def pictures(self, batch: Images) -> Images:
        """They are what a batch is."""
        return batch

    def step(self, state: State, batch: Images) -> tuple[State, Measures]:
        """One optimiser step."""
        return self._step(state, batch, self._step_key)

    def derived(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The squared error in dB."""
        return {"psnr": psnr(numbers["squared_error"], PEAK)}

    def shown(self, numbers: Mapping[str, float]) -> str:
        """The squared error in dB."""
        return f"{numbers['psnr']:.2f} dB"

    def weights(self, state: State) -> Weights:
        """Encoder, codes and decoder."""
        return state.weights

    def keep(self, run: Run, weights: Weights, **changes: Any) -> None:
        """As the arrays of the tokenizer that they are."""
        arrays = {name: np.asarray(each) for name, each in pytrees.flatten(weights).items()}
        net = self._network
        tokenizer = vq.VQTokenizer(
            size=self._data.tokenizer.size,
            downsample=net.downsample,
            codes=self._codes,
            channels=net.channels,
            width=net.width,
            blocks=net.blocks,
            dim=net.dim,
            order="raster",
            id=vq.digest(arrays),
            arrays=arrays,
        )
        model_file.keep(run, {}, arrays, tokenizer=tokenizer.spec, **changes)

    def kept(self, run: Run) -> tuple[Weights, int]:
        """Encoder, codes and decoder, on the device."""
        flat, described = model_file.read(run.path)
        codes = jax.ShapeDtypeStruct((self._codes, self._network.dim), np.float32)
        like = {**self._network.shapes, "codes": codes}
        return pytrees.unflatten(model_file.parted(flat)[1], like), described.step

    def verdict(self, lines: Sequence[Mapping[str, float]]) -> str | None:
        """None: a codebook cannot learn pictures by heart."""
        return None

    def last_numbers(self, run: Run) -> dict[str, float]:
        """How the best codebook's codes are used by the training pictures."""
        flat, described = model_file.read(run.path)
        best = tokenizers.by_spec(described.tokenizer or "", model_file.parted(flat)[1])
        return {f"train_{name}": number for name, number in usage(best, self._data).items()}
