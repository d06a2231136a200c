"""What a training would need is known before it begins."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace.cli import main
from pixace.errors import ConfigError
from pixace.training.footprint import PROCESS, Footprint

REAL = """
import resource, sys
import pixace
data, root, *lines = sys.argv[1:]
pixace.train(data, gin="base", bindings=lines, root=root, track="none")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.fixture(scope="module")
def found(tiny, tiny_pictures):
    return pixace.plan(tiny_pictures, gin="base", bindings=tiny, memory="4GB")


def test_every_kind_is_measured_and_the_quickest_is_marked(found):
    """But for a window of 8, for which these pictures are too small."""
    names = ["transformer", "transformer, remat", "reformer", "modern"]
    assert [each.name for each in found.candidates] == names
    quickest = min(found.candidates, key=lambda each: each.hours)
    assert found.best == quickest.name
    assert (found.pictures, found.tokens, found.memory) == (38, 16, 4 * 10**9)
    for each in found.candidates:
        tokens = found.steps * found.batch_size * found.tokens
        assert each.hours == pytest.approx(tokens / each.tokens_per_second / 3600)
        assert each.fits
        assert PROCESS < each.drawing <= each.memory


def test_the_largest_batch_is_what_fits():
    needs = Footprint(batch_size=8, fixed=1000, for_picture=10, tokens_per_second=1.0)
    assert needs.step(8) == 1080
    assert needs.largest(1080) == 8
    assert needs.largest(1079) == 7
    assert needs.largest(999) == 0


def test_weights_are_those_of_the_run(found, tiny_outcome):
    path = tiny_outcome.run.path / "model.safetensors"
    from safetensors.numpy import load_file

    count = sum(array.size for array in load_file(path).values())
    assert found.candidates[0].weights == count


def test_what_does_not_fit_is_never_the_best(tiny, tiny_pictures):
    found = pixace.plan(tiny_pictures, gin="base", bindings=tiny, memory="1MB", model="modern")
    assert found.best is None
    assert [(each.fits, each.largest_batch) for each in found.candidates] == [(False, 0)]


def test_the_command_prints_a_line_for_each(tiny, tiny_pictures):
    lines = [word for binding in tiny for word in ("--set", binding)]
    words = ["plan", str(tiny_pictures), "--gin", "base", "--model", "modern", *lines]
    told = CliRunner().invoke(main, [*words, "--memory", "4GB"])
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("38 pictures of 16 tokens, 6 steps of 8, ")
    assert "* modern" in told.stdout
    as_json = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert [each["name"] for each in as_json["candidates"]] == ["modern"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"memory": "lots"}, "no amount of memory"),
        ({"model": "gan"}, "no model 'gan'"),
        ({"samples": 0}, "samples"),
        ({"bindings": ["D_MODEL = 7"]}, "d_ff has no value yet"),
    ],
)
def test_what_cannot_be_planned_is_said(tiny_pictures, settings, words):
    with pytest.raises(ConfigError, match=words):
        pixace.plan(tiny_pictures, gin="base", **settings)


@pytest.mark.long
def test_a_training_takes_what_was_planned(tmp_path):
    """Peak of a process that trains, beside what is said of it; a tenth more or less."""
    path = tmp_path / "noise.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (600, 16, 16), np.uint8))
    lines = ["D_MODEL = 64", "D_FF = 256", "LAYERS = 3", "HEADS = 2", "pictures.size = 16"]
    lines += ["pictures.colors = 'grey:16'", "train.batch_size = 256", "train.steps = 2"]
    lines += ["train.warmup_steps = 1", "train.evaluate_every = 2", "train.samples = 4"]
    script = (
        "import sys, pixace\n"
        "print(pixace.plan(sys.argv[1], gin='base', bindings=sys.argv[3:], model='modern')"
        ".candidates[0].memory)\n"
    )
    words = [str(path), str(tmp_path / "runs"), *lines, "model.kind = 'modern'"]
    planned, real = (
        int(subprocess.check_output([sys.executable, "-c", each, *words], text=True).split()[-1])
        for each in (script, REAL)
    )
    assert planned == pytest.approx(real, rel=0.1)
