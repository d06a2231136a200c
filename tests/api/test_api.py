"""Calls in Python: the command line's names and defaults, and what resuming refuses."""

import inspect
import shutil
import typing
from dataclasses import asdict, replace

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace.api import (
    complete,
    compress,
    decompress,
    doctor,
    features,
    generate,
    plan,
    probe,
    tokenize,
    train,
)
from pixace.cli import main
from pixace.config import gin_files, parts
from pixace.data import token_set
from pixace.data.preprocessing import Preprocessing
from pixace.errors import ConfigError, PixaceError, RunError
from pixace.images.png import read_description
from pixace.training import train_lm

# What the command line calls otherwise, and what only one of them has.
ONLY_COMMAND = {"as_json", "again", "resume", "report", "compare"}
ONLY_PYTHON = {"progress", "run", "pictures", "changes", "made", "command"}
PAIRS = [
    ("tokenize", tokenize.tokenize),
    ("train", train.train),
    ("generate", generate.generate),
    ("complete", complete.complete),
    ("doctor", doctor.doctor),
    ("plan", plan.plan),
    ("features", features.features),
    ("probe", probe.probe),
    ("compress", compress.compress),
    ("decompress", decompress.decompress),
]


@pytest.mark.parametrize(("name", "call"), PAIRS, ids=lambda it: it if isinstance(it, str) else "")
def test_calls_have_the_names_of_the_command_line(name, call):
    options = {it.name for it in main.get_command(None, name).params} - ONLY_COMMAND
    assert options - ONLY_PYTHON == inspect.signature(call).parameters.keys() - ONLY_PYTHON


@pytest.mark.parametrize(("name", "call"), PAIRS, ids=lambda it: it if isinstance(it, str) else "")
def test_calls_have_the_defaults_of_the_command_line(name, call):
    """Where the command line has one; options left out there are left out of the call."""
    options = {it.name: it.default for it in main.get_command(None, name).params}
    for parameter in inspect.signature(call).parameters.values():
        default = options.get(parameter.name)
        if isinstance(default, int | float | str) and parameter.default not in (None, False):
            assert str(default) == str(parameter.default), parameter.name


def test_defaults_of_tokenizing_are_typed_once_for_training_too():
    parameters = inspect.signature(tokenize.tokenize).parameters
    told = inspect.signature(Preprocessing).parameters
    for name, parameter in told.items():
        assert parameters[name].default == parameter.default


@pytest.mark.parametrize("name", [name for name in pixace.__all__ if name[0].islower()])
def test_every_call_is_typed_and_documented(name):
    call = getattr(pixace, name)
    hints = typing.get_type_hints(call)
    assert "return" in hints
    for parameter in inspect.signature(call).parameters.values():
        assert parameter.name in hints
        assert f"\n  {parameter.name}: " in inspect.getdoc(call), parameter.name


def test_names_are_given_out_and_unknown_ones_are_not():
    for name in pixace.__all__:
        assert getattr(pixace, name).__name__ == name
    with pytest.raises(AttributeError, match="'dream'"):
        pixace.dream  # noqa: B018


def test_tokenize_gives_the_set_it_made(tiny_pictures, tmp_path):
    made = pixace.tokenize(tiny_pictures, tmp_path / "set", size=4, colors="grey:4")
    assert made.header == token_set.open_set(tmp_path / "set").header
    assert made.tokenizer.spec == "pixel size=4x4 colors=grey:4 order=raster"
    assert made.header.splits == {"train": 38, "validation": 2}


def test_a_validation_source_wins_over_the_share(tiny_pictures, tmp_path):
    others = tmp_path / "others.npy"
    np.save(others, np.zeros((3, 4, 4), np.uint8))
    made = pixace.tokenize(
        tiny_pictures, tmp_path / "set", size=4, validation=others, validation_fraction=0.5
    )
    assert made.header.splits == {"train": 40, "validation": 3}


def test_labels_come_from_sub_folders(tiny_outcome, tmp_path):
    for name in ("cats/1.png", "dogs/1.png"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True)
        shutil.copy(tiny_outcome.run.path / "collage.png", tmp_path / "pictures" / name)
    made = pixace.tokenize(
        tmp_path / "pictures", tmp_path / "set", size=4, labels=True, validation_fraction=0
    )
    assert [record["label"] for record in made.records("train")] == ["cats", "dogs"]


def test_compare_shows_several_colours_and_says_what_they_keep(tiny_pictures, tmp_path):
    facts = pixace.compare(
        tiny_pictures, tmp_path / "r.png", colors=["grey:4", "grey:2"], size=4, pictures=10
    )
    assert [each["colors"] for each in facts["schemes"]] == ["grey:4", "grey:2"]
    assert [each["pictures"] for each in facts["schemes"]] == [10, 10]
    assert facts["schemes"][0]["psnr"] > facts["schemes"][1]["psnr"]
    assert read_description(tmp_path / "r.png") == facts


@pytest.mark.parametrize("out", ["report.jpg", "."])
def test_compare_refuses_other_names_before_it_reads(tmp_path, out):
    with pytest.raises(PixaceError, match=r"must end in \.png|is a folder"):
        pixace.compare("nothing", tmp_path / out)


@pytest.fixture
def bound(tiny_pictures, tiny, tmp_path, monkeypatch):
    """What gin hands to a training that is begun with some arguments, without training."""

    class BegunError(Exception):
        pass

    def given(data=tiny_pictures, **arguments):
        found = {}

        def train(model, tokens, run, settings, captions, start=None):
            found.update(
                asdict(settings), kind=model.kind, spec=tokens.tokenizer.spec, run=run.name
            )
            raise BegunError

        monkeypatch.setattr(train_lm, "train", train)
        arguments = {"gin": "base", "bindings": tiny, "root": tmp_path / "runs"} | arguments
        with pytest.raises(BegunError):
            pixace.train(data, **arguments)
        return found

    return given


def test_shorthands_bind_and_win(bound, tiny):
    found = bound(steps=3, batch_size=4, learning_rate=0.5, seed=7, size="4x2", colors="grey:2")
    assert (found["steps"], found["batch_size"]) == (3, 4)
    assert (found["learning_rate"], found["seed"]) == (0.5, 7)
    assert found["spec"] == "pixel size=4x2 colors=grey:2 order=raster"
    assert bound(steps=3, bindings=[*tiny, "train.steps = 4"])["steps"] == 3


def test_numbers_may_be_numpys_or_jaxs(bound):
    found = bound(
        steps=np.int64(3),
        batch_size=np.array(4),
        learning_rate=np.float64(0.5),
        seed=np.uint32(2**32 - 1),
        size=np.int64(2),
    )
    assert (found["steps"], found["batch_size"]) == (3, 4)
    assert (found["learning_rate"], found["seed"]) == (0.5, 2**32 - 1)
    assert found["spec"].startswith("pixel size=2x2 ")
    assert bound(steps=jnp.int32(3), learning_rate=jnp.float32(0.5))["learning_rate"] == 0.5


def test_a_token_set_may_be_made_with_numbers_of_numpys(tiny_pictures, tmp_path):
    share, size = np.float32(0.5), np.int64(4)
    made = pixace.tokenize(
        tiny_pictures, tmp_path / "set", size=size, validation_fraction=share, workers=np.int8(1)
    )
    assert made.header.splits == {"train": 20, "validation": 20}
    facts = pixace.compare(
        tiny_pictures, tmp_path / "r.png", colors=["grey:4"], size=size, pictures=np.int64(3)
    )
    assert facts["schemes"][0]["pictures"] == 3


def test_the_model_is_the_one_asked_for(bound):
    assert bound(model="reformer")["kind"] == "reformer"
    assert bound()["kind"] == "transformer"


def test_no_data_means_the_digits_with_their_own_gin_file(bound):
    found = bound(None, gin=None, bindings=())
    assert found["spec"].startswith("pixel size=8x8 colors=grey:")
    assert found["run"] == "digits-modern"


def test_a_training_that_fails_early_leaves_no_run(bound, tmp_path):
    bound()
    assert not (tmp_path / "runs").exists()
    (tmp_path / "runs" / "other").mkdir(parents=True)
    bound()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["other"]


def test_an_unknown_model_is_no_matter_of_gin_files(tmp_path):
    with pytest.raises(ConfigError, match=r"no model 'reforme'.* Did you mean reformer\?"):
        pixace.train("digits", model="reforme", root=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"size": 8}, r"pictures\.size"),
        ({"bindings": ["pictures.order = 'column'"]}, r"pictures\.order"),
        ({"bindings": [" pictures.order = 'column'"]}, r"pictures\.order"),
        ({"bindings": ["pixace.pictures.order = 'column'"]}, r"pictures\.order"),
        ({"labels": True}, "labels"),
        ({"limit": 9}, r"pictures\.limit"),
    ],
)
def test_a_token_set_is_not_contradicted(tiny_pictures, tmp_path, arguments, word):
    pixace.tokenize(tiny_pictures, tmp_path / "set", size=4)
    with pytest.raises(ConfigError, match=rf"is a token set already .*; leave out {word}"):
        pixace.train(tmp_path / "set", gin="digits", root=tmp_path / "runs", **arguments)
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def unfinished(tiny_outcome, tmp_path):
    """A copy of the tiny run that says it was stopped."""
    path = shutil.copytree(tiny_outcome.run.path, tmp_path / "runs" / "stopped")
    run = train_lm.Run(path)
    run.describe(status="stopped")
    return run


def test_a_finished_run_says_so_and_how_to_go_on(tiny_outcome):
    with pytest.raises(RunError, match=r"is finished after 6 steps; .*--resume .* --steps 12"):
        pixace.resume(tiny_outcome.run.path)


@pytest.mark.parametrize(
    ("named", "words"), [("nothing", "no run 'nothing'; "), (None, "no runs in .*pixace train")]
)
def test_a_run_that_does_not_exist_cannot_be_resumed(tmp_path, named, words):
    with pytest.raises(RunError, match=words):
        pixace.resume(named, root=tmp_path)


def test_a_model_file_cannot_be_resumed(tiny_outcome):
    with pytest.raises(RunError, match="is a model without checkpoints; name the run's folder"):
        pixace.resume(tiny_outcome.run.path / "model.safetensors")


def test_the_pictures_of_a_run_stay(unfinished):
    with pytest.raises(ConfigError, match=r"has its pictures; leave out 'pictures\.size = 8'"):
        pixace.resume(unfinished.path, bindings=["pictures.size = 8"])


def test_a_token_set_that_is_gone_is_named(unfinished, tmp_path):
    gone = str(tmp_path / "set")
    unfinished.describe(data=replace(unfinished.read().data, tokens=gone, named=gone))
    with pytest.raises(RunError, match=r"its token set .*set is gone, and cannot be made again"):
        pixace.resume(unfinished.path)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("D_FF = 8", r"transformer\.d_ff = 16, and its checkpoint fits no other; leave out 8"),
        ("HEADS = 4", r"transformer\.n_heads = 2, and"),
        ("train.optimizer = 'adafactor'", r"train\.optimizer = 'adamw', and"),
        ("model.kind = 'reformer'", r"model\.kind = 'transformer', and"),
        (" pictures.size = 8", r"has its pictures; leave out 'pictures\.size = 8'"),
        ("pixace.pictures.size = 8", r"has its pictures; leave out 'pictures\.size = 8'"),
        ("SIDE = 8\npictures.size = %SIDE", r"has its pictures; leave out 'pictures\.size = 8'"),
    ],
)
def test_what_a_run_is_made_of_stays_by_whatever_name(unfinished, binding, words):
    before, config = unfinished.read(), (unfinished.path / "config.gin").read_text()
    with pytest.raises(ConfigError, match=words):
        pixace.resume(unfinished.path, bindings=[binding, "train.steps = 9"])
    assert unfinished.read() == before
    assert (unfinished.path / "config.gin").read_text() == config


def test_the_same_value_once_more_is_no_change(unfinished):
    same = ["HEADS = 2", "pictures.size = 4", "train.optimizer = 'adamw'", "train.steps = 7"]
    assert pixace.resume(unfinished.path, bindings=same).step == 7


def test_a_broken_binding_is_told_before_anything_is_touched(unfinished):
    before = sorted(unfinished.path.iterdir()), unfinished.read()
    with pytest.raises(ConfigError, match=r"train\.step = 9"):
        pixace.resume(unfinished.path, bindings=["train.step = 9"])
    assert (sorted(unfinished.path.iterdir()), unfinished.read()) == before


def test_the_configuration_that_is_kept_gives_the_same_bindings(tiny_outcome):
    path = tiny_outcome.run.path / "config.gin"
    bound = gin_files.load(path)
    assert bound.text == path.read_text()
    assert parts.pictures(bound.values).size == 4
    assert asdict(parts.train(bound.values)) == tiny_outcome.run.read().training


def test_the_command_line_trains_with_what_it_was_given(bound, monkeypatch):
    """Options not given are not passed on, so that the defaults are those of the call."""
    calls = []
    monkeypatch.setattr(train, "train", lambda *data, **given: calls.append((data, given)))
    CliRunner().invoke(main, ["train", "--steps", "3", "--set", "a=1", "--set", "b=2"])
    assert calls == [((None,), {"steps": 3, "bindings": ("a=1", "b=2"), "progress": True})]
