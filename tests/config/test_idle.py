"""Settings that would change nothing are named and refused, before any picture is read."""

import pytest
from click.testing import CliRunner

import pixace
from pixace import tokenizers
from pixace.cli import main
from pixace.config import configurables, gin_files
from pixace.errors import ConfigError

TRAIN = gin_files.parts("train", "transformer")
TINY = tokenizers.by_spec("pixel size=4x4 colors=grey:4 order=raster")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["LAYRS = 3"], "LAYRS is bound, and nothing uses it; did you mean LAYERS?"),
        (["DROPOT = 0.5"], "DROPOT is bound, and nothing uses it; did you mean DROPOUT?"),
        (["SIZE = 3"], "SIZE is bound, and nothing uses it; did you mean pictures.size?"),
        (["QWERTY = 3"], "QWERTY is bound, and nothing uses it; leave it out"),
        (["a/train.steps = 3"], "a/train.steps is for a scope"),
        (["reformer.attention = 'lsh'"], "reformer.attention changes nothing here"),
        (["reformer.dropout = 0.5"], "no reformer is in use; did you mean transformer.dropout?"),
        (["codebook.steps = 3"], "no codebook is in use; did you mean train.steps?"),
        (["pixace.codebook.steps = 3"], "no codebook is in use"),
        (["captions.longest = 3"], "captions.longest changes nothing without captions.use or"),
        (["captions.gaps = True"], "captions.gaps changes nothing without captions.use or"),
        (["train.drop_caption = 0.5"], "train.drop_caption changes nothing without captions.use"),
        (
            ["train.optimizer = 'adam'", "train.weight_decay = 0.5"],
            "train.weight_decay changes nothing",
        ),
    ],
    ids=str,
)
def test_what_changes_nothing_is_refused_with_what_may_be_meant(lines, words):
    text = gin_files.load("digits", lines)
    with pytest.raises(ConfigError) as caught:
        gin_files.refuse_idle(text, TRAIN)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["LAYERS = 3", "transformer.d_ff = 8"],
        ["STEPS = 3", "train.steps = %STEPS"],
        ["ONE = 3", "OTHER = %ONE", "train.steps = %OTHER"],
        ["captions.longest = 3", "captions.templates = ['a {label}']"],
        ["train.weight_decay = 0.5"],
        ["LSHSelfAttention.n_hashes = 2"],  # Trax's, of which the model itself tells
    ],
    ids=str,
)
def test_what_changes_something_is_not(lines):
    gin_files.refuse_idle(gin_files.load("digits", lines), TRAIN)


@pytest.mark.parametrize("name", gin_files.shipped())
def test_no_shipped_file_binds_what_changes_nothing(name):
    text = gin_files.load(name)
    command = "codebook" if name.startswith("codebook") else "train"
    for kind in ("transformer", "reformer"):
        gin_files.refuse_idle(text, gin_files.parts(command, kind))


def test_a_macro_that_no_file_uses_is_refused(tmp_path):
    mine = tmp_path / "mine.gin"
    mine.write_text("transformer.d_model = 8\ntransformer.n_heads = 2\n")
    with pytest.raises(ConfigError, match=r"LAYERS is bound, and .*mean transformer\.n_layers\?"):
        gin_files.refuse_idle(gin_files.load(mine, ["LAYERS = 3"]), TRAIN)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["LSHSelfAttention.n_hashes = 2"], "LSHSelfAttention.n_hashes is bound, and this model"),
        (["SelfAttention.chunk_len = 4"], "SelfAttention.chunk_len is bound, and"),
        (
            ["TransformerLM.ff_activation = @trax.layers.Gelu"],  # axial positions: another model
            "TransformerLM.ff_activation is bound, and",
        ),
        (["model.kind = 'reformer'", "SelfAttention.n_heads = 3"], "SelfAttention.n_heads is"),
    ],
    ids=str,
)
def test_settings_of_trax_that_the_model_never_asks_for_are_refused(lines, words):
    text = gin_files.load("digits", lines)
    configurables.language_model(TINY)
    with pytest.raises(ConfigError) as caught:
        gin_files.refuse_idle_of_trax(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        ["POSITIONS = 'learned'", "TransformerLM.ff_activation = @trax.layers.Gelu"],
        ["model.kind = 'reformer'", "SelfAttention.chunk_len = 8"],
        ["model.kind = 'reformer'", "reformer.attention = 'lsh'", "LSHSelfAttention.n_hashes = 2",
         "LSHSelfAttention.chunk_len = 8"],
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_trax_that_the_model_asks_for_are_not(lines):
    text = gin_files.load("digits", lines)
    configurables.language_model(TINY)
    gin_files.refuse_idle_of_trax(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "nowhere", "--set", "LAYRS=3"],
        ["codebook", "nowhere", "--set", "train.steps=3"],
        ["codebook", "nowhere", "--set", "pictures.order='column'"],
    ],
    ids=" ".join,
)
def test_the_command_line_refuses_before_it_reads_pictures(arguments, tmp_path):
    said = CliRunner().invoke(main, [*arguments, "--runs", str(tmp_path)])
    assert said.exit_code == 1
    assert "nowhere" not in said.output
    assert "nothing" in said.stderr
    assert not list(tmp_path.iterdir())


def test_going_on_refuses_the_same(tiny_outcome):
    with pytest.raises(ConfigError, match=r"LAYRS is bound"):
        pixace.resume(tiny_outcome.run.path, steps=9, bindings=["LAYRS = 3"])
