"""All that the README says to type, typed: on few pictures, with a model that learns in seconds."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import pixace
from pixace.cli import main

README = Path(__file__).parents[1] / "README.md"
SMALL = (
    "D_MODEL = 8",
    "D_FF = 16",
    "LAYERS = 1",
    "HEADS = 2",
    "train.steps = 2",
    "train.warmup_steps = 1",
    "train.evaluate_every = 2",
    "train.evaluate_pictures = 2",
    "train.samples = 0",
)


def fenced(language):
    """The blocks of a language, in order."""
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands():
    """The words of each call of pixace, in order; those of a training make it a small one."""
    for block in fenced("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            program, *words = shlex.split(line, comments=True)
            if program != "bin/pixace":
                continue
            if words[0] == "train":
                asked = {"--steps": "2", "--minutes": "0.001"}
                pairs = zip(["", *words], words, strict=False)
                words = [asked.get(option, word) for option, word in pairs]
                timed = "--minutes" in words
                small = [each for each in SMALL if not (timed and "train.steps" in each)]
                words += [word for binding in small for word in ("--set", binding)]
            yield words


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder to work in, with the pictures that the README speaks of."""
    monkeypatch.chdir(tmp_path)
    pictures = np.random.default_rng(0).integers(0, 256, (12, 40, 48, 3), np.uint8)
    Path("photos").mkdir()
    for name, picture in zip(["apple", *"bcdefghijkl"], pictures, strict=True):
        Image.fromarray(picture).save(f"photos/{name}.jpg")
    Image.fromarray(pictures[0]).save("photo.jpg")


@pytest.mark.long
@pytest.mark.usefixtures("photos")
def test_commands_do_what_they_say():
    done = []
    for words in commands():
        result = CliRunner().invoke(main, words, prog_name="pixace")
        assert result.exit_code == 0, f"pixace {shlex.join(words)}\n{result.output}"
        done.append(words[0])
    assert {*done} == {"tokenize", "train", "generate", "complete", "runs"}
    for made in ("dreams.png", "colours.png"):
        with Image.open(made) as picture:
            assert picture.width > 32


@pytest.mark.slow
@pytest.mark.usefixtures("photos")
def test_python_gives_the_shapes_that_it_says(monkeypatch):
    train = pixace.train

    def smaller(*data, bindings, **settings):
        return train(*data, bindings=[*bindings, *SMALL], **settings)

    monkeypatch.setattr(pixace, "train", smaller)
    (block,) = fenced("python")
    names = {}
    exec(block, names)
    said = re.findall(r"^(\w+) = .*# (\w+) \(([\d, ]+)\)", block, re.MULTILINE)
    assert len(said) == 2
    for name, dtype, shape in said:
        assert names[name].dtype == dtype
        assert names[name].shape == tuple(map(int, shape.split(",")))
