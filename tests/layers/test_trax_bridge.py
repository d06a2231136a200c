"""The bridge to Trax: nothing of TensorFlow, nothing left behind, clear words when it cannot."""

import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pixace.errors import MissingError
from pixace.layers import trax_bridge


def python(code, **environment):
    """Runs `code` in a new process in which every warning is an error; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loads_without_warning_and_leaves_no_stand_in(tmp_path):
    """With no byte code at hand, as after an installation: Trax's source is compiled anew."""
    code = (
        "import sys, pixace.layers.trax_bridge;"
        "print({name.partition('.')[0] for name in sys.modules} & {'tensorflow', "
        "'tensorflow_datasets', 'tensorflow_text'}, 'trax.fastmath.tf' in sys.modules)"
    )
    assert python(code, PYTHONPYCACHEPREFIX=str(tmp_path)) == "set() False\n"


def test_tensorflow_datasets_is_the_real_one_afterwards():
    pytest.importorskip("tensorflow_datasets")
    assert python(
        "import warnings, pixace.layers.trax_bridge; warnings.simplefilter('ignore');"
        "import tensorflow_datasets as tfds; print(hasattr(tfds, 'builder'))"
    ).endswith("True\n")


def test_a_tensorflow_that_is_there_stays_as_it_is():
    code = """
import sys, types
names = "tensorflow", "tensorflow.compat", "tensorflow.compat.v2"
real = {name: types.ModuleType(name) for name in names}
tensorflow = real["tensorflow"]
tensorflow.compat, real["tensorflow.compat"].v2 = real["tensorflow.compat"], tensorflow
tensorflow.TensorShape = tensorflow.DType = type("Real", (), {})
before = dict(vars(tensorflow))
sys.modules.update(real)
import pixace.layers.trax_bridge
assert all(sys.modules[name] is module for name, module in real.items())
assert vars(tensorflow) == before
assert sys.modules["trax.shapes"].tf is tensorflow
assert "tensorflow_datasets" not in sys.modules
"""
    python(code)


def test_jax_is_left_as_it_is():
    code = """
import jax, jax.numpy, jax.random
from jax.extend import random
places = jax, jax.lax, jax.numpy, jax.random
before = [{name: id(thing) for name, thing in vars(place).items()} for place in places]
import pixace.layers.trax_bridge
for place, was in zip(places, before):
    assert all(id(vars(place)[name]) == thing for name, thing in was.items()), place
"""
    python(code)


def test_trax_that_is_loaded_already_is_used_as_it_is():
    layers, model = trax_bridge.layers, trax_bridge.TransformerLM
    again = importlib.reload(trax_bridge)
    assert again.layers is layers
    assert again.TransformerLM is model


def test_other_parts_of_trax_can_be_imported_later():
    module = sys.modules["trax"]
    assert module.shapes is trax_bridge.shapes
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        _ = module.nonsense


def test_another_version_is_refused_with_the_command_that_helps(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.3.9")
    with pytest.raises(MissingError, match=r"Trax 1.3.9 .* needs 1.4.1; run: pip install"):
        trax_bridge._check_version()


def test_a_missing_trax_is_named_with_the_command_that_helps(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(MissingError, match=r"not installed; run: pip install .*--no-deps trax==1"):
        trax_bridge._check_version()


def test_gin_decides_nothing_and_is_left_as_it_was():
    code = (
        "import sys{first}; from pixace.layers import trax_bridge; "
        "print('gin' in sys.modules, trax_bridge.layers.Dense is trax_bridge.Dense); "
        "import gin; gin.parse_config('A = 3'); print(gin.query_parameter('%A'))"
    )
    assert python(code.format(first="")) == "False True\n3\n"
    assert python(code.format(first=", gin")) == "True True\n3\n"


def test_who_imports_gin_while_trax_is_loaded_gets_it_whole():
    import gin

    with trax_bridge._no_gin():
        assert sys.modules["gin"] is not gin
        from gin import parse_config

        assert sys.modules["gin"].query_parameter is gin.query_parameter
    assert parse_config is gin.parse_config
    assert sys.modules["gin"] is gin


def test_cond_takes_the_keywords_of_2021():
    keywords = {"true_fun": lambda x: x + 1, "false_fun": lambda x: x - 1}
    for chosen, expected in ((True, 11), (False, 19)):
        assert (
            trax_bridge._cond(pred=chosen, true_operand=10, false_operand=20, **keywords)
            == expected
        )
        assert trax_bridge._cond(chosen, *keywords.values(), 15) == (16 if chosen else 14)


def test_threefry_is_the_cipher_that_it_was():
    """The third known answer of Salmon et al. 2011 (Random123's kat_vectors)."""
    key = jnp.array([0x13198A2E, 0x03707344], jnp.uint32)
    counter = jnp.array([[0x243F6A88, 0x85A308D3]], jnp.uint32)
    expected = np.array([[0xC4923A9C, 0x483DF7A0]], np.uint32)
    np.testing.assert_array_equal(jax.jit(trax_bridge._threefry)(key, counter), expected)
