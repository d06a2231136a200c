"""How a training ended: what the trainings of all kinds say, and how they say it as JSON."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pixace.runs.run_folder import Run


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a training ended.

    Attributes:
      run: where everything is.
      step: optimiser steps done.
      steps: optimiser steps planned; fewer are done after Ctrl-C or SIGTERM.
      stopped: whether such a signal ended it.
      held_out: whether the best model was judged on pictures that were held out.
    """

    run: Run
    step: int
    steps: int
    stopped: bool
    held_out: bool

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON takes it, places as text."""
        return {each.name: _as_json(getattr(self, each.name)) for each in fields(self)}


@dataclass(frozen=True, kw_only=True)
class LmOutcome(Outcome):
    """How the training of a language model ended.

    Attributes:
      loss: nats per token on what is judged, of the best model; None before any evaluation.
      bits_per_pixel: the same in bits per pixel.
      tokens_per_second: median over the log's lines of this process, without compilation.
      verdict: whether it still learns, in words; None where nothing was held out to tell by.
      advice: what to do next, likewise.
      collage: pictures drawn by the best model, a PNG; None before the end.
    """

    loss: float | None
    bits_per_pixel: float | None
    tokens_per_second: float | None
    verdict: str | None
    advice: str | None
    collage: Path | None = None


@dataclass(frozen=True, kw_only=True)
class CodebookOutcome(Outcome):
    """How the training of a codebook ended.

    Attributes:
      psnr: dB between what is judged and its reconstructions by the best codebook.
      codes: how many there are.
      used: how many of them the training pictures use; None before the end.
      perplexity: of the codes over the training pictures; None before the end.
      pictures_per_second: median over the log's lines of this process, without compilation.
    """

    psnr: float | None
    codes: int
    used: int | None
    perplexity: float | None
    pictures_per_second: float | None


def _as_json(value: Any) -> Any:
    if isinstance(value, Run):
        return str(value.path)
    return str(value) if isinstance(value, Path) else value
