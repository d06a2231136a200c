"""Trax's layers and language models, on today's JAX and without TensorFlow.

Trax 1.4.1 (2021) imports TensorFlow and TFDS at every corner, though its layers need neither: a
3 GB download and half a minute for nothing. So its packages are entered without running their
`__init__`, and while its layers are imported, TensorFlow is played by a few stand-ins. These are
gone again afterwards: a later `import tensorflow_datasets` finds the real one, and a TensorFlow
that is already there is used as it is.

Trax hands its layers to gin, whose bindings would then decide, for a whole process, what each of
them is built with. A stand-in plays gin, too: layers are plain classes, and get their arguments.

Two old habits of Trax meet new rules of JAX. They are bridged in Trax's own table of functions,
which nobody else reads; JAX itself is left as it is.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import jax
from jax.extend.random import threefry_2x32

from pixace.errors import MissingError
from pixace.layers import trax_shapes

VERSION = "1.4.1"
REMEDY = f"run: pip install --force-reinstall --no-deps trax=={VERSION}"

# Packages whose __init__ imports far more than layers and language models.
SKIPPED = ("trax", "trax.models")
MODULES = (
    "trax.layers",
    "trax.models.transformer",
    "trax.models.research.configurable_transformer",
    "trax.models.reformer.reformer",
)


def _check_version() -> None:
    """Refuses a missing Trax, and one that this bridge was not written for."""
    try:
        found = importlib.metadata.version("trax")
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found is None or importlib.util.find_spec("trax") is None:
        raise MissingError(f"Trax is not installed; {REMEDY}")
    if found != VERSION:
        raise MissingError(f"Trax {found} is installed, pixace needs {VERSION}; {REMEDY}")


class _Package(types.ModuleType):
    """A package of Trax whose `__init__` did not run: what is missing is imported when named."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return importlib.import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError as why:
            raise AttributeError(f"module {self.__name__!r} has no {name!r}: {why}") from why


def _enter(name: str) -> None:
    """Puts the package `name` into `sys.modules`, with its path but without its contents."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise MissingError(f"Trax lacks its part {name}; {REMEDY}")
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Package
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _module(name: str, **contents: Any) -> types.ModuleType:
    """A module made of `contents`."""
    module = types.ModuleType(name)
    vars(module).update(contents)
    return module


def _tensorflow() -> list[types.ModuleType]:
    """The stand-ins: as much of TensorFlow and TFDS as Trax's layers touch."""
    gfile = types.SimpleNamespace(
        GFile=open,
        exists=lambda path: Path(path).exists(),
        rename=lambda old, new, overwrite=False: Path(old).replace(new),
    )
    touched = {
        "io": types.SimpleNamespace(gfile=gfile),
        # Trax asks `isinstance(x, tf.TensorShape)`: nothing ever is.
        "TensorShape": type("TensorShape", (), {}),
        "DType": type("DType", (), {}),
    }
    v2 = _module("tensorflow.compat.v2", **touched)
    compat = _module("tensorflow.compat", __path__=[], v2=v2)
    tensorflow = _module("tensorflow", __path__=[], compat=compat, **touched)
    return [tensorflow, compat, v2, _module("tensorflow_datasets")]


def _plain(function: Any = None, **_: Any) -> Any:
    """Takes the place of gin's decorators, and leaves what they decorate as it is."""
    return _plain if function is None else function


@contextmanager
def _no_gin() -> Iterator[None]:
    """Plays gin for what Trax asks of it; other threads, which may import it now, get it whole."""

    def real(name: str) -> Any:
        if before is None:
            raise AttributeError(f"module 'gin' has no attribute {name!r} while Trax is loaded")
        return getattr(before, name)

    before = sys.modules.get("gin")
    sys.modules["gin"] = _module(
        "gin", configurable=_plain, external_configurable=_plain, __getattr__=real
    )
    try:
        yield
    finally:
        del sys.modules["gin"]
        if before is not None:
            sys.modules["gin"] = before


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Plays TensorFlow and TFDS, each only if it was not imported before."""
    added = {
        module.__name__: module
        for module in _tensorflow()
        if module.__name__.partition(".")[0] not in sys.modules
    }
    # Trax's TensorFlow backend is never used; its module would import all of TensorFlow.
    backend = _module("trax.fastmath.tf", TF_BACKEND={"name": "tensorflow-numpy"})
    if backend.__name__ not in sys.modules:
        added[backend.__name__] = backend
    sys.modules.update(added)
    try:
        yield
    finally:
        for name, module in added.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _stack() -> list[tuple[FrameType | None]]:
    """The caller's frame and the one before: what Trax takes of `inspect.stack()`.

    That function opens the source of every frame there is, and Trax asks 54 times as it loads.
    """
    own = sys._getframe(1)
    return [(own,), (own.f_back,)]


def _place(frame: FrameType) -> types.SimpleNamespace:
    """What Trax takes of `inspect.getframeinfo`."""
    return types.SimpleNamespace(filename=frame.f_code.co_filename, lineno=frame.f_lineno)


@contextmanager
def _quick_inspection() -> Iterator[None]:
    """Where a layer was defined is told without looking into files, while Trax loads and after."""
    quick = {"stack": _stack, "getframeinfo": _place}
    slow = {name: getattr(inspect, name) for name in quick}
    vars(inspect).update(quick)
    try:
        yield
    finally:
        vars(inspect).update(slow)
    namespace = types.SimpleNamespace(isclass=inspect.isclass, **quick)
    vars(sys.modules["trax.layers.assert_shape"])["inspect"] = namespace


def _cond(
    pred: Any = None,
    true_fun: Any = None,
    false_fun: Any = None,
    *operands: Any,
    true_operand: Any = None,
    false_operand: Any = None,
) -> Any:
    """`jax.lax.cond` with the keywords of 2021, one operand for each branch."""
    if operands:
        return jax.lax.cond(pred, true_fun, false_fun, *operands)
    return jax.lax.cond(
        pred,
        lambda pair: true_fun(pair[0]),
        lambda pair: false_fun(pair[1]),
        (true_operand, false_operand),
    )


def _stop_gradient(x: Any) -> Any:
    """`jax.lax.stop_gradient` that leaves Python numbers alone: Trax uses one as a shape."""
    return x if isinstance(x, int | float) else jax.lax.stop_gradient(x)


def _threefry(key: jax.Array, x: jax.Array) -> jax.Array:
    """Trax's `threefry_2x32_prf`, whose function has left `jax.random`; uint32 (..., 2)."""
    words = threefry_2x32(key, jax.numpy.moveaxis(x, -1, 0).ravel())
    return jax.numpy.moveaxis(words.reshape((2, *x.shape[:-1])), 0, -1)


def _load() -> None:
    """Imports Trax's layers and models and bridges them to today's JAX."""
    _check_version()
    with warnings.catch_warnings(), _stand_ins(), _no_gin(), _quick_inspection():
        # Today's Python warns at "\m" in a docstring and at `x is not ()`, once, as it compiles.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
        if "trax" not in sys.modules:  # else the user has imported all of it
            for name in SKIPPED:
                _enter(name)
        for name in MODULES:
            importlib.import_module(name)
    backend = sys.modules["trax.fastmath.jax"].JAX_BACKEND
    backend["cond"] = _cond
    backend["stop_gradient"] = _stop_gradient
    vars(sys.modules["trax.layers.research.position_encodings"])["threefry_2x32_prf"] = _threefry


_load()

fastmath: Any = sys.modules["trax.fastmath"]
layers: Any = sys.modules["trax.layers"]
shapes: Any = sys.modules["trax.shapes"]

TransformerLM: Any = sys.modules["trax.models.transformer"].TransformerLM
ConfigurableTransformerLM: Any = sys.modules[
    "trax.models.research.configurable_transformer"
].ConfigurableTransformerLM
ReformerLM: Any = sys.modules["trax.models.reformer.reformer"].ReformerLM

Dense: Any = sys.modules["trax.layers.core"].Dense
Dropout: Any = sys.modules["trax.layers.core"].Dropout
AxialPositionalEncoding: Any = sys.modules[
    "trax.layers.research.position_encodings"
].AxialPositionalEncoding
DotProductCausalAttention: Any = sys.modules["trax.layers.attention"].DotProductCausalAttention
LSHSelfAttention: Any = sys.modules["trax.layers.research.efficient_attention"].LSHSelfAttention
ReversibleLayer: Any = sys.modules["trax.layers.reversible"].ReversibleLayer
ReversibleSerial: Any = sys.modules["trax.layers.reversible"].ReversibleSerial
ReversibleHalfResidual: Any = sys.modules["trax.layers.reversible"].ReversibleHalfResidual
LayerNorm: Any = sys.modules["trax.layers.normalization"].LayerNorm
forward_and_or_backward: Any = sys.modules["trax.layers.reversible"]._forward_and_or_backward

_base, _combinators = (sys.modules[f"trax.layers.{name}"] for name in ("base", "combinators"))
trax_shapes.bridge(_base, _combinators, (Dropout, LayerNorm, ReversibleHalfResidual))
