"""The type of products: settled by what the device is, and obeyed by all that follows."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import jax
import pytest

import pixace
from pixace.errors import ConfigError
from pixace.runs import model_file
from pixace.runtime import precision


@pytest.fixture
def device(monkeypatch, tmp_path):
    """Makes this machine another one."""

    def be(platform, *, flags="", capability=None):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nflags\t\t: fpu {flags} sse\n\nprocessor\t: 1\n")
        monkeypatch.setattr(precision, "PROCESSOR", path)
        if platform != "cpu":
            about = {} if capability is None else {"compute_capability": capability}
            there = [SimpleNamespace(platform=platform, **about)]
            monkeypatch.setattr(jax, "devices", lambda: there)
        precision._suited.cache_clear()

    yield be
    precision._suited.cache_clear()


@pytest.mark.parametrize(
    ("platform", "about", "dtype"),
    [
        ("cpu", {"flags": "avx2 avx512f avx512_bf16"}, "bfloat16"),
        ("cpu", {"flags": "avx512_bf16 amx_bf16"}, "bfloat16"),
        ("cpu", {"flags": "avx2 avx512f avx512_fp16"}, "float32"),
        ("cpu", {"flags": ""}, "float32"),
        ("gpu", {"capability": "7.5"}, "float32"),
        ("gpu", {"capability": "8.0"}, "bfloat16"),
        ("gpu", {"capability": "12.0"}, "bfloat16"),
        ("gpu", {"capability": "gfx90a"}, "float32"),
        ("gpu", {}, "float32"),
        ("tpu", {}, "bfloat16"),
    ],
)
def test_the_device_decides_by_what_it_is(device, platform, about, dtype):
    device(platform, **about)
    assert precision.chosen("auto") == dtype
    assert precision.by_name("auto") == jax.numpy.dtype(dtype)


def test_a_processor_that_says_nothing_has_none(device, tmp_path):
    device("cpu")
    (tmp_path / "cpuinfo").unlink()
    assert precision.chosen("auto") == "float32"


def test_names_are_themselves_and_others_are_refused(device):
    device("cpu")
    assert precision.chosen("bfloat16") == "bfloat16"
    with pytest.raises(ConfigError, match=r"no dtype 'bfloat17'.* Did you mean bfloat16"):
        precision.chosen("bfloat17")


def test_forty_starts_under_load_give_one_answer():
    """Asked anew each time, on a machine that is busy; four of them in processes of their own."""
    ended = threading.Event()
    busy = [threading.Thread(target=lambda: [sum(range(999)) for _ in iter(ended.is_set, True)])
            for _ in range(4)]  # fmt: skip
    for thread in busy:
        thread.start()
    asking = "from pixace.runtime import precision; print(precision.chosen('auto'))"
    processes = [
        subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = []
    for _ in range(40):
        precision._suited.cache_clear()
        answers.append(precision.chosen("auto"))
    answers += [process.communicate()[0].strip() for process in processes]
    ended.set()
    assert len(answers) == 44
    assert len({*answers}) == 1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_run_says_its_type_everywhere_and_is_drawn_with_it(
    tiny, tiny_pictures, tmp_path, device, dtype
):
    """Trained where `auto` means one type, drawn and gone on with where it means the other."""
    flags = {"bfloat16": "amx_bf16", "float32": ""}
    other = {"bfloat16": "", "float32": "amx_bf16"}
    device("cpu", flags=flags[dtype])
    bound = [*tiny, "train.steps = 2", "train.samples = 0"]
    outcome = pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)
    assert outcome.run.read().compute_dtype == dtype
    assert model_file.read(outcome.run.path)[1].compute_dtype == dtype
    device("cpu", flags=other[dtype])
    assert pixace.load(outcome.run.path).dtype == dtype
    assert pixace.load(outcome.run.path, dtype="auto").dtype != dtype
    assert pixace.resume(outcome.run.path, steps=3).run.read().compute_dtype == dtype


def test_going_on_in_another_type_is_said_and_written_down(tiny, tiny_pictures, tmp_path, capsys):
    bound = [*tiny, "train.steps = 2", "train.samples = 0", "train.dtype = 'float32'"]
    outcome = pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)
    assert "products" not in capsys.readouterr().err
    more = pixace.resume(outcome.run.path, steps=3, bindings=["train.dtype = 'bfloat16'"])
    assert "products go on in bfloat16, and were float32 so far" in capsys.readouterr().err
    assert more.run.read().compute_dtype == "bfloat16"


def test_a_picture_says_its_type_and_is_drawn_again_with_it(tiny_outcome, tmp_path, capsys):
    """The other type is said on stderr, stands in the PNG, and is taken by `again`."""
    run = tiny_outcome.run
    own = run.read().compute_dtype
    other = {"float32": "bfloat16", "bfloat16": "float32"}[own]
    usual, odd, same = (tmp_path / name for name in ("usual.png", "odd.png", "same.png"))
    assert pixace.generate(usual, n=2, run=run.path).as_dict()["dtype"] == own
    assert "drawn in" not in capsys.readouterr().err
    assert pixace.generate(odd, n=2, run=run.path, dtype=other).as_dict()["dtype"] == other
    assert f"drawn in {other}, where {run.name} was trained in {own}" in capsys.readouterr().err
    assert pixace.again(odd, same, root=run.path.parent).as_dict()["dtype"] == other
    assert same.read_bytes() == odd.read_bytes()
