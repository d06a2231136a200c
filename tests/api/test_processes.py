"""Models in other processes: pickled, they draw the same; a forked process is refused at once."""

import concurrent.futures
import copy
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import pixace

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["plain", "worded"])
def model(request):
    fixture = {"plain": "tiny_outcome", "worded": "worded_outcome"}[request.param]
    return pixace.load(request.getfixturevalue(fixture).run.path)


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_a_pickled_model_draws_the_same_to_the_last_bit(model, protocol):
    again = pickle.loads(pickle.dumps(model, protocol))
    assert (again.description, again.path) == (model.description, model.path)
    assert again.vocabulary == model.vocabulary
    np.testing.assert_array_equal(again.generate(5, seed=3), model.generate(5, seed=3))
    photo = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    np.testing.assert_array_equal(again.complete(photo).finished, model.complete(photo).finished)


def test_it_takes_its_weights_along(tiny_outcome, tmp_path):
    """On another machine, or when the file is gone or another."""
    file = shutil.copy(tiny_outcome.run.path / "model.safetensors", tmp_path / "m.safetensors")
    loaded = pixace.load(file)
    packed = pickle.dumps(loaded)
    Path(file).unlink()
    np.testing.assert_array_equal(pickle.loads(packed).generate(3), loaded.generate(3))


def test_what_was_changed_stays_so_and_copies_are_models_too(model):
    other = replace(model, description=replace(model.description, name="other"))
    assert pickle.loads(pickle.dumps(other)).description.name == "other"
    np.testing.assert_array_equal(copy.deepcopy(model).generate(2), model.generate(2))


def _drawn(model, seed):
    return os.getpid(), model.generate(2, seed=seed)


@pytest.mark.slow
def test_spawned_processes_draw_the_same(tiny_outcome):
    model = pixace.load(tiny_outcome.run.path)
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as pool:
        there = list(pool.map(_drawn, [model] * 3, range(3)))
    for seed, (process, drawn) in enumerate(there):
        assert process != os.getpid()
        np.testing.assert_array_equal(drawn, model.generate(2, seed=seed))


HEAD = """
import multiprocessing, os, pickle, sys
import numpy as np
import pixace

def told(work, *args):
    try:
        return repr(work(*args))
    except pixace.PixaceError as why:
        return str(why)

def load(path):
    return told(pixace.load, path)

if __name__ == "__main__":
    path, pictures = sys.argv[1:]
"""
DIRECT = """
    model = pixace.load(path)
    reader, writer = os.pipe()
    if not os.fork():
        for work, *args in (
            (model.generate, 2),
            (model.complete, np.zeros((4, 4, 3), np.uint8)),
            (pixace.load, path),
            (pixace.resume, path),
        ):
            os.write(writer, (told(work, *args) + "\\n").encode())
        os._exit(0)
    os.close(writer)
    print(open(reader).read(), end="")
"""
POOL = """
    model = pixace.load(path)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(told(pool.apply, model.generate, (2,)))
        print(pool.apply(load, (path,)))
"""
UNTOUCHED = """
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.apply(load, (path,))[:7])
"""
PICTURES = """
    pixace.load(path)
    if not os.fork():
        made = pixace.tokenize(pictures, "tokens", size=4, colors="grey:4")
        print(made.header.splits["train"], flush=True)
        os._exit(0)
    os.wait()
"""


def printed(script, tiny_outcome, tiny_pictures, folder):
    """What a process of its own prints; JAX warns of every fork, and rightly."""
    file = folder / "script.py"
    file.write_text(HEAD + script)
    return subprocess.run(
        [sys.executable, "-W", "ignore", file, tiny_outcome.run.path, tiny_pictures],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    ).stdout.splitlines()


@pytest.mark.parametrize(("script", "answers"), [(DIRECT, 4), (POOL, 2)], ids=["fork", "pool"])
def test_a_process_that_was_forked_from_one_at_work_is_refused(
    tiny_outcome, tiny_pictures, tmp_path, script, answers
):
    lines = printed(script, tiny_outcome, tiny_pictures, tmp_path)
    assert len(lines) == answers
    for line in lines:
        assert line.startswith("this process was forked from one in which JAX was at work")
        assert line.endswith("start it with multiprocessing.get_context('spawn')")


@pytest.mark.parametrize(
    ("script", "answer"), [(UNTOUCHED, "Trained"), (PICTURES, "38")], ids=["before", "pictures"]
)
def test_a_process_that_was_forked_before_or_needs_no_device_works(
    tiny_outcome, tiny_pictures, tmp_path, script, answer
):
    assert printed(script, tiny_outcome, tiny_pictures, tmp_path) == [answer]


def test_weights_stay_off_the_device_where_it_is_out_of_reach(tiny_outcome, monkeypatch):
    packed = pickle.dumps(pixace.load(tiny_outcome.run.path))
    monkeypatch.setattr("pixace.api.trained.is_forked", lambda: True)
    weights = pickle.loads(packed).sampler.weights
    assert {type(leaf) for leaf in jax.tree.leaves(weights)} == {np.ndarray}
