"""Trax's own tests, which its wheel carries, pass under our bridge.

One test here runs one module of theirs and compares the names of what failed with `FAILS`, both
ways: a test that is named there and passes is an error of the table.

Those of layers that no model of ours is made of, and those of ours that take gigabytes, are left to
`bin/check --long`.
"""

import importlib
import io
import sys
import types
import unittest
from pathlib import Path

import jax
import memory
import pytest
from absl import flags
from absl.testing import absltest

import pixace.layers.trax_bridge

MODULES = (
    "fastmath.ops_test",
    "layers.acceleration_test",
    "layers.activation_fns_test",
    "layers.assert_shape_test",
    "layers.base_test",
    "layers.convolution_test",
    "layers.deconvolution_test",
    "layers.initializers_test",
    "layers.metrics_test",
    "layers.normalization_test",
    "layers.pooling_test",
    "layers.research.rel_attention_test",
    "layers.research.rotary_positional_embedding_test",
    "layers.reversible_test",
    "layers.test_utils_test",
    "shapes_test",
)
SLOW = (
    "layers.attention_test",
    "layers.combinators_test",
    "layers.core_test",
    "layers.research.efficient_attention_test",
    "models.reformer.reformer_test",
    "models.transformer_test",
)
LONG = (
    "layers.research.position_encodings_test",
    "layers.research.sparsity_test",
    "layers.rnn_test",
    "models.research.configurable_transformer_test",
)
ACCELERATOR = "fills the memory of an accelerator: minutes, and gigabytes, on a processor"
LEFT_OUT = {
    "layers.acceleration_test.AccelerationTest.test_chunk_grad_memory": ACCELERATOR,
    "layers.acceleration_test.AccelerationTest.test_chunk_memory": ACCELERATOR,
    "models.reformer.reformer_e2e_test": "tests Trax's trainer, which needs TensorFlow",
    "models.reformer.reformer_memory_test": ACCELERATOR,
}
EFFICIENT = "layers.research.efficient_attention_test.EfficientAttentionTest"
HEAVY = {
    f"{EFFICIENT}.test_batching_lsh_self_attention",
    f"{EFFICIENT}.test_batching_self_attention",
    f"{EFFICIENT}.test_fast_inference_self_attention",
    "models.reformer.reformer_test.ReformerTest.test_reformer_lm_lsh",
}

GIN = "chooses NumPy by a binding of gin's, which does not reach Trax: its layers are told all"
TENSORFLOW = "tests the TensorFlow backend"
FAILS = {
    "fastmath.ops_test.BackendTest.test_backend_imports_correctly": GIN,
    "fastmath.ops_test.BackendTest.test_numpy_backend_delegation": GIN,
    "fastmath.ops_test.BackendTest.test_fori_loop_tensorflow-numpy": TENSORFLOW,
    "layers.core_test.CoreFunctionsTest.test_log_gaussian_pdf": (
        "jax.numpy.linalg.solve takes many vectors at once for a matrix since NumPy 2; "
        "no language model uses the function"
    ),
    "layers.initializers_test.InitializersTest.test_from_file": (
        "compares float64 with what jax.numpy.load has rounded to float32"
    ),
    "layers.normalization_test.BatchNormTest.test_forward_dtype_tf32": TENSORFLOW,
    "layers.normalization_test.BatchNormTest.test_forward_dtype_tf64": TENSORFLOW,
    "layers.normalization_test.LayerNormTest.test_forward_dtype_tf32": TENSORFLOW,
    "layers.normalization_test.LayerNormTest.test_forward_dtype_tf64": TENSORFLOW,
    f"{EFFICIENT}.test_self_attention_tf": TENSORFLOW,
}


def _expand(cases):
    """The third-party `parameterized.expand`: here one test that goes through all cases."""

    def wrap(test):
        def through_all(self):
            for case in cases:
                with self.subTest(case):
                    test(self, *case)

        return through_all

    return wrap


def _parameterized_class(settings):
    """The third-party `parameterized_class`: one class for each of the settings."""

    def wrap(base):
        for number, setting in enumerate(settings):
            name = f"{base.__name__}_{number}"
            made = type(name, (base,), {**setting, "__module__": base.__module__})
            setattr(sys.modules[base.__module__], name, made)

    return wrap


@pytest.fixture
def stand_ins(monkeypatch):
    """What Trax's tests import and we do not have; gone again after the test."""

    class TestCase(absltest.TestCase):
        """`tensorflow.test.TestCase`, as far as these tests use it."""

        def assertAllClose(self, a, b, rtol=1e-6, atol=1e-6):  # noqa: N802  TensorFlow's name
            for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
                jax.numpy.allclose(one, other, rtol, atol) or self.fail(f"{one} is not {other}")

    modules = {
        "tensorflow": {"test": types.SimpleNamespace(TestCase=TestCase)},
        "jax.config": {"config": jax.config},
        "parameterized": {
            "parameterized_class": _parameterized_class,
            "parameterized": types.SimpleNamespace(expand=_expand),
        },
        "trax.supervised": {"__path__": [f"{sys.modules['trax'].__path__[0]}/supervised"]},
    }
    for name, contents in modules.items():
        module = types.ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("map", "structure"):
        monkeypatch.setattr(jax, f"tree_{name}", getattr(jax.tree, name), raising=False)


class Frugal(unittest.TextTestResult):
    """Keeps the process small from one of their tests to the next."""

    def stopTest(self, test):  # noqa: N802  unittest's name
        super().stopTest(test)
        memory.drop_programs_if_large()


def each_of(tests):
    """The tests of a suite, one by one, by their names."""
    for part in tests:
        if isinstance(part, unittest.TestSuite):
            yield from each_of(part)
        else:
            yield part.id().removeprefix("trax."), part


def files():
    """Trax's test modules of layers, of the two language models and of what they stand on."""
    root = Path(pixace.layers.trax_bridge.layers.__file__).parents[1]
    places = ("layers/**", "models/reformer", "fastmath")
    found = [path for place in places for path in root.glob(f"{place}/*_test.py")]
    return {".".join(path.relative_to(root).with_suffix("").parts) for path in found}


def test_no_module_of_theirs_is_forgotten():
    others = {"models.transformer_test", "models.research.configurable_transformer_test"}
    modules = {name for name in LEFT_OUT if name.endswith("_test")}
    assert files() | others | {"shapes_test"} == {*MODULES, *SLOW, *LONG, *modules}


@pytest.fixture
def failed(stand_ins):
    """Runs those tests of a module that are chosen by name, and says which failed otherwise.

    Gives the texts of failures that `FAILS` does not name, and the names there that passed.
    """

    def run(module, is_chosen):
        flags.FLAGS.unparse_flags()
        flags.FLAGS(["trax"])
        # Some of them compare with numbers that were drawn before JAX changed how it draws.
        with jax.threefry_partitionable(False):
            loaded = importlib.import_module(f"trax.{module}")
            every = each_of(unittest.defaultTestLoader.loadTestsFromModule(loaded))
            tests = {name: test for name, test in every if is_chosen(name)}
            assert tests
            runner = unittest.TextTestRunner(io.StringIO(), resultclass=Frugal)
            result = runner.run(unittest.TestSuite(tests.values()))
        told = dict(result.failures + result.errors)
        told = {test.id().removeprefix("trax."): text for test, text in told.items()}
        unexpected = [text for name, text in told.items() if name not in FAILS]
        return unexpected, FAILS.keys() & tests.keys() - told.keys()

    return run


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "module", [*MODULES, *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)]
)
def test_their_tests_fail_only_where_the_table_says(module, failed):
    unexpected, mended = failed(module, lambda name: name not in {*LEFT_OUT, *HEAVY})
    assert not unexpected, "\n\n".join(unexpected)
    assert not mended, f"these pass now; take them out of FAILS: {mended}"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", [*LONG, *sorted({name.rsplit(".", 2)[0] for name in HEAVY})])
def test_their_heavy_tests_pass(module, failed):
    unexpected, mended = failed(module, lambda name: module in LONG or name in HEAVY)
    assert not unexpected, "\n\n".join(unexpected)
    assert not mended, f"these pass now; take them out of FAILS: {mended}"
