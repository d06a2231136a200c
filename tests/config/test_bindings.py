"""Bindings are plain values: what is read, and that nothing else is, whoever wrote it."""

import builtins
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pixace
from pixace.config import gin_files, parts
from pixace.config.bindings import Bindings, Macro
from pixace.errors import ConfigError, PixaceError
from pixace.runs import model_file
from pixace.runs.description import ModelRecord

MACROS = st.from_regex(r"[a-zA-Z_][a-zA-Z_0-9]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("import", "include", "from")
)
NAMES = st.sampled_from(sorted(parts.defaults(["train", "pictures", "captions", "reformer"])))
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=5,
)
SIZES = {"d_model": 8, "d_ff": 16, "n_layers": 1, "n_heads": 2}
REFERENCES = st.sampled_from(["A", "gin.REQUIRED"]).map(Macro)


@given(st.dictionaries(NAMES | MACROS, PLAIN | REFERENCES, max_size=5))
def test_what_is_written_is_read(bound):
    assert gin_files.read(Bindings(bound).text, place="here").written == bound


def test_long_texts_lists_macros_and_comments_are_read():
    templates = ["a {label}, \"x\" 'y' # no", "b" * 120 + "{label}"]
    lines = [f"captions.templates = {templates!r}", "# a = 3", "DROPOUT = 0.5"]
    text = gin_files.load("digits", lines).text
    bound = gin_files.read(text, place="here")
    assert bound.values["captions.templates"] == templates
    assert bound.written["transformer.dropout"] == Macro("DROPOUT")
    assert bound.values["transformer.dropout"] == 0.5


def test_macros_of_macros_are_resolved_and_circles_end():
    bound = gin_files.read(
        "A = %B\nB = %A\nC = %D\nD = 3\ntrain.steps = %C\ntrain.seed = %A\ntrain.keep = %E\n",
        place="here",
    )
    assert bound.values["train.steps"] == 3
    assert bound.values["train.keep"] == Macro("E")
    assert bound.values["train.seed"].name in ("A", "B")


def test_parts_may_be_bound_in_blocks():
    bound = gin_files.read("train:\n  steps = 3\n  seed = 4\n", place="here")
    assert bound.values == {"train.steps": 3, "train.seed": 4}


HARMFUL = [
    "from __gin__ import dynamic_registration",
    "import os",
    "import this",
    "include '/etc/passwd'",
    "include.it = '/etc/passwd'",
    "train.steps = @subprocess.getoutput()",
    "train.steps = @trax.layers.Gelu()",
    "train.steps = @pixace.train",
    "train.steps = [@trax.layers.Gelu]",
    "train.steps = [%A]",
    "train.steps = %A()",
    "train.steps = __import__('os')",
    "train.steps = 1 if True else 2",
    "train.steps = f'{1}'",
    "train.steps = b'1'",
    "train.steps = 1e999",
    "train.steps = " + "[" * 5000,
    "train.steps = " + "-" * 9000 + "1",
    "train.steps = 1" + "0" * 5000,
    "train.steps = 1; import os",
    "train.steps = 1\n    import os",
    "train.steps =",
    "train.steps",
    "train.steps = 1\\\n",
    "subprocess.getoutput.cmd = 'id'",
]


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: text[:30])
def test_all_else_is_refused_in_a_line(text):
    sys.modules.pop("this", None)
    with pytest.raises(ConfigError, match=r"^FILE cannot be bound") as caught:
        gin_files.read(text, place="FILE")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert "this" not in sys.modules


@pytest.fixture
def stranger(tiny_outcome, tmp_path):
    """Makes model files that say something else than they did."""

    def made(**changes):
        flat, described = model_file.read(tiny_outcome.run.path)
        path = tmp_path / "stranger.safetensors"
        model_file.save(path, flat, replace(described, **changes))
        return path

    return made


@pytest.fixture
def opened(monkeypatch):
    """The names of all files that are opened from now on."""
    names = []
    usual = builtins.open

    def spy(file, *args, **kwargs):
        names.append(str(file))
        return usual(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", spy)
    return names


def test_a_model_file_opens_no_other_file(stranger, tmp_path, opened):
    secret = tmp_path / "secret.npy"
    secret.write_text("train.steps = 1")
    with pytest.raises(PixaceError, match="names a file"):
        pixace.load(stranger(tokenizer=f"pixel size=4x4 colors=palette:{secret} order=raster"))
    assert str(secret) not in opened


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_layers": "@subprocess.getoutput()"}, "transformer.n_layers = .* is no int"),
        ({"activation": "Serial"}, "no activation 'Serial'"),
        ({"activation": "__import__"}, "no activation"),
        ({"mode": "train"}, "no setting of transformer 'mode'"),
        ({"words": 3}, "transformer.words is decided by the pictures"),
        ({"dropout": 2}, "transformer.dropout = 2 is outside"),
        ({"d_model": None}, "transformer.d_model = None is no int"),
    ],
    ids=str,
)
def test_a_model_of_a_stranger_is_looked_at_field_by_field(stranger, settings, words):
    with pytest.raises(PixaceError, match=rf"stranger.* no model that can be built: {words}"):
        pixace.load(stranger(model=ModelRecord("transformer", SIZES | settings)))


def test_a_run_is_not_begun_with_what_is_not_plain(tiny_pictures, tmp_path):
    mine = tmp_path / "mine.gin"
    mine.write_text("include 'digits.gin'\ntrain.steps = @trax.models.ReformerLM()\n")
    with pytest.raises(ConfigError, match=r"mine\.gin cannot be bound: @trax\.models\.Ref"):
        pixace.train(tiny_pictures, gin=mine, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
