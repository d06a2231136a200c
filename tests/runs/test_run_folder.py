"""Runs: named, found, listed; broken ones are answered in a line."""

import json

import pytest

from pixace.errors import RunError
from pixace.runs import run_folder
from pixace.runs.description import Best
from pixace.storage import sealed


@pytest.fixture
def made(described):
    """Makes runs."""

    def one(root, name, created="2026-01-01"):
        run = run_folder.create(root, name, "stem")
        run.write(described(name=run.name, created=created))
        return run

    return one


def test_a_description_comes_back_as_written(tmp_path, made, described):
    run = made(tmp_path, "a")
    best = Best("nats_per_token", 0.5, "train", 3)
    assert run.describe(step=7, best=best) == run.read()
    assert run.read() == described(step=7, best=best)


def test_runs_without_a_name_are_numbered(tmp_path, made):
    names = [made(tmp_path, None).name for _ in range(3)]
    assert names == ["stem", "stem-2", "stem-3"]


def test_a_chosen_name_is_never_reused(tmp_path, made):
    made(tmp_path, "mine")
    with pytest.raises(RunError, match=r"mine exists; .*--resume mine"):
        made(tmp_path, "mine")


@pytest.mark.parametrize("name", ["", "a b", "../up", "a/b", ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path, name, made):
    with pytest.raises(RunError, match="without spaces and slashes"):
        made(tmp_path, name)


def test_the_latest_is_the_one_begun_last(tmp_path, made):
    made(tmp_path, "z", "2026-01-01")
    last = made(tmp_path, "a", "2026-01-02")
    assert run_folder.find(None, tmp_path) == last.path
    assert [run.name for run in run_folder.every(tmp_path)] == ["z", "a"]


def test_a_run_is_found_by_name_folder_and_model_file(tmp_path, made):
    run = made(tmp_path / "runs", "a")
    (tmp_path / "other.safetensors").touch()
    assert run_folder.find("a", tmp_path / "runs") == run.path
    assert run_folder.find(str(run.path), tmp_path) == run.path
    assert run_folder.find(tmp_path / "other.safetensors", tmp_path).is_file()


def test_a_run_that_is_not_there_is_answered_with_those_that_are(tmp_path, made):
    made(tmp_path, "cats")
    with pytest.raises(RunError, match=r"no run 'dogs'; runs in .*: cats"):
        run_folder.find("dogs", tmp_path)


def test_no_runs_at_all_says_how_to_make_one(tmp_path):
    with pytest.raises(RunError, match="train one with: pixace train"):
        run_folder.find(None, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read"),
        (json.dumps({"format": 99}), "was made by another pixace .format 99, not 4"),
        (json.dumps({"format": 3}), "was made by an older, unreleased pixace .*; train it anew"),
        (json.dumps({"name": "a"}), "was made by another pixace .format None"),
        (sealed.dumps({"format": 4}), "is damaged: name is missing"),
        (json.dumps({"format": 4}), "is damaged: its checksum is that of another text"),
        (json.dumps([1]), "is damaged"),
    ],
)
def test_a_broken_description_is_named(tmp_path, content, words, made):
    run = made(tmp_path, "a")
    (run.path / "run.json").write_text(content)
    with pytest.raises(RunError, match=words):
        run.read()


def test_one_broken_run_does_not_hide_the_others(tmp_path, made):
    made(tmp_path, "good")
    (made(tmp_path, "bad").path / "run.json").write_text("{")
    assert [run.name for run in run_folder.every(tmp_path)] == ["good"]
