"""What other software raises is said in one line, and what no one expected keeps its traceback."""

import errno
import json
import os
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace.api import door
from pixace.cli import main
from pixace.errors import PixaceError
from pixace.layers import trax_bridge
from pixace.sampling.token_sampler import TokenSampler
from pixace.training import train_codebook, train_lm

ABSURD = 1 << 50  # bytes


def full_device(*_, **__):
    """XLA's own error, from an allocation that no machine has room for."""
    return (jnp.zeros(ABSURD, jnp.int8) + 1).block_until_ready()


def full_computer(*_, **__):
    return np.ones(ABSURD, np.int8)


def refused(*words):
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="pixace")
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), "a traceback"
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_outcome):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_RUNS", str(tiny_outcome.run.path.parent))
    return tmp_path


def test_the_device_really_says_so():
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        full_device()
    with pytest.raises(MemoryError):
        full_computer()


@pytest.mark.parametrize("full", [full_device, full_computer])
def test_a_drawing_too_large_for_memory_names_what_makes_it_smaller(here, monkeypatch, full):
    monkeypatch.setattr(TokenSampler, "finish", full)
    said = refused("generate", "--n", "2")
    assert said.startswith("Error: not enough memory (")
    assert said.endswith("); try a smaller batch size (--batch-size)\n")
    assert not (here / "collage.png").exists()
    with pytest.raises(PixaceError, match="not enough memory"):
        pixace.load().generate(2)
    with pytest.raises(PixaceError, match="not enough memory"):
        pixace.load().complete(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("full", [full_device, full_computer])
def test_a_training_too_large_for_memory_names_its_settings(
    here, monkeypatch, tiny, tiny_pictures, full
):
    monkeypatch.setattr(train_lm, "train", full)
    sets = [f"--set={line}" for line in tiny]
    said = refused("train", tiny_pictures, "--gin", "base", *sets, "--runs", here / "runs")
    assert "Error: not enough memory (" in said
    for setting in ("train.batch_size", "train.accumulate", "transformer.remat"):
        assert setting in said
    assert not (here / "runs").exists(), "no run is left"


def test_a_codebook_too_large_for_memory_names_its_settings(tmp_path, monkeypatch, tiny_pictures):
    monkeypatch.setattr(train_codebook, "train", full_device)
    with pytest.raises(PixaceError, match=r"not enough memory .*codebook\.batch_size"):
        pixace.codebook(tiny_pictures, size=4, downsample=2, codes=4, root=tmp_path)


def test_what_did_not_fit_is_not_what_a_run_goes_on_with(monkeypatch, tmp_path, tiny_outcome):
    path = tmp_path / "mine"
    shutil.copytree(tiny_outcome.run.path, path)
    before = json.loads((path / "run.json").read_text())
    monkeypatch.setattr(train_lm, "train", full_device)
    with pytest.raises(PixaceError, match="not enough memory"):
        pixace.resume(path, batch_size=1 << 20, steps=9)
    assert json.loads((path / "run.json").read_text()) == before


def test_what_traxs_layers_wrap_is_looked_at():
    layer = trax_bridge.layers.Fn("Full", lambda x: full_computer())
    with pytest.raises(Exception, match="Full") as caught:
        layer(np.zeros(1))
    assert type(caught.value) is not MemoryError
    assert "not enough memory" in str(door.explained(caught.value, "train"))


def test_a_file_that_the_system_refuses_is_named():
    @door.door("generate")
    def call(why):
        raise why

    with pytest.raises(PixaceError, match=r"^cannot use a/b: permission denied; choose another"):
        call(PermissionError(errno.EACCES, "as the system says it", "a/b"))
    with pytest.raises(PixaceError, match=r"^no space left on disk; free some"):
        call(OSError(errno.ENOSPC, "as the system says it"))
    with pytest.raises(PixaceError, match=r"^embedded null byte; choose another name"):
        call(ValueError("embedded null byte"))


@pytest.mark.parametrize(
    "bug", [ValueError("odd"), RuntimeError("odd"), AssertionError(), OSError(errno.ECHILD, "odd")]
)
def test_a_bug_keeps_its_traceback(here, monkeypatch, bug):
    def fail(*_, **__):
        raise bug

    monkeypatch.setattr(TokenSampler, "finish", fail)
    with pytest.raises(type(bug)) as caught:
        pixace.load().generate(2)
    assert caught.value is bug
    result = CliRunner().invoke(main, ["generate", "--n", "2"])
    assert result.exception is bug


@pytest.mark.parametrize("platforms", ["nonsense", "cpu,nonsense", "cuda"])
@pytest.mark.parametrize(
    "words", [["generate", "--n", "2"], ["train", "nothing"]], ids=lambda words: words[0]
)
def test_a_device_that_is_not_there_is_told_at_once(here, platforms, words):
    """Before anything else: no picture is looked for."""
    result = subprocess.run(
        [sys.executable, "-m", "pixace", *words],
        env=os.environ | {"JAX_PLATFORMS": platforms, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: JAX_PLATFORMS={platforms} asks for a device that ")
    assert "set it to cpu" in result.stderr
    assert "docs/install.md" in result.stderr
    assert result.stderr.count("\n") == 1
