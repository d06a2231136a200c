"""Old weights: files written by Trax's own code become runs that draw as Trax's models would."""

import copy
import gzip
import importlib
import json
import pickle
import shutil
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import pixace
from pixace.cli import main
from pixace.errors import ConfigError, PixaceError, RunError
from pixace.layers import trax_bridge
from pixace.runs import trax_checkpoint
from pixace.storage import safe_pickle

pytestmark = pytest.mark.filterwarnings("ignore:GzipFile was opened for writing:FutureWarning")

LENGTH, VOCAB = 16, 6  # 4x4 pixels in 4 greys
SIZES = {"d_model": 8, "d_ff": 12, "n_layers": 2, "n_heads": 2, "max_len": LENGTH}
HEADS = "transformer.n_heads = 2"
KEY = np.zeros(2, np.uint32)
SIGNATURE = trax_bridge.shapes.ShapeDtype((1, LENGTH), np.int32)
TOKENS = np.random.default_rng(0).integers(0, VOCAB, (3, LENGTH)).astype(np.int32)
AXIAL = {"pos_type": "axial", "pos_axial_shape": (4, 4), "pos_d_axial_embs": (4, 4)}
ONE_CHUNK = {"chunk_len": 16, "n_buckets": 2}


def trax_model(kind, mode="eval", **settings):
    """Trax's model; `lsh` is a Reformer with hashed attention."""
    if kind == "transformer":
        build = trax_bridge.ConfigurableTransformerLM if settings else trax_bridge.TransformerLM
        return build(VOCAB, **SIZES, **settings, mode=mode)
    attention = trax_bridge.layers.SelfAttention
    if kind == "lsh":
        attention = partial(trax_bridge.layers.LSHSelfAttention, **ONE_CHUNK)
    keys = {"d_attention_key": 4, "d_attention_value": 4, "attention_type": attention}
    return trax_bridge.ReformerLM(VOCAB, **SIZES, **keys, **settings, mode=mode)


def saved(folder, kind, **settings):
    """A file by a layer's `save_to_file`, and what Trax's model says to `TOKENS`."""
    model = drawn(trax_model(kind, **settings))
    path = folder / "model.pkl.gz"
    model.save_to_file(str(path), input_signature=SIGNATURE)
    return path, said_by(model)


def drawn(model):
    """The model with new weights; to have Trax draw them takes long."""
    shapes = jax.eval_shape(lambda key: copy.deepcopy(model).init(SIGNATURE, key), KEY)
    rng = np.random.default_rng(1)
    model.weights, model.state = jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape), leaf.dtype), shapes
    )
    return model


def said_by(model):
    """What Trax's model says to `TOKENS`."""
    run = jax.jit(lambda weights: model.pure_fn(TOKENS, weights, model.state, KEY)[0])
    return np.asarray(run(model.weights))


@pytest.fixture(scope="session")
def supervised():
    """Trax's own training, which needs TensorFlow for files and data sets only."""
    tensorflow = MagicMock()
    files = tensorflow.io.gfile
    files.GFile, files.exists = open, lambda path: Path(path).exists()
    files.makedirs = lambda path: Path(path).mkdir(exist_ok=True)
    files.rename = lambda old, new, overwrite: Path(old).replace(new)
    played = dict.fromkeys(("tensorflow", "tensorflow.compat.v2"), tensorflow)
    for name in ("tensorflow_datasets", "trax.data", "trax.data.inputs", "trax.jaxboard"):
        played[name] = MagicMock()
    with pytest.MonkeyPatch.context() as patch:
        for name, module in played.items():
            patch.setitem(sys.modules, name, module)
        trax_bridge._enter("trax.supervised")
        found = {
            name: importlib.import_module(f"trax.{name}")
            for name in ("supervised.training", "supervised.trainer_lib", "supervised.history")
        }
    for name in ("supervised.training", "supervised.trainer_lib"):
        del sys.modules[f"trax.{name}"]  # nobody else shall meet what was played
    return SimpleNamespace(**{name.rpartition(".")[2]: each for name, each in found.items()})


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A file that is as it should be; leave it so."""
    return saved(tmp_path_factory.mktemp("whole"), "transformer")[0]


def looped(training, folder):
    """A checkpoint by Trax's training loop, and what its model says."""

    def batches():
        while True:
            yield TOKENS, TOKENS, np.ones(TOKENS.shape, np.float32)

    adam = importlib.import_module("trax.optimizers").Adam(0.01)
    task = training.TrainTask(batches(), trax_bridge.layers.CrossEntropyLoss(), adam)
    model, judged = trax_model("transformer", "train"), trax_model("transformer")
    loop = training.Loop(model, [task], eval_model=judged, output_dir=str(folder), random_seed=0)
    loop._step = 7  # to do one step would only cost time
    loop.save_checkpoint("model")
    judged.weights = model.weights
    return folder / "model.pkl.gz", said_by(judged)


def imported(path, *bindings, **settings):
    return pixace.import_weights(
        path, size=4, colors="grey:4", bindings=bindings, root=path.parent / "runs", **settings
    )


def assert_says(run, logits):
    """The run's model gives the logits of Trax's, all at once and one after the other."""
    sampler = pixace.load(run.path).sampler
    model, weights = sampler.model, sampler.weights
    at_once = jax.jit(lambda w, x: model.logits(w, model.hidden(w, x)))(weights, TOKENS)
    np.testing.assert_allclose(at_once, logits, atol=1e-4, rtol=0)
    state, take = model.start(len(TOKENS)), jax.jit(model.decode_step)
    fed = np.pad(TOKENS, ((0, 0), (1, 0)))
    for position in range(LENGTH):
        step, state = take(weights, state, jnp.asarray(fed[:, position]))
        np.testing.assert_allclose(step, logits[:, position], atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["transformer", "reformer"])
def test_a_layers_file_says_what_the_layer_says(tmp_path, kind):
    path, logits = saved(tmp_path, kind)
    done = imported(path, HEADS.replace("transformer", kind), model=kind)
    assert (done.kind, done.assumed) == (kind, ())
    assert done.settings.items() >= {"d_model": 8, "d_ff": 12, "n_layers": 2}.items()
    assert_says(done.run, logits)


@pytest.mark.parametrize("kind", ["transformer", "reformer"])
def test_axial_positions_come_along(tmp_path, kind):
    path, logits = saved(tmp_path, kind, **AXIAL)
    done = imported(path, HEADS.replace("transformer", kind))
    assert done.settings["positions"] == "axial"
    assert_says(done.run, logits)


def test_hashed_attention_is_recognised(tmp_path):
    bindings = [f"LSHSelfAttention.{name} = {value}" for name, value in ONE_CHUNK.items()]
    done = imported(saved(tmp_path, "lsh")[0], *bindings)
    assert done.settings["attention"] == "lsh"
    assert pixace.load(done.run.path).generate(2).shape == (2, 4, 4, 3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:jax.process_count has been renamed:UserWarning")
def test_a_training_loops_checkpoint_says_what_its_model_says(tmp_path, supervised):
    path, logits = looped(supervised.training, tmp_path)
    assert (tmp_path / "model.weights.npy.gz").exists()
    done = imported(path, HEADS)
    assert done.step == 7
    assert_says(done.run, logits)
    (tmp_path / "model.weights.npy.gz").unlink()
    with pytest.raises(RunError, match=r"its weights in model\.weights\.npy\.gz, which is not"):
        imported(path, HEADS)


def test_the_older_trainers_checkpoint_with_history_and_slots(tmp_path, supervised):
    library = supervised.trainer_lib
    model = drawn(trax_model("transformer"))
    history = supervised.history.History()
    history.append("train", "metrics/loss", 1, np.float32(3))
    slots = (np.zeros(3), None, ())
    found = library.make_trainer_state_dict(
        np.int32(40),
        library.OptState(model.weights, slots, {"rate": 0.1}),
        history,
        model.state,
        (SIGNATURE,),
    )
    supervised.training.pickle_to_file(found, str(tmp_path / "model.pkl.gz"), gzip=True)
    done = imported(tmp_path / "model.pkl.gz", HEADS)
    assert done.step == 40
    assert_says(done.run, said_by(model))


def rewritten(path, change):
    """The same file with other weights, as a plain pickle of NumPy's arrays."""
    with gzip.open(path) as file:
        found = pickle.load(file)
    found["flat_weights"] = change([np.asarray(each) for each in found["flat_weights"]])
    with gzip.open(path, "wb") as file:
        pickle.dump(found, file)
    return path


def test_positions_of_old_checkpoints_have_an_axis_more(tmp_path):
    path, logits = saved(tmp_path, "transformer")
    rewritten(path, lambda arrays: [arrays[0], arrays[1][None], *arrays[2:]])
    assert_says(imported(path, HEADS).run, logits)


def test_weights_kept_as_the_bits_of_bfloat16(tmp_path, whole):
    path = Path(shutil.copy(whole, tmp_path))
    short = lambda array: np.asarray(array).astype(jnp.bfloat16)  # noqa: E731
    model = drawn(trax_model("transformer"))
    model.weights = jax.tree.map(lambda each: jnp.float32(short(each)), model.weights)
    rewritten(path, lambda arrays: [short(each).view(np.uint16) for each in arrays])
    assert_says(imported(path, HEADS).run, said_by(model))


def test_the_run_draws_completes_and_is_listed(tmp_path):
    path, _ = saved(tmp_path, "reformer")
    done = imported(path, name="old", fit="pad", background="black")
    model = pixace.load("old", root=tmp_path / "runs")
    photo = np.full((8, 4, 3), 200, np.uint8)
    finished = model.complete(photo, cut="50%", samples=2).finished
    kept = model.sampler.tokenizer.colors.decode(
        model.sampler.tokenizer.colors.encode(model.fitted(photo)[:2])
    )
    np.testing.assert_array_equal(finished[0, 0, 0, :2], kept)
    assert model.description.data.background == (0, 0, 0)
    assert "reformer.d_model = 8" in (done.run.path / "config.gin").read_text()
    pixace.generate(tmp_path / "out.png", n=4, run=done.run.path)
    pixace.again(tmp_path / "out.png", tmp_path / "again.png", root=tmp_path / "runs")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "out.png").read_bytes()


def command(*words, code=0):
    """`pixace` in this process."""
    found = CliRunner().invoke(main, [str(word) for word in words])
    assert found.exit_code == code, found.output
    return found


def test_the_command_says_what_came_out_and_what_it_assumed(tmp_path, whole):
    words = ("import", whole, "--size", 4, "--colors", "grey:4", "--runs", tmp_path)
    said = command(*words, "--name", "old")
    assert said.stdout == (
        f"{tmp_path / 'old'}: a transformer, layers 2, features 8, weights 1,310, steps 0; "
        f"next: pixace generate --run {tmp_path / 'old'}\n"
    )
    assert said.stderr == (
        "assumed transformer.n_heads = 8, which no weight tells; if it was another: "
        "--set transformer.n_heads=N\n"
    )
    facts = json.loads(command(*words, "--set", HEADS, "--json").stdout)
    assert facts["settings"] == {"d_model": 8, "d_ff": 12, "n_layers": 2}
    assert (facts["assumed"], facts["weights"], facts["model"]) == ([], 1310, "transformer")
    assert "model.pkl.gz  transformer  0/0" in command("runs", "--runs", tmp_path).stdout


def test_the_command_refuses_in_one_line(tmp_path, whole):
    said = command("import", whole, "--size", 5, "--runs", tmp_path / "runs", code=1)
    assert said.output.count("\n") == 1
    assert "6 ids and 16 positions; hsv:5,4,4 at 5x5 has 8,194 and 25" in said.output
    assert not (tmp_path / "runs").exists()


def test_an_imported_run_cannot_be_gone_on_with(tmp_path):
    done = imported(saved(tmp_path, "reformer")[0])
    with pytest.raises(RunError, match=r"was imported: it can draw, but .* train a new run"):
        pixace.resume(done.run.path, steps=10)


def test_eight_heads_are_assumed_and_said(tmp_path, whole):
    path = Path(shutil.copy(whole, tmp_path))
    assert imported(path).assumed == ("transformer.n_heads",)
    assert imported(path, "transformer.n_heads = 4").assumed == ()
    narrow = rewritten(path, lambda arrays: [_narrowed(each) for each in arrays])
    with pytest.raises(ConfigError, match="how many heads share 6 features cannot be seen"):
        imported(narrow)


def _narrowed(array):
    return array[tuple(slice(6 if size == 8 else size) for size in array.shape)]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"model": "reformer"},
            "holds a transformer .layers 2, features 8., and no reformer; leave out",
        ),
        ({"model": "modern"}, "holds a transformer .*, and no modern; leave out --model"),
        ({"colors": "grey:5"}, "6 ids and 16 positions; grey:5 at 4x4 has 7 and 16; say the"),
        ({"size": 5}, "6 ids and 16 positions; grey:4 at 5x5 has 6 and 25; say the --colors"),
        ({"model": "reformed"}, "no model 'reformed'"),
        ({"bindings": ["transformer.d_ff = 16"]}, r"weight 15 of 38 has shape \(8, 12\) instead"),
        ({"bindings": ["transformer.n_layers = 1"]}, "is not a transformer"),
        ({"bindings": ["transformer.heads = 1"]}, "cannot be bound"),
        ({"name": "a b"}, "a run cannot be called 'a b'"),
    ],
)
def test_what_does_not_fit_is_said_and_leaves_no_run(tmp_path, whole, settings, words):
    given = {"size": 4, "colors": "grey:4", "root": tmp_path / "runs", **settings}
    with pytest.raises(PixaceError, match=words):
        pixace.import_weights(whole, **given)
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "no checkpoint of Trax: it has no flat_weights"),
        ({"flat_weights": "none"}, "its flat_weights are no list"),
        ({"flat_weights": []}, "holds 0 weights, of neither a TransformerLM nor"),
        ({"flat_weights": [np.zeros((6, 8), "f4")] * 5}, "of neither|is not"),
        ({"flat_weights": [np.zeros((6, 8), "i4")]}, "a weight is of type int32"),
        ({"flat_weights": ["a"]}, "is broken: an array was expected, not 'a'"),
        ({"flat_weights": 2}, r"keeps its weights in model\.weights\.npy\.gz, which is not"),
    ],
)
def test_files_that_are_no_checkpoints_are_said_to_be_none(tmp_path, content, words):
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(content)))
    with pytest.raises(RunError, match=words):
        imported(path)


def test_one_array_a_million_times_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pixace.storage.safe_pickle.SMALL", 1 << 16)
    path = tmp_path / "model.pkl.gz"
    array = np.random.default_rng(0).random(100)
    path.write_bytes(gzip.compress(pickle.dumps({"flat_weights": [array] * 10_000})))
    with pytest.raises(RunError, match="weights are larger than the file can be"):
        imported(path)


@given(data=st.data())
def test_a_checkpoint_with_one_byte_changed_is_read_or_refused_in_one_line(
    whole, tmp_path_factory, data
):
    plain = gzip.decompress(whole.read_bytes())
    at = data.draw(st.integers(0, len(plain) - 1))
    path = tmp_path_factory.mktemp("flipped") / "model.pkl.gz"
    changed = plain[:at] + bytes([data.draw(st.integers(0, 255))]) + plain[at + 1 :]
    path.write_bytes(gzip.compress(changed, 1))
    try:
        assert trax_checkpoint.sizes(trax_checkpoint.read(path)).kind
    except RunError as why:
        assert "\n" not in str(why)  # noqa: PT017


def test_odd_escapes_in_text_are_nobodys_warning(tmp_path):
    """Python deprecates them in its own source, and says so whoever decodes them."""
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(b"(dS'a\\$b'\nI1\ns."))
    assert safe_pickle.load(path) == {"a\\$b": 1}


def test_a_byte_changed_in_the_arrays_beside_is_no_way_in(tmp_path):
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps({"flat_weights": 2})))
    beside = tmp_path / "model.weights.npy.gz"
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    for content in (b"", b"none", (tmp_path / "objects.npy").read_bytes()):
        beside.write_bytes(gzip.compress(content))
        with pytest.raises(RunError, match=r"is broken|holds 0 weights"):
            imported(path)
