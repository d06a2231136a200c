"""MLflow, the real one: a store in a file, and servers that are away, silent or unwilling."""

import json
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from mlflow import MlflowClient

import pixace
from pixace import trackers
from pixace.errors import ConfigError, MissingError
from pixace.trackers import Story, mlflow, outbox

SETTINGS = {"train.steps": 6, "transformer.d_model": 8}
CONFIG = "D_MODEL = 8\ntrain.steps = 6\ntransformer.d_model = %D_MODEL\n"


@pytest.fixture(autouse=True)
def no_server_of_the_users(monkeypatch):
    for name in list(os.environ):
        if name.startswith("MLFLOW_"):
            monkeypatch.delenv(name)
    for name, value in mlflow.SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(outbox, "PAUSE", 0.01)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of runs; its store is made once, which takes seconds."""
    return tmp_path_factory.mktemp("runs")


def begun(root, name, **changes):
    """The story of a new run."""
    folder = root / name
    folder.mkdir(exist_ok=True)
    return replace(Story(folder, SETTINGS, CONFIG, {"model": "transformer"}), **changes)


def found(story):
    """The run in the local store, with everything."""
    client = MlflowClient(f"sqlite:///{story.folder.parent / mlflow.DATABASE}")
    run_id = json.loads((story.folder / mlflow.STATE).read_text())["run"]
    return client, client.get_run(run_id)


def curve(client, run, name):
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]


@pytest.mark.slow
def test_a_training_is_in_the_store_with_everything(root):
    story = begun(root, "whole")
    tracker = mlflow.Mlflow(story)
    tracker.numbers(1, {"loss": 2.0, "rate": 0.5})
    tracker.numbers(2, {"loss": 1.5, "rate": float("nan")})
    tracker.picture(2, "samples", np.zeros((4, 6, 3), np.uint8))
    (story.folder / "model.safetensors").write_bytes(b"weights")
    tracker.artifact(story.folder / "model.safetensors")
    tracker.finish("finished")
    client, run = found(story)
    assert client.get_experiment(run.info.experiment_id).name == "pixace"
    assert (run.info.run_name, run.info.status) == ("whole", "FINISHED")
    assert run.data.params == {"train.steps": "6", "transformer.d_model": "8"}
    assert run.data.tags.items() >= {"model": "transformer", "folder": str(story.folder)}.items()
    assert curve(client, run, "loss") == [(1, 2.0), (2, 1.5)]
    files = {each.path for each in client.list_artifacts(run.info.run_id)}
    assert files == {"config.gin", "images", "model.safetensors"}
    pictures = [each.path for each in client.list_artifacts(run.info.run_id, "images")]
    assert any("samples" in path and path.endswith(".png") for path in pictures)
    assert {path.name for path in root.iterdir()} >= {"mlflow.db", "mlartifacts"}


@pytest.mark.slow
def test_a_training_that_goes_on_goes_on_in_its_run(root):
    story = begun(root, "resumed")
    tracker = mlflow.Mlflow(story)
    tracker.numbers(1, {"loss": 2.0})
    tracker.finish("stopped")
    client, before = found(story)
    assert before.info.status == "KILLED"
    (story.folder / "metrics.jsonl").write_text(
        '{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.5}\n{"step": 9, "loss": 0}\n{"st'
    )
    again = replace(story, settings=SETTINGS | {"train.steps": 8}, since=2)
    tracker = mlflow.Mlflow(again)
    tracker.numbers(3, {"loss": 1.0})
    tracker.finish("failed")
    client, after = found(story)
    assert after.info.run_id == before.info.run_id
    assert after.info.status == "FAILED"
    # Step 2 was done while nobody was told; step 9 is after the checkpoint.
    assert curve(client, after, "loss") == [(1, 2.0), (2, 1.5), (3, 1.0)]
    assert after.data.params["train.steps"] == "6"
    assert after.data.tags["resumed.train.steps"] == "8"


@pytest.mark.slow
def test_a_run_that_was_deleted_begins_anew(root):
    story = begun(root, "deleted")
    mlflow.Mlflow(story).finish("stopped")
    client, before = found(story)
    client.delete_run(before.info.run_id)
    mlflow.Mlflow(story).finish("finished")
    _, after = found(story)
    assert after.info.run_id != before.info.run_id


@pytest.mark.slow
def test_two_trainings_may_make_their_store_at_once(tmp_path):
    stories = [begun(tmp_path, f"shared-{number}") for number in range(2)]
    both = [mlflow.Mlflow(story) for story in stories]
    for step in range(20):
        for tracker in both:
            tracker.numbers(step, {"loss": 1.0 / (1 + step)})
    for tracker in both:
        tracker.finish("finished")
    for story in stories:
        client, run = found(story)
        assert len(curve(client, run, "loss")) == 20


@pytest.mark.slow
def test_a_training_tells_mlflow_and_tensorboard(root, tiny, tiny_pictures, capfd):
    outcome = pixace.train(
        tiny_pictures,
        gin="base",
        bindings=tiny,
        name="trained",
        root=root,
        track=["tensorboard", "mlflow"],
    )
    story = Story(outcome.run.path)
    client, run = found(story)
    steps = [step for step, _ in curve(client, run, "loss")]
    assert steps == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in curve(client, run, "validation_loss")] == [3, 6]
    assert run.data.params["train.track"] == "'tensorboard,mlflow'"
    assert run.data.tags["tokenizer"] == "pixel size=4x4 colors=grey:4 order=raster"
    files = {each.path for each in client.list_artifacts(run.info.run_id)}
    assert files == {"config.gin", "images", "model.safetensors"}
    assert (outcome.run.path / "tensorboard").is_dir()
    out, err = capfd.readouterr()
    assert out == ""
    assert "mlflow" not in err.lower()


def free_port():
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def told(address, folder, capsys):
    """A small training told to a server; what is said of it."""
    story = begun(folder, "told")
    tracker = mlflow.Mlflow(story, address)
    for step in range(5):
        tracker.numbers(step, {"loss": 1.0})
    tracker.picture(4, "samples", np.zeros((4, 4, 3), np.uint8))
    tracker.finish("finished")
    return capsys.readouterr().err


def test_a_server_that_is_not_there_costs_one_warning(tmp_path, capsys):
    said = told(f"http://127.0.0.1:{free_port()}", tmp_path, capsys)
    assert said.count("cannot be reached, and will be tried again") == 1
    assert "the training is not disturbed" in said
    assert "lacks 8 messages" in said


def test_offline_no_server_is_asked(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PIXACE_OFFLINE", "1")
    with answering(500) as (address, asked):
        said = told(address, tmp_path, capsys)
    assert f"cannot be reached, and will be tried again ({address} is not asked, as PIXACE_" in said
    assert not asked


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble_is_tried_again_and_one_that_refuses_is_not(tmp_path, capsys, status):
    with answering(status) as (address, asked):
        said = told(address, tmp_path, capsys)
    assert "cannot be reached" in said
    assert "lacks 8 messages" in said
    assert asked
    with answering(403) as (address, _):
        said = told(address, tmp_path, capsys)
    assert said.count("refuses something, and goes without it") == 1
    assert "lacks 8 messages" in said


@contextmanager
def answering(status):
    """A server that has one answer to everything."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_server_that_never_answers_holds_nobody_up(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said = told(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path, capsys)
    assert "cannot be reached" in said
    assert "lacks 8 messages" in said


@pytest.mark.slow
def test_a_training_does_not_mind_that_its_server_is_away(tiny, tiny_pictures, tmp_path, capfd):
    address = f"http://127.0.0.1:{free_port()}"
    outcome = pixace.train(
        tiny_pictures, gin="base", bindings=tiny, root=tmp_path, track=f"mlflow:{address}"
    )
    assert outcome.step == outcome.steps
    assert outcome.run.read().status == "finished"
    said = capfd.readouterr().err
    assert said.count(f"warning: MLflow at {address} cannot be reached") == 1


def test_an_address_may_come_from_the_environment_and_passwords_stay_there(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{free_port()}")
    said = told("", tmp_path, capsys)
    assert "MLflow at http://127.0.0.1" in said
    assert "secret" not in said
    with pytest.raises(ConfigError, match="keep passwords out of --track"):
        mlflow.check("http://me:secret@server:5000")


def test_an_address_must_be_one():
    with pytest.raises(ConfigError, match=r"mlflow:server names no server; write mlflow:http://"):
        trackers.check("mlflow:server")


def test_what_is_not_installed_is_said_with_its_remedy(monkeypatch):
    monkeypatch.setattr(mlflow, "NEEDED", ("mlflow", "not_here"))
    with pytest.raises(MissingError, match=r'needs not_here; run: pip install "pixace\[mlflow\]"'):
        trackers.check("tensorboard,mlflow")


def test_the_users_own_settings_of_mlflow_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    mlflow.Mlflow(begun(tmp_path, "own"), f"http://127.0.0.1:{free_port()}").finish("failed")
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "3"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
