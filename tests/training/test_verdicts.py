"""What a training says of itself, on pictures that it must learn by heart, cannot, or can."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.training.metrics_log import METRICS, read

SHAPE = [
    "model.kind = 'modern'",
    "D_MODEL = 64",
    "D_FF = 128",
    "LAYERS = 2",
    "HEADS = 1",
    "train.optimizer = 'muon'",
    "train.warmup_steps = 1",
    "train.schedule = 'flat'",
    "train.log_every = 1000",
    "train.samples = 2",
    "train.ema = 0.9",
    "pictures.size = 6",
    "pictures.colors = 'grey:4'",
]


def noise(count):
    return np.random.default_rng(0).integers(0, 256, (count, 6, 6), np.uint8)


def slopes(count):
    """Light that falls from one side or the other, and never twice alike."""
    ends = np.random.default_rng(0).integers(0, 256, (count, 2, 2), np.uint8)
    way = Pillow.Resampling.BILINEAR
    return np.stack([np.asarray(Pillow.fromarray(each).resize((6, 6), way)) for each in ends])


@pytest.fixture
def trained(tmp_path):
    def made(pictures, *, steps, every, held_out, rate=0.01):
        np.save(tmp_path / "pictures.npy", pictures)
        return pixace.train(
            tmp_path / "pictures.npy",
            gin="base",
            bindings=[
                *SHAPE,
                f"train.evaluate_every = {every}",
                f"pictures.validation_fraction = {held_out}",
            ],
            steps=steps,
            batch_size=8,
            learning_rate=rate,
            root=tmp_path / "runs",
        )

    return made


def test_ten_pictures_of_noise_are_learned_by_heart(trained, capsys):
    outcome = trained(noise(10), steps=200, every=50, held_out=0.2, rate=0.005)
    best = pixace.load(outcome.run.path).description.step
    assert best < 150
    assert outcome.verdict == f"memorising since step {best}; the model of then is kept"
    assert "more pictures" in outcome.advice
    assert f"; {outcome.verdict}" in capsys.readouterr().err


def test_noise_without_end_cannot_be_learned_and_is_said_to_be_at_its_best(trained):
    outcome = trained(noise(450), steps=300, every=50, held_out=0.3, rate=0.001)
    assert outcome.verdict == "best about now"
    shares = np.array([1, 2, 2, 1]) / 6  # of 4 greys, of which black and white take half as much
    assert outcome.loss == pytest.approx(-(shares * np.log(shares)).sum(), rel=0.02)


def test_what_can_be_learned_is_still_learned_in_the_beginning(trained):
    outcome = trained(slopes(140), steps=60, every=20, held_out=0.3)
    assert outcome.verdict == "still learning"
    assert f"--resume {outcome.run.path} --minutes 1" in outcome.advice


def test_gap_yardsticks_and_copies_are_logged(trained):
    outcome = trained(slopes(30), steps=40, every=20, held_out=0.3)
    lines = [line for line in read(outcome.run.path / METRICS) if "validation_loss" in line]
    assert [line["step"] for line in lines] == [20, 40]
    whole = pixace.evaluate(run=outcome.run.path)
    best = min(lines, key=lambda line: line["validation_loss"])
    learned = pixace.evaluate(run=outcome.run.path, part="train", pictures=9)
    gap = whole.nats_per_token.mean - learned.nats_per_token.mean
    assert best["validation_gap"] == pytest.approx(gap, abs=1e-3)
    low, most = whole.yardsticks.best[1], whole.yardsticks.frequencies
    wanted = (most - whole.bits_per_pixel.mean) / (most - low)
    assert best["validation_yardstick"] == pytest.approx(wanted, abs=1e-2)
    copied = [line.get("samples_copied") for line in read(outcome.run.path / METRICS)]
    assert {0, 0.5, 1}.issuperset(filter(None, copied))
    assert len(copied) - copied.count(None) == 2


def test_where_nothing_is_held_out_nothing_is_said(trained):
    outcome = trained(slopes(12), steps=4, every=2, held_out=0)
    assert (outcome.verdict, outcome.advice) == (None, None)
    text = (outcome.run.path / METRICS).read_text(encoding="utf-8")
    assert not any("gap" in json.loads(line) for line in text.splitlines()[1:])
