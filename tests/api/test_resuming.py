"""Going on: state and configuration change together, and nothing is thrown away."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import pixace
from pixace.errors import NotFiniteError, PixaceError, RunError
from pixace.runs import model_file, run_folder
from pixace.runs.checkpoints import Checkpoints, saved
from pixace.runs.run_folder import Run
from pixace.storage.lock import alone
from pixace.training import fit, lm_evaluator, train_lm
from pixace.training.metrics_log import MetricsLog, read


@pytest.fixture
def run(tiny_outcome, tmp_path):
    """A copy of the tiny run: finished after 6 steps, with checkpoints of 3 and 6."""
    return Run(shutil.copytree(tiny_outcome.run.path, tmp_path / "runs" / "again"))


def full_after(monkeypatch, saves):
    """Makes the disk full after some more checkpoints."""
    usual, count = Checkpoints.save, iter(range(99))

    def save(self, step, state, *, is_best):
        if next(count) >= saves:
            raise PixaceError("no space left on disk")
        usual(self, step, state, is_best=is_best)

    monkeypatch.setattr(Checkpoints, "save", save)


def test_a_disk_that_is_full_at_once_leaves_the_run_as_it_was(run, monkeypatch):
    before, config = run.read(), (run.path / "config.gin").read_text()
    full_after(monkeypatch, 0)
    with pytest.raises(PixaceError, match="no space left"):
        pixace.resume(run.path, steps=12)
    after = run.read()
    assert after == replace(before, best=after.best)
    assert (run.path / "config.gin").read_text() == config
    assert (after.status, after.step, after.steps) == ("finished", 6, 6)
    assert model_file.read(run.path)[1].best == after.best


def test_a_disk_that_is_full_later_leaves_a_run_that_was_stopped(run, monkeypatch):
    """A checkpoint of step 9 and the configuration of 12 steps belong together."""
    with monkeypatch.context() as patch:
        full_after(patch, 1)
        with pytest.raises(PixaceError, match="no space left"):
            pixace.resume(run.path, steps=12)
    after = run.read()
    assert (after.status, after.step, after.steps) == ("stopped", 9, 12)
    assert "train.steps = 12" in (run.path / "config.gin").read_text()
    assert saved(run.path)[-1] == 9
    assert pixace.resume(run.path).step == 12


def test_two_do_not_go_on_with_one_run(run):
    """The second is refused before it has changed anything."""
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with (
        alone(run.path, "train --resume"),
        pytest.raises(PixaceError, match=r"again is in use: train --resume \(process \d+ on "),
    ):
        pixace.resume(run.path, steps=12)
    assert before == {path: path.read_bytes() for path in before}
    assert pixace.resume(run.path, steps=7).step == 7


def test_nobody_goes_on_with_a_run_that_is_still_training(tiny, tiny_pictures, tmp_path):
    """A step of it is when somebody tries."""
    refused, usual = [], MetricsLog.write

    def write(self, step, **numbers):
        if not refused:
            with pytest.raises(PixaceError, match="is in use: training") as why:
                pixace.resume(tmp_path / "runs" / "own")
            refused.append(why)
        usual(self, step, **numbers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MetricsLog, "write", write)
        pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path / "runs", name="own")
    assert refused


def test_a_second_interruption_is_no_other(run, monkeypatch):
    """Ctrl-C twice while steps are done: status and configuration are in order all the same."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_lm, "make_step", lambda *_, **__: interrupted)
    before = run.read()
    with pytest.raises(KeyboardInterrupt):
        pixace.resume(run.path, steps=12)
    assert run.read() == before


def test_checkpoints_that_were_deleted_are_not_begun_anew(run):
    curve = (run.path / "metrics.jsonl").read_text()
    for step in saved(run.path):
        shutil.rmtree(run.path / "checkpoints" / str(step))
    with pytest.raises(RunError, match=r"has no checkpoint left to go on from; .*train"):
        pixace.resume(run.path, steps=12)
    shutil.rmtree(run.path / "checkpoints")
    with pytest.raises(RunError, match="has no checkpoint left"):
        pixace.resume(run.path, steps=12)
    assert (run.path / "metrics.jsonl").read_text() == curve
    assert len(pixace.load(run.path).generate(1)) == 1


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(run):
    """Its first evaluation was done, the checkpoint was not."""
    shutil.rmtree(run.path / "checkpoints")
    run.describe(status="running", step=3)
    lines = (run.path / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run.path / "metrics.jsonl").write_text("".join(lines[:4]))
    assert read(run.path / "metrics.jsonl")[-1]["step"] == 3
    assert pixace.resume(run.path).step == 6


class _stopped:  # noqa: N801  stands for `stopped_by_signal`
    def __init__(self, after):
        self.asked = iter(range(10_000))
        self.after = after

    def __enter__(self):
        return lambda: next(self.asked) >= self.after

    def __exit__(self, *_):
        return None


def test_a_run_stopped_twice_before_any_evaluation_keeps_its_newest_weights(
    tiny, tiny_pictures, tmp_path, monkeypatch
):
    monkeypatch.setattr(fit, "stopped_by_signal", lambda: _stopped(2))
    bound = [*tiny, "train.evaluate_every = 100", "train.steps = 100"]
    first = pixace.train(tiny_pictures, gin="base", bindings=bound, root=tmp_path)
    assert first.stopped
    weights, described = model_file.read(first.run.path)
    assert (described.step, described.best) == (2, None)
    second = pixace.resume(first.run.path)
    more, described = model_file.read(second.run.path)
    assert (second.step, described.step, described.best) == (4, 4, None)
    assert any((weights[name] != more[name]).any() for name in weights)


def test_the_best_is_claimed_only_when_its_model_is_there(
    tiny, tiny_pictures, tmp_path, monkeypatch
):
    """The second evaluation is better, and its model file cannot be written."""
    losses = iter([3.0, 3.0, 1.0, 1.0])  # each time of held-out and of training pictures
    monkeypatch.setattr(lm_evaluator, "validation_loss", lambda *_, **__: lambda *_: next(losses))
    usual, count = model_file.save, iter(range(99))

    def save(*args, **settings):
        if next(count):
            raise PixaceError("no space left on disk")
        usual(*args, **settings)

    monkeypatch.setattr(model_file, "save", save)
    with pytest.raises(PixaceError, match="no space left"):
        pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path)
    (run,) = run_folder.every(tmp_path)
    assert run.read().best == model_file.read(run.path)[1].best
    assert run.read().best.value == 3.0


@pytest.mark.parametrize(
    "change",
    [["train.clip = 0.0"], ["train.ema = 0.9"], ["DROPOUT = 0.5"], ["train.schedule = 'rsqrt'"]],
    ids=str,
)
def test_what_can_be_taken_over_is(run, change):
    assert pixace.resume(run.path, steps=8, bindings=change).step == 8


def test_a_moving_average_begins_with_the_weights_and_ends_with_none(run):
    """On: the average of step 6 is the weights of step 6. Off again: the weights are judged."""
    state = {}

    def spy(flat, ema):
        mended = usual(flat, ema)
        state["flat"], state["mended"] = (
            {name: np.array(leaf) for name, leaf in each.items()} for each in (flat, mended)
        )  # copies, as a step gives its state away
        return mended

    usual = train_lm._with_average
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_lm, "_with_average", spy)
        pixace.resume(run.path, steps=7, bindings=["train.ema = 0.5"])
        flat, mended = state["flat"], state["mended"]
        added = mended.keys() - flat.keys()
        assert added == {
            name.replace("weights", "average", 1) for name in flat if "weights" in name
        }
        for name in added:
            np.testing.assert_array_equal(mended[name], flat[name.replace("average", "weights", 1)])
        pixace.resume(run.path, steps=8, bindings=["train.ema = 0.0"])
        assert not [name for name in state["mended"] if name.startswith("average/")]
        assert state["flat"].keys() == mended.keys()


def test_a_rate_that_jumps_is_said_with_the_way_to_keep_it(run, capsys):
    """The cosine that had come to its end is stretched over twice the steps."""
    pixace.resume(run.path, steps=12)
    said = capsys.readouterr().err
    (line,) = (line for line in said.splitlines() if "the learning rate goes from" in line)
    last = [each["learning_rate"] for each in read(run.path / "metrics.jsonl") if "loss" in each]
    assert f"goes from {last[5]:.2g} to {last[6]:.2g} at step 6" in line
    assert last[6] > 3 * last[5]
    assert f"--learning-rate {last[5]:.2g} --set \"train.schedule='constant'\"" in line


def test_the_way_that_is_offered_keeps_the_rate(run, capsys):
    steps = [line for line in read(run.path / "metrics.jsonl") if "loss" in line]
    last = steps[-1]["learning_rate"]
    pixace.resume(
        run.path,
        steps=12,
        learning_rate=float(f"{last:.2g}"),
        bindings=["train.schedule='constant'"],
    )
    assert "learning rate goes" not in capsys.readouterr().err
    rates = [line["learning_rate"] for line in read(run.path / "metrics.jsonl") if "loss" in line]
    np.testing.assert_allclose(rates[5:], last, rtol=0.05)


def test_going_on_as_planned_says_nothing_of_rates(run, capsys):
    shutil.rmtree(run.path / "checkpoints" / "6")
    run.describe(status="stopped", step=3)
    assert pixace.resume(run.path).step == 6
    assert "learning rate" not in capsys.readouterr().err


def test_a_token_set_in_the_cache_that_was_cut_short_is_made_again(
    tiny, tiny_pictures, tmp_path, monkeypatch
):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    first = pixace.train(tiny_pictures, gin="base", bindings=tiny, root=tmp_path / "runs")
    (shard,) = (tmp_path / "cache" / "tokens").glob("*/train-00000.npy")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-10])
    assert pixace.resume(first.run.path, steps=8).step == 8
    assert shard.read_bytes() == whole


def test_a_limit_and_a_pattern_are_kept_by_the_run(tiny, tiny_pictures, tmp_path, monkeypatch):
    """Going on from another folder, with the cache gone, takes the very pictures of before."""
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tiny_pictures.parent)
    first = pixace.train("stripe*.npy", gin="base", bindings=tiny, limit=16, root=tmp_path / "runs")
    data = first.run.read().data
    assert data.train + data.validation == 16
    assert data.named == str(tiny_pictures.parent / "stripe*.npy")
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    assert pixace.resume(first.run.path, steps=8).step == 8
    with pytest.raises(PixaceError, match=r"leave out 'pictures\.limit = 20'"):
        pixace.resume(first.run.path, steps=9, bindings=["pictures.limit = 20"])


def test_a_token_set_of_the_users_that_was_cut_short_is_left_alone(tiny, tiny_pictures, tmp_path):
    pixace.tokenize(tiny_pictures, tmp_path / "set", size=4, colors="grey:4")
    bound = [line for line in tiny if not line.startswith("pictures.")]
    first = pixace.train(tmp_path / "set", gin="base", bindings=bound, root=tmp_path / "runs")
    shard = tmp_path / "set" / "train-00000.npy"
    cut = shard.read_bytes()[:-10]
    shard.write_bytes(cut)
    with pytest.raises(PixaceError, match=r"train-00000\.npy is damaged"):
        pixace.resume(first.run.path, steps=8)
    assert shard.read_bytes() == cut


def test_a_rate_that_is_too_high_says_a_way_back_that_works(run):
    """The state that is saved is sound, however many steps come between two looks at the loss."""
    wild = ["train.learning_rate = 1e30", "train.clip = 0.0", "train.schedule = 'constant'"]
    before = run.read()
    with pytest.raises(NotFiniteError, match=r"go on from step 6, which is sound") as caught:
        pixace.resume(run.path, steps=12, bindings=[*wild, "train.log_every = 100"])
    assert f"pixace train --resume {run.path} --learning-rate 1e+29" in str(caught.value)
    assert saved(run.path)[-1] == 6
    assert (run.read().training, run.read().best) == (before.training, before.best)
    assert all(np.isfinite(each).all() for each in model_file.read(run.path)[0].values())
    assert pixace.resume(run.path, steps=12, learning_rate=0.001).step == 12
