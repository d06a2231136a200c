"""What all tests share: the processor, a cache of their own, and the smallest of everything.

A test that takes more than about 5 seconds is marked `slow`; `bin/check --fast` leaves it out.
"""

import os
import re
import signal
import tempfile
from pathlib import Path

import jaxtyping
import memory
import pytest
from hypothesis import settings

# Before anything imports JAX. Two test processes on one GPU would fight for its memory.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A program compiled once serves all later tests, of all test processes and what they start, as the
# command line keeps them from one start to the next: a training of the tiniest model is all
# compiling. The first process makes the folder, those of xdist inherit its name.
if "PYTEST_XDIST_WORKER" not in os.environ:
    programs = tempfile.TemporaryDirectory(prefix="pixace-programs-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = programs.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

# Nor is a program of a test run often enough to be worth its optimising: the suite takes half the
# time. Who wants to test what users run says XLA_FLAGS= before it.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
)

# Shapes and dtypes in signatures are checked at every call, in all modules that speak of them. Not
# at the door: what users hand in there is whatever they hand in, and tests see how it is answered.
ROOT = Path(__file__).parents[1]
SPEAK_OF_SHAPES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "pixace").rglob("*.py"))
    if re.search("^from (jaxtyping|pixace.*arrays) import", path.read_text("utf-8"), re.MULTILINE)
    and path.parent.name != "api"
]
jaxtyping.install_import_hook(SPEAK_OF_SHAPES, "typechecker.checked")

# A shell starts what it puts in the background deaf to Ctrl-C; what is tested here must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure; the example that failed is printed so that it can be run again.
settings.register_profile("pixace", deadline=None, print_blob=True)
settings.load_profile("pixace")


@pytest.fixture
def no_proxies(monkeypatch):
    """Servers on this machine are asked directly, whatever the environment names."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Keeps what pixace caches out of the user's folders, one cache for each test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIXACE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def forgetful():
    """Drops compiled programs after a test that left too many."""
    yield
    memory.drop_programs_if_large()


# The smallest of everything: 4x4 pictures in 4 greys, a model of a few hundred weights.
TINY = (
    "D_MODEL = 8",
    "D_FF = 16",
    "LAYERS = 1",
    "HEADS = 2",
    "pictures.size = 4",
    "pictures.colors = 'grey:4'",
    "train.steps = 6",
    "train.batch_size = 8",
    "train.learning_rate = 0.01",
    "train.warmup_steps = 1",
    "train.log_every = 1",
    "train.evaluate_every = 3",
    "train.samples = 4",
)


@pytest.fixture(scope="session")
def tiny():
    """Bindings for the smallest model, to go with `base.gin`."""
    return TINY


@pytest.fixture(scope="session")
def tiny_pictures(tmp_path_factory):
    """An .npy file of 40 pictures, 4x4, dark on the left and light on the right, with noise."""
    import numpy as np

    noise = np.random.default_rng(0).integers(-40, 40, (40, 4, 4))
    pictures = np.clip(np.array([30, 90, 160, 220]) + noise, 0, 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("pictures") / "stripes.npy"
    np.save(path, pictures)
    return path


@pytest.fixture(scope="session")
def tiny_outcome(tiny, tiny_pictures, tmp_path_factory):
    """A finished training of the smallest model; look at it, don't change it."""
    import pixace

    return pixace.train(
        tiny_pictures, gin="base", bindings=tiny, root=tmp_path_factory.mktemp("runs")
    )


@pytest.fixture(scope="session")
def worded_pictures(tmp_path_factory):
    """An .npz file of 40 pictures, 4x4, all dark or all light, with noise; labels are 0 and 1."""
    import numpy as np

    labels = np.arange(40) % 2
    noise = np.random.default_rng(0).integers(-40, 40, (40, 4, 4))
    pictures = np.clip(np.array([60, 190])[labels][:, None, None] + noise, 0, 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("worded") / "lights.npz"
    np.savez(path, images=pictures, labels=labels)
    return path


@pytest.fixture(scope="session")
def worded_outcome(tiny, worded_pictures, tmp_path_factory):
    """A finished training of the smallest model with captions; look at it, don't change it."""
    import pixace

    return pixace.train(
        worded_pictures,
        gin="base",
        bindings=tiny,
        template=["a light of {label}", "{label}"],
        root=tmp_path_factory.mktemp("worded-runs"),
    )


@pytest.fixture(scope="session")
def described():
    """Makes descriptions of runs that nobody trained."""
    from pixace.runs.description import Best, DataRecord, Description, ModelRecord

    def made(*, kind="transformer", named="pictures", psnr=None, nats=None, **fields):
        is_codebook = kind == "codebook"
        best = Best("psnr", psnr, "validation", 8) if psnr is not None else None
        best = Best("nats_per_token", nats, "validation", 8) if nats is not None else best
        about = {
            "name": "a",
            "created": "2026-01-01",
            "kind": "codebook" if is_codebook else "language_model",
            "model": None if is_codebook else ModelRecord(kind, {}),
            "training": {},
            "data": DataRecord(named, "crop", (255, 255, 255), "blend"),
            "versions": {},
            "compute_dtype": "float32",
            "tokenizer": "t",
            "best": best,
        }
        return Description(**(about | fields))

    return made


@pytest.fixture(scope="module")
def model(tiny_outcome):
    """The smallest model, loaded, and compiled once for all tests of a file."""
    import pixace

    return pixace.load(tiny_outcome.run.path)


@pytest.fixture
def here(tmp_path, monkeypatch, model):
    """An empty folder to work in, where whatever run is named is `model`."""
    from pixace.api import collage_files

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(collage_files, "load", lambda run=None, **_: model)
    return tmp_path
