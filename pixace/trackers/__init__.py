"""Trackers: TensorBoard and MLflow, told of a training while it runs.

`metrics.jsonl` and the other files of a run's folder are written whatever is tracked; a tracker
shows the same somewhere else, and its failures never stop a training.
"""

from pixace.errors import ConfigError, unknown
from pixace.trackers import mlflow, tensorboard
from pixace.trackers.tracker import Story, Tracker

KNOWN = ("tensorboard", "mlflow", "none")

__all__ = ["KNOWN", "Story", "Tracker", "check", "opened"]


def check(track: str) -> None:
    """Refuses what cannot be tracked, before anything is begun.

    Args:
      track: as for `opened`.

    Raises:
      ConfigError: a tracker is unknown, or does not go with another.
      MissingError: MLflow is not installed.
    """
    names = _names(track)
    for name in names:
        kind, _, address = name.partition(":")
        if kind not in KNOWN or (address and kind != "mlflow"):
            raise ConfigError(unknown("tracker", name, KNOWN))
        if kind == "mlflow":
            mlflow.check(address)
    if "none" in names and len(names) > 1:
        raise ConfigError(f"cannot track {track!r}: none means no tracker at all; leave it out")
    if sum(name.startswith("mlflow") for name in names) > 1:
        raise ConfigError(f"cannot track {track!r}: one MLflow at a time")


def opened(track: str, story: Story) -> list[Tracker]:
    """The trackers of a training that begins, or goes on.

    Args:
      track: `tensorboard`, `mlflow`, `mlflow:ADDRESS` of a server, `none`, or several of them
        with commas between.
      story: what is trained, and where.

    Raises:
      ConfigError: a tracker is unknown, or does not go with another.
      MissingError: MLflow is not installed.
    """
    check(track)
    trackers: list[Tracker] = []
    for name in _names(track):
        kind, _, address = name.partition(":")
        if kind == "tensorboard":
            trackers.append(tensorboard.TensorBoard(story))
        elif kind == "mlflow":
            trackers.append(mlflow.Mlflow(story, address))
    return trackers


def _names(track: str) -> list[str]:
    """Each name once, in the order given."""
    return list(dict.fromkeys(name.strip() for name in track.split(",")))
