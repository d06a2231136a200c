"""Settings that would change nothing are named and refused, before any picture is read."""

import pytest
from click.testing import CliRunner

import pixace
from pixace import models
from pixace.cli import main
from pixace.config import gin_files, idle
from pixace.errors import ConfigError


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["LAYRS = 3"], "LAYRS is bound, and nothing uses it; did you mean LAYERS?"),
        (["DROPOT = 0.5"], "DROPOT is bound, and nothing uses it; did you mean DROPOUT?"),
        (["SIZE = 3"], "SIZE is bound, and nothing uses it; did you mean pictures.size?"),
        (["QWERTY = 3"], "QWERTY is bound, and nothing uses it; leave it out"),
        (["LSHSelfAttention.n_hashes = 2"], "LSHSelfAttention.n_hashes changes nothing here"),
        (["SelfAttention.chunk_len = 4"], "where no SelfAttention is in use"),
        (
            ["model.kind = 'reformer'", "LSHSelfAttention.chunk_len = 8"],
            "no LSHSelfAttention is in use; did you mean SelfAttention.chunk_len?",
        ),
        (["reformer.attention = 'lsh'"], "reformer.attention changes nothing here"),
        (["reformer.dropout = 0.5"], "no reformer is in use; did you mean modern.dropout?"),
        (["codebook.steps = 3"], "no codebook is in use; did you mean train.steps?"),
        (["pixace.codebook.steps = 3"], "no codebook is in use"),
        (["captions.longest = 3"], "captions.longest changes nothing without captions.use or"),
        (["captions.gaps = True"], "captions.gaps changes nothing without captions.use or"),
        (["train.drop_caption = 0.5"], "train.drop_caption changes nothing without captions.use"),
        (["train.drop_words = 0.5"], "train.drop_words changes nothing without captions.use"),
        (
            ["train.optimizer = 'adam'", "train.weight_decay = 0.5"],
            "train.weight_decay changes nothing",
        ),
    ],
    ids=str,
)
def test_what_changes_nothing_is_refused_with_what_may_be_meant(lines, words):
    bound = gin_files.load("digits", lines)
    with pytest.raises(ConfigError) as caught:
        idle.refuse(bound, "train")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["LAYERS = 3", "modern.d_ff = 8"],
        ["STEPS = 3", "train.steps = %STEPS"],
        ["ONE = 3", "OTHER = %ONE", "train.steps = %OTHER"],
        ["captions.longest = 3", "captions.templates = ['a {label}']"],
        ["train.weight_decay = 0.5"],
        ["model.kind = 'reformer'", "SelfAttention.chunk_len = 8"],
        ["model.kind = 'reformer'", "reformer.attention = 'lsh'", "LSHSelfAttention.n_hashes = 2"],
    ],
    ids=str,
)
def test_what_changes_something_is_not(lines):
    idle.refuse(gin_files.load("digits", lines), "train")


@pytest.mark.parametrize("name", gin_files.shipped())
def test_no_shipped_file_binds_what_changes_nothing(name):
    if name.startswith("codebook"):
        idle.refuse(gin_files.load(name), "codebook")
        return
    for kind in models.KINDS:
        idle.refuse(gin_files.load(name, [f"model.kind = {kind!r}"]), "train")


def test_a_macro_that_no_file_uses_is_refused(tmp_path):
    mine = tmp_path / "mine.gin"
    mine.write_text("transformer.d_model = 8\ntransformer.n_heads = 2\n")
    with pytest.raises(ConfigError, match=r"LAYERS is bound, and .*mean transformer\.n_layers\?"):
        idle.refuse(gin_files.load(mine, ["LAYERS = 3"]), "train")


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
