"""gin: what is found, what is refused, and that what was merged can be read again."""

import logging

import pytest

from pixace import models, tokenizers
from pixace.config import configurables, gin_files
from pixace.errors import ConfigError

TINY = tokenizers.by_spec("pixel size=4x4 colors=grey:4 order=raster")


CODEBOOKS = [name for name in gin_files.shipped() if name.startswith("codebook")]


@pytest.mark.parametrize("name", [name for name in gin_files.shipped() if name not in CODEBOOKS])
@pytest.mark.parametrize("kind", models.KINDS)
def test_every_shipped_file_says_all_that_a_model_needs(name, kind, monkeypatch):
    """Built at the file's own width, with as few layers as prove it."""
    text = gin_files.load(name, [f"model.kind = {kind!r}", "LAYERS = 1"])
    assert "train.steps" in text
    side = int(configurables.pictures().size or 32)
    tokenizer = tokenizers.by_spec(f"pixel size={side}x{side} colors=grey:4 order=raster")
    assert configurables.language_model(tokenizer).kind == kind


@pytest.mark.parametrize("name", CODEBOOKS)
def test_every_shipped_codebook_file_says_all_that_a_codebook_needs(name):
    text = gin_files.load(name)
    for key in ("codes", "downsample", "steps", "batch_size"):
        assert f"codebook.{key} = " in text
    configurables.check_codebook(configurables.pictures().tokenizer().size)


@pytest.mark.parametrize("named", ["digits", "digits.gin", "gin/digits.gin"])
def test_shipped_files_are_found_by_name(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gin_files.find(named).name == "digits.gin"


def test_a_file_of_the_users_may_include_a_shipped_one(tmp_path, caplog):
    path = tmp_path / "mine.gin"
    path.write_text("include 'digits.gin'\ntrain.steps = 7\n")
    assert "train.steps = 7" in gin_files.load(path)
    assert not caplog.records, "gin logs an error for each folder it looks into in vain"
    assert logging.root.manager.disable == logging.NOTSET


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The user's gin files; the current folder is another, with files of the same names."""
    mine, here = tmp_path / "mine", tmp_path / "here"
    for folder, steps in ((mine, 7), (here, 8)):
        folder.mkdir()
        (folder / "part.gin").write_text(f"train.steps = {steps}\n")
    (here / "base.gin").write_text("train.steps = 9\n")
    (here / "only_here.gin").write_text("train.steps = 10\n")
    monkeypatch.chdir(here)
    return mine


@pytest.mark.parametrize(
    ("included", "steps"),
    [
        ("part.gin", 7),  # beside it
        ("./part.gin", 7),
        ("only_here.gin", 10),  # neither beside it nor shipped
        ("{here}/part.gin", 8),
    ],
)
def test_a_file_includes_what_lies_beside_it(elsewhere, included, steps):
    included = included.format(here=elsewhere.parent / "here")
    (elsewhere / "a.gin").write_text(f"include 'b.gin'\n  include \"{included}\"\n")
    (elsewhere / "b.gin").write_text("include 'digits.gin'\n# include 'nothing.gin'\n")
    assert f"train.steps = {steps}" in gin_files.load(elsewhere / "a.gin")


def test_what_shipped_files_include_is_shipped(elsewhere):
    """A file of that name in the current folder, or beside the user's own, is another thing."""
    text = gin_files.load("digits")
    assert "train.steps = 9" not in text
    (elsewhere / "base.gin").write_text("train.steps = 11\n")
    (elsewhere / "a.gin").write_text("include 'digits.gin'\n")
    assert gin_files.load(elsewhere / "a.gin") == text
    (elsewhere / "a.gin").write_text("include 'base.gin'\n")
    assert "train.steps = 11" in gin_files.load(elsewhere / "a.gin")
    assert "train.steps = 9" in gin_files.load("digits", ["include 'base.gin'"])


def test_the_home_folder_is_known_to_gin_too(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.gin").write_text("include '~/b.gin'\n")
    (tmp_path / "b.gin").write_text("train.steps = 12\n")
    assert "train.steps = 12" in gin_files.load("~/a.gin")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("include 'nowhere.gin'\n", "nowhere.gin"),
        ("include 'a.gin'\n", "recursion"),
        ("train.steps = \n", r"a\.gin.*line 1"),
        ("include 3\n", r"Expected file path.*line 1"),
    ],
)
def test_a_file_that_is_wrong_is_answered_in_a_line(tmp_path, text, words):
    path = tmp_path / "a.gin"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        gin_files.load(path)
    assert "\n" not in str(caught.value)


def test_later_bindings_win_and_the_merged_text_can_be_read_again():
    text = gin_files.load("digits", ["train.steps = 1", "train.steps = 2", "D_MODEL = 16"])
    assert gin_files.restore(text) == text
    assert "train.steps = 2" in text


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("trian.steps = 3", "trian"),
        ("train.stepz = 3", "stepz"),
        ("train.steps = ", "train.steps ="),
        ("train.steps", "train.steps"),
        ("transformer.vocab_size = 3", "vocab_size"),
        ("reformer.length = 3", "length"),
        ("model.grid = 3", "grid"),
        ("train.data = 3", "data"),
        ("include 'nowhere.gin'", "nowhere.gin"),
    ],
)
def test_a_binding_of_nothing_is_answered_in_a_line(binding, words):
    with pytest.raises(ConfigError) as caught:
        gin_files.load("digits", [binding])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_file_is_answered_with_the_shipped_ones():
    with pytest.raises(ConfigError, match=r"no gin file 'digit'; known: .*Did you mean digits.gin"):
        gin_files.load("digit")


def test_a_number_that_is_still_owed_is_named():
    gin_files.load("base")
    with pytest.raises(ConfigError, match=r"transformer\.\w+ has no value yet"):
        configurables.language_model(TINY)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("D_MODEL = '16'", r"transformer.d_model = '16' is no int"),
        ("DROPOUT = None", r"transformer.dropout = None is no float"),
        ("model.kind = 3", r"model.kind = 3 is no str"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(binding, words):
    gin_files.load("digits", [binding])
    with pytest.raises(ConfigError, match=words):
        configurables.language_model(TINY)


def test_whole_numbers_are_good_where_fractions_are_wanted():
    gin_files.load("digits", ["DROPOUT = 0", "LAYERS = 1"])
    assert configurables.language_model(TINY).kind == "transformer"


def test_an_unknown_model_is_answered_with_the_known_ones():
    gin_files.load("digits", ["model.kind = 'reformr'"])
    with pytest.raises(ConfigError, match="Did you mean reformer"):
        configurables.language_model(TINY)


@pytest.mark.parametrize(
    "binding",
    [
        "LSHSelfAttention.n_hashes = 2",
        "SelfAttention.chunk_len = 8",
        "TransformerLM.ff_activation = @trax.layers.Gelu",
    ],
)
def test_bindings_of_trax_are_reachable(binding):
    gin_files.load("digits", [binding])
