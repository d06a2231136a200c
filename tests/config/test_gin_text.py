"""Bindings as plain values: what is read, and that nothing else is, whoever wrote it."""

import builtins
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pixace
from pixace.config import gin_files
from pixace.errors import ConfigError, PixaceError
from pixace.runs import model_file
from pixace.storage import gin_text

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z_0-9]{0,8}(\.[a-z_]{1,8})?", fullmatch=True).filter(
    lambda name: name not in ("import", "include", "from")
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=5,
)
REFERENCES = st.sampled_from(["%A", "%gin.REQUIRED", "@trax.layers.Gelu"]).map(gin_text.Reference)


@given(st.dictionaries(NAMES, PLAIN | REFERENCES, max_size=5))
def test_what_is_written_is_read(bound):
    assert gin_text.read(gin_text.written(bound), "here") == bound


def test_what_gin_writes_is_read():
    """Long texts, lists over several lines, macros, comments."""
    templates = ["a {label}, \"x\" 'y' # no", "b" * 120 + "{label}"]
    text = gin_files.load("digits", [f"captions.templates = {templates!r}", "DROPOUT = 0.5"])
    bound = gin_text.read(text, "here")
    assert bound["captions.templates"] == templates
    assert bound["transformer.dropout"] == gin_text.Reference("%DROPOUT")
    assert gin_text.resolved(bound)["transformer.dropout"] == 0.5


def test_macros_of_macros_are_resolved_and_circles_end():
    bound = gin_text.read("A = %B\nB = %A\nC = %D\nD = 3\nx.y = %C\nx.z = %A\nx.w = %E\n", "here")
    found = gin_text.resolved(bound)
    assert (found["x.y"], found["x.w"]) == (3, gin_text.Reference("%E"))
    assert gin_text.macro(found["x.z"]) in ("A", "B")


HARMFUL = [
    "from __gin__ import dynamic_registration",
    "import os",
    "import this",
    "include '/etc/passwd'",
    "include = '/etc/passwd'",
    "train.steps = @subprocess.getoutput()",
    "train.steps = @trax.layers.Gelu()",
    "train.steps = @pixace.train",
    "train.steps = [@trax.layers.Gelu]",
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
    " train.steps = 1",
    "train.steps = 1\\\n",
    "x" * (gin_text.LONGEST + 1),
]


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: text[:30])
def test_all_else_is_refused_in_a_line(text):
    with pytest.raises(ConfigError, match=r"^FILE (holds|has settings)") as caught:
        gin_text.read(text, "FILE")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


ATTACK = """from __gin__ import dynamic_registration
import subprocess
import this
import pixace.models
subprocess.getoutput.cmd = 'id > {place}'
pixace.models.transformer.n_layers = @subprocess.getoutput()
"""


@pytest.fixture
def stranger(tiny_outcome, tmp_path):
    """Makes model files that say something else than they did."""

    def made(**changes):
        from dataclasses import replace

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


def test_a_model_file_runs_nothing(stranger, tmp_path):
    sys.modules.pop("this", None)
    path = stranger(config=ATTACK.format(place=tmp_path / "PWNED"))
    with pytest.raises(PixaceError, match=r"stranger.* holds 'from __gin__ import") as caught:
        pixace.load(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "PWNED").exists()
    assert "this" not in sys.modules


def test_a_model_file_opens_no_other_file(stranger, tmp_path, opened):
    secret = tmp_path / "secret.npy"
    secret.write_text("train.steps = 1")
    with pytest.raises(PixaceError, match='holds "include'):
        pixace.load(stranger(config=f"include '{secret}'\n"))
    with pytest.raises(PixaceError, match="names a file"):
        pixace.load(stranger(tokenizer=f"pixel size=4x4 colors=palette:{secret} order=raster"))
    assert str(secret) not in opened


def test_a_run_that_cannot_be_read_again_is_not_begun(tiny, tiny_pictures, tmp_path):
    """What a user's own file refers to would not come back out of the model file."""
    mine = tmp_path / "mine.gin"
    mine.write_text("include 'digits.gin'\ntrain.steps = @trax.models.ReformerLM()\n")
    with pytest.raises(ConfigError, match=r"holds 'train\.steps = @trax\.models\.Ref"):
        pixace.train(tiny_pictures, gin=mine, root=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
