"""Which pictures are evaluated, and what they are called."""

import json

import jax
import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace.cli import main
from pixace.data.batches import in_order
from pixace.evaluation.likelihood import validation_loss
from pixace.runs import model_file
from pixace.storage import pytrees
from pixace.training.best_model import BestModel
from pixace.training.metrics_log import read

SHORT = ("train.steps = 2", "train.samples = 0", "train.evaluate_every = 1")


@pytest.fixture(scope="module")
def sorted_classes(tmp_path_factory):
    """A token set whose validation part is one half dark pictures, then one half noise."""
    folder = tmp_path_factory.mktemp("sorted")
    random = np.random.default_rng(0)
    dark = np.zeros((16, 4, 4), np.uint8)
    noise, other = random.integers(0, 255, (2, 16, 4, 4), np.uint8)
    np.save(folder / "train.npy", np.concatenate([dark, noise]))
    dark[:, 3, 3] = 255  # unlike those of training
    np.save(folder / "held-out.npy", np.concatenate([dark, other]))
    return pixace.tokenize(
        folder / "train.npy", folder / "set", size=4, colors="grey:4",
        validation=folder / "held-out.npy",
    )  # fmt: skip


def losses(run, name="validation_loss"):
    return [line[name] for line in read(run.path / "metrics.jsonl") if name in line]


def test_classes_that_stand_in_order_are_all_judged(tiny, sorted_classes, tmp_path):
    """Eight of 32 pictures give the loss of all kinds, and not that of the first class."""
    bound = [line for line in tiny if not line.startswith("pictures.")]
    bound += [*SHORT, "train.evaluate_pictures = 8"]
    outcome = pixace.train(sorted_classes.path, gin="base", bindings=bound, root=tmp_path)
    best = outcome.run.read().best
    assert (best.part, best.pictures) == ("validation", 8)
    loaded = pixace.load(outcome.run.path).sampler
    of = validation_loss(loaded.model, dtype=jax.numpy.dtype(loaded.compute_dtype))
    rows = sorted_classes.split("validation")

    class Some:
        def __init__(self, which):
            self.which = np.asarray(which)

        def __len__(self):
            return len(self.which)

        def rows(self, indices):
            return rows.rows(self.which[indices])

    spread = of(loaded.weights, in_order(Some([0, 4, 9, 13, 18, 22, 27, 31]), 8))
    first = of(loaded.weights, in_order(Some(range(8)), 8))
    assert min(losses(outcome.run)) == pytest.approx(spread, rel=1e-6)
    assert abs(first - spread) > 0.05


@pytest.fixture(scope="module")
def none_held_out(tiny, tiny_pictures, tmp_path_factory):
    """What the command line said of a training without held-out pictures, and where it is."""
    root = tmp_path_factory.mktemp("runs")
    sets = [f"--set={line}" for line in (*tiny, *SHORT, "pictures.validation_fraction = 0.0")]
    said = CliRunner().invoke(
        main, ["train", str(tiny_pictures), "--gin", "base", *sets, "--runs", str(root)]
    )
    assert said.exit_code == 0, said.output
    return root, said


def test_training_pictures_are_never_called_validation(none_held_out):
    root, said = none_held_out
    (path,) = root.iterdir()
    assert "validation" not in said.output
    assert said.stderr.count("no picture is held out: 40 of the training pictures are judged") == 1
    assert "step 2: training " in said.stderr
    assert "bits/pixel on training pictures, as none were held out" in said.stdout
    names = {name for line in read(path / "metrics.jsonl") for name in line}
    assert {"training_loss", "training_bits_per_pixel"} < names
    assert not [name for name in names if "validation" in name]


def test_the_list_says_what_a_loss_was_measured_on(none_held_out, tiny_outcome):
    root, _ = none_held_out
    listed = CliRunner().invoke(main, ["runs", "--runs", str(root)]).stdout
    assert "(training pictures)" in listed
    described = json.loads(CliRunner().invoke(main, ["runs", "--runs", str(root), "--json"]).stdout)
    assert described["runs"][0]["best"].items() >= {"part": "train", "pictures": 40}.items()
    others = CliRunner().invoke(main, ["runs", "--runs", str(tiny_outcome.run.path.parent)]).stdout
    assert "training pictures" not in others


def test_outcomes_say_whether_pictures_were_held_out(tiny_outcome, none_held_out, capsys):
    root, _ = none_held_out
    (path,) = root.iterdir()
    assert tiny_outcome.held_out
    assert not pixace.resume(path, steps=3).held_out


def test_the_best_is_compared_on_the_same_pictures(tiny, tiny_pictures, tmp_path, monkeypatch):
    """When others are judged than before, the best model's loss is measured anew on these."""
    bound = [*tiny, *SHORT, "pictures.validation_fraction = 0.4", "train.evaluate_pictures = 2"]
    outcome = pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)
    few = outcome.run.read()
    flat, kept = model_file.read(outcome.run.path)
    seen = []
    usual = BestModel.compare_alike

    def spy(best):
        usual(best)
        weights = pytrees.unflatten(flat, best.task.weights(best.task.first_state()))
        seen.append((best.run.read(), best.evaluated(weights, 0).value))

    monkeypatch.setattr(BestModel, "compare_alike", spy)
    pixace.resume(outcome.run.path, steps=3, bindings=["train.evaluate_pictures = 16"])
    ((described, measured),) = seen
    assert (described.best.part, described.best.pictures) == ("validation", 16)
    assert described.best.value == pytest.approx(measured, rel=1e-6)
    assert described.best.value != few.best.value
    assert described.step == kept.step


def test_codebooks_too_say_what_they_were_judged_by(tmp_path, capsys):
    pictures = tmp_path / "few.npy"
    np.save(pictures, np.random.default_rng(0).integers(0, 255, (9, 8, 8), np.uint8))
    bound = (
        "codebook.codes = 4", "codebook.downsample = 4", "codebook.dim = 4", "codebook.width = 8",
        "codebook.blocks = 0", "codebook.steps = 2", "codebook.batch_size = 4",
        "codebook.evaluate_every = 1", "codebook.shown = 2",
        "pictures.validation_fraction = 0.0", "pictures.size = 8",
    )  # fmt: skip
    sets = [f"--set={line}" for line in bound]
    said = CliRunner().invoke(main, ["codebook", str(pictures), *sets, "--runs", str(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "dB on training pictures" in said.stdout
    assert "held-out" not in said.output
    (path,) = (each for each in tmp_path.iterdir() if each.is_dir())
    names = {name for line in read(path / "metrics.jsonl") for name in line}
    assert {"training_psnr", "training_squared_error"} < names
    assert not [name for name in names if "validation" in name]
    listed = CliRunner().invoke(main, ["runs", "--runs", str(tmp_path)]).stdout
    assert "dB (training pictures)" in listed
