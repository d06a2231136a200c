"""TensorBoard: an event file in the run's folder."""

from pathlib import Path

import numpy as np

from pixace.trackers.tracker import Story


class TensorBoard:
    """Writes numbers and pictures to `tensorboard/` in the run's folder; files stay where they are.

    A training that goes on hides what was written after its last checkpoint.
    """

    def __init__(self, story: Story) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(
            str(story.folder / "tensorboard"), purge_step=story.since + 1 if story.since else None
        )

    def numbers(self, step: int, numbers: dict[str, float]) -> None:
        """One point of a curve for each number."""
        for name, number in numbers.items():
            self._writer.add_scalar(name, number, step)

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Uint8 `(height, width, 3)`."""
        self._writer.add_image(name, picture, step, dataformats="HWC")

    def artifact(self, path: Path) -> None:
        """Nothing: the file is beside TensorBoard's own."""

    def finish(self, status: str) -> None:
        """Closes the file."""
        self._writer.close()
