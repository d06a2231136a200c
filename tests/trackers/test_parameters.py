"""Parameters: what is bound, flat, as gin writes it."""

import pytest

from pixace.config import gin_files
from pixace.errors import ConfigError
from pixace.trackers.parameters import parameters


def test_macros_are_replaced_and_left_out():
    found = parameters(gin_files.load("digits", ["train.steps = 7"]))
    assert found["train.steps"] == "7"
    assert found["transformer.d_model"] == "96"
    assert found["transformer.positions"] == "'axial'"
    assert "D_MODEL" not in found


def test_long_values_are_one_parameter():
    scheme = "palette:" + "0123456789abcdef" * 20
    text = gin_files.restore(f"pictures.colors = '{scheme}'\npictures.size = 4\n")
    found = parameters(text)
    assert found.keys() == {"pictures.colors", "pictures.size"}
    assert eval(found["pictures.colors"]) == scheme


def test_a_macro_of_itself_ends():
    assert parameters("A = %B\nB = %A\ntrain.steps = %A\n")["train.steps"] in ("%A", "%B")


def test_what_is_no_binding_is_refused():
    with pytest.raises(ConfigError, match=r"holds 'import x\.y'"):
        parameters("# a.b = 1\nimport x.y\n\na.b = 2\n")
    assert parameters("# a.b = 1\n\na.b = 2\n") == {"a.b": "2"}
