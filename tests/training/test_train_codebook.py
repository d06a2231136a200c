"""Learned tokens: a codebook is trained, makes tokens like any other, and travels with its run."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import pixace
from pixace import tokenizers, trackers
from pixace.cli import main
from pixace.data import token_set
from pixace.data.preprocessing import Preprocessing
from pixace.errors import PixaceError, TokenError
from pixace.runs import model_file
from pixace.training import fit
from pixace.training.metrics_log import read
from pixace.training.train_codebook import CodebookTask
from pixace.zoo import shipped

# The smallest codebook: 8x8 pictures, 2x2 codes each.
SMALL = (
    "pictures.size = 8",
    "codebook.codes = 8",
    "codebook.downsample = 4",
    "codebook.width = 16",
    "codebook.blocks = 1",
    "codebook.dim = 8",
    "codebook.decay = 0.8",
    "codebook.steps = 40",
    "codebook.batch_size = 8",
    "codebook.learning_rate = 0.02",
    "codebook.warmup_steps = 1",
    "codebook.log_every = 1",
    "codebook.evaluate_every = 20",
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """60 pictures, 8x8: above one of six colours, below another, with a little noise."""
    rng = np.random.default_rng(0)
    colors = np.array(
        [[0, 0, 0], [255, 255, 255], [220, 30, 30], [30, 200, 60], [40, 60, 230], [240, 220, 40]]
    )
    images = colors[rng.integers(0, 6, (60, 2, 1))].repeat(4, axis=1).repeat(8, axis=2)
    images = np.clip(images + rng.integers(-8, 9, images.shape), 0, 255)
    path = tmp_path_factory.mktemp("pictures") / "flags.npy"
    np.save(path, images.astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def outcome(pictures, tmp_path_factory):
    """A finished codebook; look at it, don't change it."""
    root = tmp_path_factory.mktemp("runs")
    return pixace.codebook(pictures, bindings=SMALL, root=root, name="flags")


@pytest.fixture(scope="module")
def tokenizer(outcome):
    """Its tokenizer."""
    return Preprocessing(colors=f"vq:{outcome.run.path}").tokenizer()


@pytest.fixture
def images(pictures):
    return np.load(pictures)


def losses(run, name="loss"):
    return [line[name] for line in read(run.path / "metrics.jsonl") if name in line]


def test_a_codebook_learns(outcome):
    loss = losses(outcome.run, "squared_error")
    assert len(loss) == 40
    assert np.mean(loss[-5:]) < 0.7 * np.mean(loss[:5])


def test_a_codebook_leaves_everything_its_folder_promises(outcome):
    assert {path.name for path in outcome.run.path.iterdir()} == {
        "run.json", "config.gin", "metrics.jsonl", "checkpoints", "model.safetensors", "samples",
        "tensorboard",
    }  # fmt: skip
    assert {path.name for path in (outcome.run.path / "samples").iterdir()} == {
        "000020.png", "000040.png",
    }  # fmt: skip
    assert outcome.run.read().kind == "codebook"
    for line in read(outcome.run.path / "metrics.jsonl"):
        if "loss" in line:
            assert 1 <= line["perplexity"] <= 8
            assert 0 <= line["alive"] <= 1
    assert losses(outcome.run, "train_usage") == [outcome.used / 8]
    assert outcome.psnr == pytest.approx(max(losses(outcome.run, "validation_psnr")))


def test_the_psnr_that_was_logged_is_that_of_the_tokenizer(outcome, pictures, tokenizer):
    exact = token_set.open_set(outcome.run.read().data.tokens)
    split = exact.split("validation")
    real = exact.tokenizer.decode(split.rows(np.arange(len(split))))
    made = tokenizer.decode(tokenizer.encode(real))
    error = np.square(real.astype(float) - made).mean()
    assert 10 * np.log10(255**2 / error) == pytest.approx(outcome.psnr, abs=0.01)


def test_what_is_stored_to_learn_from_is_what_was_read(outcome, pictures, images):
    exact = token_set.open_set(outcome.run.read().data.tokens)
    rows = [exact.split(name) for name in ("train", "validation")]
    stored = np.concatenate([each.rows(np.arange(len(each))) for each in rows])
    assert sorted(map(bytes, exact.tokenizer.decode(stored))) == sorted(map(bytes, images))


def test_tokens_do_not_depend_on_the_batch(tokenizer, images):
    together = tokenizer.encode(images)
    assert together.shape == (60, 4)
    assert together.min() >= 2
    alone = np.concatenate([tokenizer.encode(image[None]) for image in images])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(
        tokenizer.decode(together), np.concatenate([tokenizer.decode(row[None]) for row in alone])
    )
    assert tokenizer.encode(images[:0]).shape == (0, 4)


def test_a_tokenizer_is_its_spec_and_its_arrays(tokenizer, images):
    again = tokenizers.by_spec(tokenizer.spec, tokenizer.arrays)
    assert again == tokenizer
    assert hash(again) == hash(tokenizer)
    assert isinstance(tokenizer, tokenizers.Tokenizer)
    np.testing.assert_array_equal(again.encode(images), tokenizer.encode(images))
    sent = pickle.loads(pickle.dumps(tokenizer))
    np.testing.assert_array_equal(sent.encode(images[:3]), tokenizer.encode(images[:3]))


def test_a_spec_without_its_arrays_is_refused(tokenizer):
    with pytest.raises(TokenError, match="is missing or has changed"):
        tokenizers.by_spec(tokenizer.spec)
    changed = {**tokenizer.arrays, "codes": tokenizer.arrays["codes"] + 1}
    with pytest.raises(TokenError, match="is missing or has changed"):
        tokenizers.by_spec(tokenizer.spec, changed)


def test_squares_that_are_not_drawn_yet_are_grey(tokenizer, images):
    tokens = tokenizer.encode(images[:2])
    tokens[:, 2:] = 1
    shown = tokenizer.decode(tokens)
    assert (shown[:, 4:] == 128).all()
    assert not (shown[:, :4] == 128).all()


def test_the_order_is_a_path_through_the_squares(tokenizer, images):
    column = replace(tokenizer, order="column")
    rows, columns = tokenizer.encode(images), column.encode(images)
    np.testing.assert_array_equal(rows[:, [0, 2, 1, 3]], columns)
    np.testing.assert_array_equal(column.decode(columns), tokenizer.decode(rows))
    assert tokenizers.by_spec(column.spec, column.arrays) == column


def test_a_finished_photo_keeps_its_own_pixels(tokenizer, images):
    tokens = tokenizer.encode(images)
    made = tokenizer.finished(images, np.roll(tokens, 1, axis=0), 2)
    np.testing.assert_array_equal(made[:, :4], images[:, :4])
    tokens[:, 2:] = 1
    cut = tokenizer.finished(images, tokens, 2)
    np.testing.assert_array_equal(cut[:, :4], images[:, :4])
    assert (cut[:, 4:] == 128).all()


@pytest.fixture(scope="module")
def trained(outcome, pictures, tiny, tmp_path_factory):
    """A model of the codebook's tokens, in a folder without the codebook."""
    root = tmp_path_factory.mktemp("models")
    bound = [line for line in tiny if not line.startswith("pictures.")]
    colors = f"vq:{outcome.run.path}"
    made = pixace.train(pictures, gin="base", bindings=bound, colors=colors, root=root)
    shutil.copy(made.run.path / "model.safetensors", root / "alone.safetensors")
    return root / "alone.safetensors"


def test_the_model_file_alone_is_enough(outcome, trained, images, tmp_path, monkeypatch):
    """The codebook's run, the token set and the model's own run are out of reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "nothing"))
    away = outcome.run.path.with_name("away")
    outcome.run.path.rename(away)
    try:
        model = pixace.load(trained)
        drawn = model.generate(3, seed=1)
        done = model.complete(images[0], cut="50%", samples=2)
    finally:
        away.rename(outcome.run.path)
    assert drawn.shape == (3, 8, 8, 3)
    np.testing.assert_array_equal(done.photos[0], images[0])
    np.testing.assert_array_equal(done.finished[0, 0, :, :4], np.stack([images[0, :4]] * 2))
    np.testing.assert_array_equal(drawn[:1], model.generate(1, seed=1))
    pixace.generate(tmp_path / "out.png", n=2, run=model, gif=tmp_path / "out.gif")


def test_a_codebook_can_be_taken_out_of_a_model(trained, tokenizer):
    assert Preprocessing(colors=f"vq:{trained}").tokenizer() == tokenizer


def test_a_token_set_holds_its_codebook(outcome, pictures, tokenizer, tmp_path):
    made = pixace.tokenize(pictures, tmp_path / "set", colors=f"vq:{outcome.run.path}")
    assert made.tokenizer == tokenizer
    assert made.split("train").rows([0]).shape == (1, made.tokenizer.length)
    (tmp_path / "set" / token_set.LEARNED).unlink()
    with pytest.raises(TokenError, match=r"tokenizer.safetensors is damaged"):
        token_set.open_set(tmp_path / "set")


def test_workers_make_the_same_tokens(outcome, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("pixace.data.parallel_encoding.CHUNK_PICTURES", 20)
    settings = {"colors": f"vq:{outcome.run.path}"}
    one, two = (pixace.tokenize(pictures, tmp_path / str(n), **settings, workers=n) for n in (1, 2))
    assert one.header.files == two.header.files


def test_a_report_compares_codes_with_colours(outcome, pictures, tmp_path):
    found = pixace.compare(
        pictures, tmp_path / "report.png", colors=["grey:4", f"vq:{outcome.run.path}"]
    )
    grey, learned = found["schemes"]
    assert learned["colors_possible"] == 8
    assert learned["entropy"] < grey["entropy"], "per pixel, a code counts for sixteen"


class Heard:
    """A tracker that remembers what it was told."""

    def __init__(self):
        self.steps, self.files, self.end = [], [], None

    def numbers(self, step, numbers):
        self.steps.append(step)

    def picture(self, step, name, picture):
        raise AssertionError("none is made before the first evaluation")

    def artifact(self, path):
        assert path.is_file()
        self.files.append(path)

    def finish(self, status):
        self.end = status


@pytest.mark.slow
def test_a_codebook_that_was_stopped_and_resumed_equals_one_that_was_not(
    outcome, pictures, tmp_path, monkeypatch
):
    asked = iter(range(1000))

    class Stopped:
        def __enter__(self):
            return lambda: next(asked) >= 15

        def __exit__(self, *_):
            return None

    tracker = Heard()
    with monkeypatch.context() as patch:
        patch.setattr(fit, "stopped_by_signal", Stopped)
        patch.setattr(trackers, "opened", lambda *_: [tracker])
        cut = pixace.codebook(pictures, bindings=SMALL, root=tmp_path)
    assert (cut.step, cut.used) == (15, None)
    assert tracker.steps == list(range(1, 16))
    assert tracker.files == [cut.run.path / "model.safetensors"]
    assert tracker.end == "stopped"
    assert cut.run.read().status == "stopped"
    assert Preprocessing(colors=f"vq:{cut.run.path}").tokenizer().codes == 8
    resumed = pixace.resume_codebook(root=tmp_path)
    (one, a), (two, b) = model_file.read(resumed.run.path), model_file.read(outcome.run.path)
    assert a.tokenizer == b.tokenizer
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    with pytest.raises(PixaceError, match=r"finished after 40 steps; .*--steps 80"):
        pixace.resume_codebook(root=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "bindings",
    [
        ["codebook.update = 'gradient'", "codebook.revive = 0.0"],
        ["codebook.sharpness = 0.1", "codebook.discriminator = 0.1"],
    ],
    ids=["gradient", "sharpness, discriminator"],
)
def test_every_way_to_train_lowers_the_error(pictures, tmp_path, bindings):
    made = pixace.codebook(pictures, bindings=[*SMALL, *bindings], root=tmp_path)
    error = losses(made.run, "squared_error")
    assert np.mean(error[-5:]) < 0.8 * np.mean(error[:5])
    discriminator = losses(made.run, "discriminator_loss")
    assert any(discriminator) == ("discriminator" in bindings[1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--codes", "1"], "a codebook of 1 codes says nothing; ask for 2 or more"),
        (["--downsample", "3"], "cannot downsample by 3; give a power of two"),
        (["--size", "10"], "10x10 pixels cannot be downsampled by 4; choose a size"),
        (["--set", "codebook.update='ema2'"], "no codebook.update 'ema2'; known: ema, gradient"),
        (["--set", "codebook.decay=1.0"], "codebook.decay is 1.0; it must be 0 or more and below"),
        (["--set", "codebook.beta=-1.0"], "codebook.beta is -1.0; it must be 0 or more"),
        (["--set", "codebook.width=0"], "codebook.width is 0; it must be 1 or more"),
        (["--set", "codebook.data=3"], "cannot be bound"),
        (["--gin", "codebok"], "Did you mean codebook.gin?"),
    ],
)
def test_what_cannot_be_is_answered_in_a_line(pictures, tmp_path, words, said):
    runs = tmp_path / "runs"
    small = [each for line in SMALL for each in ("--set", line.replace(" ", ""))]
    result = CliRunner().invoke(
        main, ["codebook", str(pictures), *small, *words, "--runs", str(runs)], prog_name="pixace"
    )
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(runs.glob("*"))


@pytest.mark.parametrize(
    ("colors", "size", "said"),
    [
        ("vq:nowhere", None, "no run 'nowhere'"),
        ("vq:", None, "no codebooks in"),
        ("vq:{tiny}", None, "is no codebook but a transformer"),
        ("vq:{codebook}", 32, "is for 8x8 pixels, not for 32x32; leave out the size"),
    ],
)
def test_a_codebook_that_does_not_fit_is_answered_in_a_line(
    outcome, tiny_outcome, pictures, tmp_path, monkeypatch, colors, size, said
):
    monkeypatch.setenv("PIXACE_RUNS", str(tmp_path / "runs"))
    colors = colors.format(tiny=tiny_outcome.run.path, codebook=outcome.run.path)
    with pytest.raises(PixaceError) as caught:
        pixace.tokenize(pictures, tmp_path / "set", colors=colors, size=size)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set").exists()


def test_a_codebook_draws_nothing_by_itself(outcome):
    with pytest.raises(PixaceError, match=r"is a codebook, .* pixace train PICTURES --colors vq:"):
        pixace.load(outcome.run.path)


def test_the_latest_run_is_the_latest_model(outcome, tmp_path, monkeypatch):
    """A codebook is none, and none comes along."""
    monkeypatch.setattr(shipped, "HERE", tmp_path)
    with pytest.raises(PixaceError, match="no runs in"):
        pixace.load(root=outcome.run.path.parent)


def test_grey_pictures_are_seen_in_one_channel_and_the_command_says_what_it_made(tmp_path):
    np.save(tmp_path / "grey.npy", np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8))
    small = [each for line in SMALL for each in ("--set", line)]
    root = str(tmp_path / "runs")
    words = ["codebook", str(tmp_path / "grey.npy"), *small, "--steps", "2", "--track", "none"]
    words += ["--runs", root]
    result = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    facts = json.loads(result.stdout)
    assert (facts["step"], facts["codes"]) == (2, 8)
    assert facts["psnr"] > 0
    assert not (Path(facts["run"]) / "tensorboard").exists()
    listed = CliRunner().invoke(main, ["runs", "--runs", root], catch_exceptions=False)
    assert f"{facts['psnr']:.2f} dB" in listed.output
    tokenizer = Preprocessing(colors=f"vq:{facts['run']}").tokenizer()
    assert tokenizer.channels == 1
    images = tokenizer.decode(np.full((1, 4), 2))
    assert (images == images[..., :1]).all()


def test_a_codebook_needs_pictures_and_not_tokens(outcome, pictures, tmp_path):
    pixace.tokenize(pictures, tmp_path / "set", size=8, colors="grey:4")
    with pytest.raises(PixaceError, match="is a token set; a codebook learns from the pictures"):
        pixace.codebook(tmp_path / "set", bindings=SMALL, root=tmp_path / "runs")


def test_a_step_far_off_is_skipped(pictures, tmp_path, monkeypatch, capsys):
    usual = CodebookTask.step

    def step(self, state, batch):
        if int(state.step) == 4:  # as if all losses so far had been far lower
            watch = state.watch._replace(seen=np.int32(100), mean=np.float32(-99))
            state, measures = usual(self, state._replace(watch=watch), batch)
            return state._replace(watch=state.watch._replace(seen=np.int32(0))), measures
        return usual(self, state, batch)

    monkeypatch.setattr(CodebookTask, "step", step)
    short = [*SMALL, "codebook.steps = 8"]
    found = pixace.codebook(pictures, bindings=short, root=tmp_path, name="flags")
    assert "step 5 is skipped: loss rose to " in capsys.readouterr().err
    assert (found.run.path / "skipped" / "000005.png").exists()
    assert len(losses(found.run)) == 7
