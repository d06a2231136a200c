"""gin: what is found, what is refused, and that what was merged can be read again."""

import pytest

from pixace import models, tokenizers
from pixace.api.building import language_model
from pixace.config import gin_files, parts
from pixace.errors import ConfigError
from pixace.tokenizers import vq

CODEBOOKS = [name for name in gin_files.shipped() if name.startswith("codebook")]


@pytest.mark.parametrize("name", [name for name in gin_files.shipped() if name not in CODEBOOKS])
@pytest.mark.parametrize("kind", models.KINDS)
def test_every_shipped_file_says_all_that_a_model_needs(name, kind):
    """Built at the file's own width, with as few layers as prove it."""
    bound = gin_files.load(name, [f"model.kind = {kind!r}", "LAYERS = 1"])
    assert "train.steps" in bound.values
    side = int(parts.pictures(bound.values).size or 32)
    tokenizer = tokenizers.by_spec(f"pixel size={side}x{side} colors=grey:4 order=raster")
    assert language_model(parts.model(bound.values), tokenizer, None).kind == kind


@pytest.mark.parametrize("name", CODEBOOKS)
def test_every_shipped_codebook_file_says_all_that_a_codebook_needs(name):
    bound = gin_files.load(name)
    for key in ("codes", "downsample", "steps", "batch_size"):
        assert f"codebook.{key}" in bound.values
    how = parts.codebook(bound.values)
    vq.check(parts.pictures(bound.values).tokenizer().size, how.downsample, how.codes)


@pytest.mark.parametrize("named", ["digits", "digits.gin", "gin/digits.gin"])
def test_shipped_files_are_found_by_name(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gin_files.find(named).name == "digits.gin"


def test_a_file_of_the_users_may_include_a_shipped_one(tmp_path, caplog):
    path = tmp_path / "mine.gin"
    path.write_text("include 'digits.gin'\ntrain.steps = 7\n")
    assert "train.steps = 7" in gin_files.load(path).text
    assert not caplog.records


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
    assert f"train.steps = {steps}" in gin_files.load(elsewhere / "a.gin").text


def test_what_shipped_files_include_is_shipped(elsewhere):
    """A file of that name in the current folder, or beside the user's own, is another thing."""
    text = gin_files.load("digits").text
    assert "train.steps = 9" not in text
    (elsewhere / "base.gin").write_text("train.steps = 11\n")
    (elsewhere / "a.gin").write_text("include 'digits.gin'\n")
    assert gin_files.load(elsewhere / "a.gin").text == text
    (elsewhere / "a.gin").write_text("include 'base.gin'\n")
    assert "train.steps = 11" in gin_files.load(elsewhere / "a.gin").text
    assert "train.steps = 9" in gin_files.load("digits", ["include 'base.gin'"]).text


def test_the_home_folder_is_known_to_gin_too(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.gin").write_text("include '~/b.gin'\n")
    (tmp_path / "b.gin").write_text("train.steps = 12\n")
    assert "train.steps = 12" in gin_files.load("~/a.gin").text


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


def test_later_bindings_win_and_the_merged_text_can_be_read_again(tmp_path):
    bound = gin_files.load("digits", ["train.steps = 1", "train.steps = 2", "D_MODEL = 16"])
    assert "train.steps = 2" in bound.text
    assert gin_files.read(bound.text, place="here") == bound
    (tmp_path / "a.gin").write_text(bound.text)
    assert gin_files.load(tmp_path / "a.gin") == bound


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("trian.steps = 3", "trian"),
        ("train.stepz = 3", "train.stepz is no setting; did you mean train.steps?"),
        ("trian.steps = 3", "nothing has a setting trian.steps; did you mean train.steps?"),
        ("SelfAttention.n_heads = 3", "SelfAttention.n_heads is decided by the data or the model"),
        ("reformer.attention_settings = {}", "reformer.attention_settings is decided"),
        ("TransformerLM.ff_activation = @trax.layers.Gelu", "@trax.layers.Gelu: only numbers"),
        ("Dense.use_bias = False", "nothing has a setting Dense.use_bias"),
        ("a/train.steps = 3", "a/train.steps is for a scope"),
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


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], r"transformer\.\w+ has no value yet; set it"),
        (["train.steps = %STEPS"], r"train\.steps has no value yet, as STEPS has none; set it"),
        (["A = %B", "B = %A", "train.steps = %A"], r"train\.steps has no value yet, as . has none"),
    ],
)
def test_a_number_that_is_still_owed_is_named(lines, words):
    settings = gin_files.load("base" if not lines else "digits", lines).values
    with pytest.raises(ConfigError, match=words):
        parts.train(settings), parts.model(settings)


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ("D_MODEL = '16'", r"modern.d_model = '16' is no int"),
        ("DROPOUT = None", r"modern.dropout = None is no float"),
        ("model.kind = 3", r"model.kind = 3 is no str"),
        ("model.kind = 'reformr'", "Did you mean reformer"),
        ("modern.activation = 'Gelo'", "Did you mean Gelu"),
    ],
)
def test_a_value_that_cannot_be_is_named(binding, words):
    with pytest.raises(ConfigError, match=words):
        parts.model(gin_files.load("digits", [binding]).values)


def test_whole_numbers_are_good_where_fractions_are_wanted():
    record = parts.model(gin_files.load("digits", ["DROPOUT = 0"]).values)
    assert (record.kind, record.settings["dropout"]) == ("modern", 0)


def test_settings_of_traxs_attention_go_into_the_model():
    lines = ["model.kind = 'reformer'", "SelfAttention.chunk_len = 8", "ONE = 1"]
    full = gin_files.load("digits", [*lines, "trax.layers.SelfAttention.n_chunks_before = %ONE"])
    settings = parts.model(full.values).settings
    assert settings["attention_settings"] == {"chunk_len": 8, "n_chunks_before": 1}
    assert parts.model(parts.flat_model(parts.model(full.values))).settings == settings
    hashed = ["reformer.attention = 'lsh'", "LSHSelfAttention.n_hashes = 2"]
    settings = parts.model(gin_files.load("digits", [lines[0], *hashed]).values).settings
    assert settings["attention_settings"] == {"n_hashes": 2}
    assert (
        parts.model(gin_files.load("digits").values)
        .settings.keys()
        .isdisjoint({"attention", "attention_settings"})
    )


@pytest.mark.parametrize(
    "text", ["a = " + "(" * 5000, "a = " + "-" * 100_000 + "1", "a = '''", "\0", "a =\\", "@" * 500]
)
def test_whatever_the_parser_makes_of_a_text_is_one_line(tmp_path, text):
    (tmp_path / "a.gin").write_text(text)
    with pytest.raises(ConfigError, match=r"a\.gin cannot be bound: ") as why:
        gin_files.load(tmp_path / "a.gin")
    assert "\n" not in str(why.value)


def test_a_file_that_is_too_large_is_no_gin_file(tmp_path):
    (tmp_path / "a.gin").write_bytes(b"#" * (gin_files.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match=r"a\.gin cannot be bound: it has more than 1,048,576"):
        gin_files.load(tmp_path / "a.gin")
