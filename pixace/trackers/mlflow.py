"""MLflow: parameters, numbers, pictures and files of a training in a store or on a server.

Everything is sent by an outbox, so a server that is slow, gone or wrong costs a training nothing.
Which run of MLflow belongs to a run of pixace, and how far it has come, stands in `mlflow.json`.
"""

import importlib.util
import json
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pixace.errors import ConfigError, MissingError, WebError
from pixace.runtime.addresses import is_address, refuse_offline
from pixace.storage import records
from pixace.storage.atomic import whole
from pixace.trackers.outbox import Outbox, UnreachableError
from pixace.trackers.tracker import Story

STATE = "mlflow.json"
DATABASE, FILES = "mlflow.db", "mlartifacts"  # the local store, beside the runs
LOCAL = "local"
NEEDED = ("mlflow", "sqlalchemy", "alembic", "sqlparse")
# MLflow waits minutes for a server by default, prints addresses, and tells its makers of its use.
# What the user has set is left as it is.
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
AT_ONCE = 100  # parameters, and tags, that MLflow takes in one call; of numbers 1000
LONGEST = 500  # letters of a parameter, in the oldest servers
WORTH_ANOTHER_TRY = (408, 425, 429)
ENDS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}


@dataclass(frozen=True, eq=False)
class _Begin:
    story: Story


@dataclass(frozen=True, eq=False)
class _Numbers:
    step: int
    numbers: dict[str, float]
    milliseconds: int = field(default_factory=lambda: int(1000 * time.time()))


@dataclass(frozen=True, eq=False)
class _Picture:
    step: int
    name: str
    picture: np.ndarray


@dataclass(frozen=True, eq=False)
class _File:
    path: Path


@dataclass(frozen=True, eq=False)
class _End:
    status: str


MOST = {_Numbers: 10_000, _Picture: 50}


def check(address: str = "") -> None:
    """Refuses an address that is none, and an MLflow that is not there.

    Raises:
      ConfigError: the address names no server.
      MissingError: a package is not installed.
    """
    if address and "://" not in address:
        raise ConfigError(f"mlflow:{address} names no server; write mlflow:http://HOST:5000")
    if "@" in address:  # it would stand in every run's configuration
        raise ConfigError(
            "keep passwords out of --track: set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or all of it as MLFLOW_TRACKING_URI"
        )
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise MissingError(
            f'tracking with MLflow needs {", ".join(missing)}; run: pip install "pixace[mlflow]"'
        )


class Mlflow:
    """One run in MLflow, under the experiment `$MLFLOW_EXPERIMENT_NAME` or `pixace`.

    Args:
      story: what is trained; its folder's parent gets the local store.
      address: of a server; empty means `$MLFLOW_TRACKING_URI`, or else the local store.
    """

    def __init__(self, story: Story, address: str = "") -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self._address = address or os.environ.get("MLFLOW_TRACKING_URI", "")
        self._server = re.sub("//[^/]*@", "//", self._address) or LOCAL  # without a password
        self._root = story.folder.parent.resolve()
        self._state = story.folder / STATE
        self._client: Any = None
        self._run = ""
        self._sent = -1
        known = self._remembered()
        if known.get("server") == self._server:
            self._run, self._sent = known["run"], known["sent"]
        place = self._server if self._address else self._root / DATABASE
        self._outbox = Outbox(f"MLflow at {place}", self._send, MOST)
        # A server that was away, or was not asked for, has not heard what was done before.
        self._outbox.put(_Begin(story), *_unsent(story, self._sent))

    def numbers(self, step: int, numbers: dict[str, float]) -> None:
        """One point of a curve for each number."""
        self._outbox.put(_Numbers(step, numbers))

    def picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Uint8 `(height, width, 3)`."""
        self._outbox.put(_Picture(step, name, picture))

    def artifact(self, path: Path) -> None:
        """Sends a file; it must stay until the end."""
        self._outbox.put(_File(path))

    def finish(self, status: str) -> None:
        """Waits until all is sent, or says what is not."""
        self._outbox.put(_End(status))
        if lost := self._outbox.close():
            self._outbox.say(
                f"lacks {lost} messages of this training; {self._state.parent} has all"
            )

    def _send(self, letters: list[Any]) -> None:
        """One envelope of the outbox."""
        import requests
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if is_address(self._address):
                refuse_offline(self._server)
            self._deliver(letters)
        except MlflowException as why:
            status = why.get_http_status_code()
            if 400 <= status < 500 and status not in WORTH_ANOTHER_TRY:
                raise
            raise UnreachableError(why) from why
        except requests.HTTPError as why:
            status = 500 if why.response is None else why.response.status_code
            if 400 <= status < 500 and status not in WORTH_ANOTHER_TRY:
                raise
            raise UnreachableError(why) from why
        except (requests.RequestException, SQLAlchemyError, WebError) as why:
            raise UnreachableError(why) from why

    def _deliver(self, letters: list[Any]) -> None:
        kind, first = type(letters[0]), letters[0]
        if kind is _Begin:
            self._begin(first.story)
        elif kind is _Numbers:
            self._log(letters)
        elif kind is _Picture:
            for each in letters:
                self._client.log_image(self._run, each.picture, key=each.name, step=each.step)
        elif kind is _File:
            for each in letters:
                self._client.log_artifact(self._run, str(each.path))
        else:
            self._client.set_terminated(self._run, ENDS[first.status])

    def _begin(self, story: Story) -> None:
        """Finds or makes the run, and tells it what is trained."""
        from mlflow.entities import Param, RunTag

        self._client = self._connected()
        tags = {**story.tags, "folder": str(story.folder.resolve())}
        run = self._known_run()
        if run is None:
            run = self._client.create_run(self._experiment(), run_name=story.folder.name)
        self._run = run.info.run_id
        said = run.data.params
        wanted = {name: repr(value) for name, value in story.settings.items()}
        # MLflow keeps parameters for good; what a resumed training changes becomes a tag.
        new = [Param(name, value[:LONGEST]) for name, value in wanted.items() if name not in said]
        for name, value in wanted.items():
            if name in said and said[name] != value[:LONGEST]:
                tags[f"resumed.{name}"] = value
        marks = [RunTag(name, value[:LONGEST]) for name, value in tags.items()]
        for start in range(0, max(len(new), len(marks)), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            self._client.log_batch(self._run, params=new[part], tags=marks[part])
        self._client.log_text(self._run, story.config, "config.gin")
        self._remember()

    def _connected(self) -> Any:
        from mlflow import MlflowClient

        for name in ("mlflow.store.db.utils", "alembic"):  # at work, they would tell of each table
            logging.getLogger(name).setLevel(logging.WARNING)
        if self._address:
            return MlflowClient(self._address)
        database = self._root / DATABASE
        if not database.exists():
            # Two trainings that make the tables at once would spoil them for both.
            draft = self._state.with_name(f".{DATABASE}.part")
            MlflowClient(f"sqlite:///{draft}")
            with suppress(FileExistsError):
                database.hardlink_to(draft)
            draft.unlink()
        return MlflowClient(f"sqlite:///{database}")

    def _known_run(self) -> Any:
        """The run to go on with, if there is one that was not deleted."""
        from mlflow.exceptions import MlflowException

        if not self._run:
            return None
        try:
            run = self._client.get_run(self._run)
        except MlflowException as why:
            if why.get_http_status_code() == 404:
                return None
            raise
        if run.info.lifecycle_stage != "active":
            return None
        self._client.update_run(self._run, status="RUNNING")
        return run

    def _experiment(self) -> str:
        """The id of the experiment, made if need be: by us, or by another training just now."""
        from mlflow.exceptions import MlflowException

        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "pixace")
        place = None if self._address else (self._root / FILES).as_uri()
        found = self._client.get_experiment_by_name(name)
        if found is None:
            with suppress(MlflowException):
                return self._client.create_experiment(name, artifact_location=place)
            found = self._client.get_experiment_by_name(name)
        if found is None:
            raise UnreachableError(f"experiment {name!r} can be neither found nor made")
        return found.experiment_id

    def _log(self, letters: list[_Numbers]) -> None:
        from mlflow.entities import Metric

        for start in range(0, len(letters), 50):
            part = letters[start : start + 50]
            points = [
                Metric(name, number, each.milliseconds, each.step)
                for each in part
                for name, number in each.numbers.items()
            ]
            self._client.log_batch(self._run, metrics=points)
            self._sent = max(self._sent, part[-1].step)
        self._remember()

    def _remember(self) -> None:
        with suppress(Exception), whole(self._state) as draft:  # only for a resumed training
            kept = {"server": self._server, "run": self._run, "sent": self._sent}
            draft.write_text(json.dumps(kept) + "\n", encoding="utf-8")

    def _remembered(self) -> dict[str, Any]:
        try:
            known = records.parsed(self._state.read_text(encoding="utf-8"))
            return known if {"server", "run", "sent"} <= known.keys() else {}
        except (OSError, ValueError, AttributeError):
            return {}


def _unsent(story: Story, sent: int) -> list[_Numbers]:
    """What `metrics.jsonl` says of the steps before, and MLflow does not know yet."""
    if not story.since:
        return []
    unsent = []
    for line in (story.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):
            numbers = records.parsed(line)
            step = numbers.pop("step")
            if sent < step <= story.since:
                unsent.append(_Numbers(step, numbers))
    return unsent
