"""Numbers of a training: their units, and where they are written."""

import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any, Self


def bits_per_pixel(nats_per_token: float, length: int, pixels: int) -> float:
    """The cost of a picture in bits, spread over its pixels.

    Args:
      nats_per_token: mean negative log-likelihood, natural logarithm.
      length: tokens of one picture.
      pixels: pixels of one picture, not counted by channel.
    """
    return nats_per_token / math.log(2) * length / pixels


class MetricsLog:
    """Appends to `metrics.jsonl`, one object a line, and to TensorBoard's event file.

    A training that is resumed may have logged steps after its last checkpoint; those lines are
    dropped, for these steps will be done, and logged, again.
    """

    def __init__(self, folder: Path, *, since: int = 0, tensorboard: bool = True) -> None:
        self._path = folder / "metrics.jsonl"
        if self._path.exists():
            lines = read(self._path)
            kept = [json.dumps(line) + "\n" for line in lines if line["step"] <= since]
            self._path.write_text("".join(kept), encoding="utf-8")
        self._file = self._path.open("a", encoding="utf-8")
        self._board: Any = None
        if tensorboard:
            from tensorboardX import SummaryWriter

            self._board = SummaryWriter(
                str(folder / "tensorboard"), purge_step=since + 1 if since else None
            )

    def write(self, step: int, **numbers: float) -> None:
        """One line: the step and its numbers."""
        self._file.write(json.dumps({"step": step, **numbers}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, number in numbers.items():
                self._board.add_scalar(name, number, step)

    def picture(self, step: int, name: str, picture: Any) -> None:
        """Shows a picture, uint8 `(height, width, 3)`, in TensorBoard."""
        if self._board is not None:
            self._board.add_image(name, picture, step, dataformats="HWC")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()


def read(path: Path) -> list[dict[str, float]]:
    """The lines of a `metrics.jsonl`; a last line that a crash cut short is left out."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines
