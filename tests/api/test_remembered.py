"""What a collage remembers: every setting of its command, so that none is forgotten by `again`."""

import inspect
import shutil
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from PIL import Image as Pillow

import pixace
from pixace.api.complete import CompleteSettings
from pixace.api.generate import GenerateSettings
from pixace.images.png import read_description
from pixace.sampling.sampler import SamplingSettings

COMMANDS = [(pixace.generate, GenerateSettings), (pixace.complete, CompleteSettings)]
# Which model it is and where the pictures go, and what changes no pixel.
NO_SETTINGS = {"run", "root", "out", "collage", "each", "gif", "photos", "strict"}
NO_SETTINGS |= {"batch_size", "progress", "paste", "maps", "allow_private"}
# A value of a text's kind that is not its default; numbers and switches are made below.
WORDS = {"text": "a light of 1", "classes": "1", "dtype": "bfloat16", "cut": "25%"}

EVERY = [
    pytest.param(call, each.name, id=f"{call.__name__} {each.name}")
    for call, kind in COMMANDS
    for each in fields(kind)
]


@pytest.fixture
def here(tmp_path, monkeypatch, worded_outcome):
    """A folder with the run of a model that knows words, and a photo."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(worded_outcome.run.path, "runs/lights")
    Pillow.linear_gradient("L").resize((6, 6)).save("photo.png")


@pytest.fixture(scope="module")
def model(worded_outcome):
    return pixace.load(worded_outcome.run.path)


def other(call, name):
    """A value of a setting that is not its default."""
    default = inspect.signature(call).parameters[name].default
    if name in WORDS:
        return WORDS[name]
    if isinstance(default, bool):
        return not default
    if default is None or isinstance(default, int):
        return (default or 0) + 3
    return default / 2


@pytest.mark.parametrize(("call", "kind"), COMMANDS, ids=["generate", "complete"])
def test_whatever_a_command_takes_is_remembered_unless_it_changes_no_pixel(call, kind):
    parameters = inspect.signature(call).parameters
    assert parameters.keys() - NO_SETTINGS == {each.name for each in fields(kind)}


@pytest.mark.parametrize(("call", "kind"), COMMANDS, ids=["generate", "complete"])
def test_what_is_remembered_has_the_defaults_of_the_command(call, kind):
    for each in fields(kind):
        if each.default is not MISSING:
            default = inspect.signature(call).parameters[each.name].default
            assert each.default == (None if default == () else default), each.name


@pytest.mark.parametrize("kind", [GenerateSettings, CompleteSettings])
def test_all_that_the_sampler_takes_is_a_setting(kind):
    names = {each.name for each in fields(SamplingSettings)} - NO_SETTINGS
    assert names <= {each.name for each in fields(kind)}


@pytest.mark.parametrize(("call", "name"), EVERY)
def test_each_setting_reaches_the_file_and_makes_the_same_bytes_again(here, model, call, name):
    given = {"n": 1} if call is pixace.generate else {"photos": "photo.png", "samples": 1}
    given |= {name: other(call, name)}
    if name == "guidance":
        given["text"] = WORDS["text"]
    done = call(out="one.png", run=model, **given)
    memory = read_description(Path("one.png"))
    told = memory[name][0] if name == "temperature" and call is pixace.complete else memory[name]
    assert told == given[name]
    assert done.as_dict() == memory | done.as_dict()
    pixace.again("one.png", "two.png", run=model)
    assert Path("two.png").read_bytes() == Path("one.png").read_bytes()
