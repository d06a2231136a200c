"""`pixace doctor`: what is well is called well, and each fault that is planted is found."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.api import doctor as doctors
from pixace.api import patient
from pixace.cli import main
from pixace.errors import ConfigError, PixaceError
from pixace.layers import causal_attention
from pixace.training import training_checks

RATE = "train.learning_rate = 0.003"
MODEL = ("leak", "cache")
TRAINING = ("loss at the start", "learning rate", "gradients", "speed", "by heart")


def states(found):
    return {each.name: each.state for each in found.findings}


def command(*words):
    """In this process; the exit code, and what it prints."""
    result = CliRunner().invoke(main, ["doctor", *map(str, words)], prog_name="pixace")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """What is learned by heart takes hundreds of steps; that is tested where it is done."""
    monkeypatch.setattr(training_checks, "FITTED", 0.9)


@pytest.fixture(scope="module")
def well(tiny, tmp_path_factory):
    """An examination with a sheet, by Python, of pictures that are well but for how few."""
    sheet = tmp_path_factory.mktemp("sheet") / "sheet.png"
    noise = np.random.default_rng(0).integers(-40, 40, (60, 6, 6))
    pictures = np.clip(np.linspace(30, 220, 6) + noise, 0, 255).astype(np.uint8)
    own = [*tiny, RATE, "pictures.size = 6"]
    found = pixace.doctor(pictures, gin="base", bindings=own, sheet=sheet)
    return found, sheet


def test_what_is_well_is_called_well(well):
    found, sheet = well
    assert not found.is_broken
    bad = {name for name, state in states(found).items() if state != "ok"}
    assert bad <= {"pictures", "load", "memory", "disk of runs", "disk of the cache"}
    assert states(found).keys() >= {"versions", "files", "sizes", "held out", *MODEL, *TRAINING}
    assert json.loads(json.dumps(found.as_dict()))["broken"] is False
    with Pillow.open(sheet) as picture:
        assert picture.width > 8 * 128


def test_whole_pictures_stand_beside_what_the_model_sees(tiny, tmp_path):
    """A wide picture, black and white, which a crop makes all white in the middle."""
    wide = np.zeros((2, 4, 12, 3), np.uint8)
    wide[:, :, 4:8] = 255
    plan = patient.Plan("base", [*tiny, "pictures.validation_fraction = 0"], None)
    originals, seen = patient.of_plan(plan, wide, [], labels=False).examples(24)
    assert originals.shape == (2, 128, 128, 3)
    assert seen.shape == (2, 4, 4, 3)
    assert (seen == 255).all()
    middle = originals[0, 64, :, 0]
    assert [middle[x] for x in (8, 64, 120)] == [0, 255, 0]
    assert (originals[0, 0] == 255).all(), "padded"


def test_the_command_says_what_the_call_finds(tiny, tiny_pictures, tmp_path):
    lines = [word for line in [*tiny, RATE] for word in ("--set", line)]
    code, said = command(tiny_pictures, "--gin", "base", *lines, "--runs", tmp_path / "runs")
    assert code == 0, said
    assert "ok      leak " in said
    assert not (tmp_path / "runs").exists()
    code, said = command(tmp_path / "nothing", "--json")
    assert code == 1
    facts = json.loads(said)
    assert facts["broken"]
    assert facts["findings"][-1]["name"] == "pictures"
    assert facts["findings"][-1]["found"].startswith("no source")


def test_a_model_without_a_mask_is_found(tiny, tiny_pictures, monkeypatch):
    monkeypatch.setattr(causal_attention, "MASKED", 0.0)
    own = [*tiny, RATE, "D_FF = 18"]  # programs are remembered
    found = pixace.doctor(tiny_pictures, gin="base", model="modern", bindings=own)
    assert found.is_broken
    assert states(found)["leak"] == "broken"


def test_shuffled_labels_are_found(tiny, tmp_path):
    labels = np.arange(1200) % 2
    noise = np.random.default_rng(0).integers(-60, 60, (1200, 6, 6))
    own = [*tiny, RATE, "pictures.size = 6"]
    pictures = np.clip(np.array([60, 190])[labels][:, None, None] + noise, 0, 255)
    for names, state in ((labels, "ok"), (np.random.default_rng(1).permutation(labels), "broken")):
        np.savez(tmp_path / "a.npz", images=pictures.astype(np.uint8), labels=names)
        found = pixace.doctor(
            tmp_path / "a.npz", gin="base", bindings=own, captions=True, seconds=100
        )
        assert states(found)["labels and pictures"] == state
        assert found.is_broken is (state == "broken")


def test_held_out_pictures_that_repeat_training_pictures_are_found(tiny, tmp_path):
    """The same pictures in other files, a token set of which is named."""
    random = np.random.default_rng(0)
    for part in ("train", "validation"):
        (tmp_path / part).mkdir()
    for number in range(40):
        spots = random.integers(0, 256, (4, 4, 3), np.uint8)
        picture = Pillow.fromarray(spots).resize((24, 24), Pillow.Resampling.BICUBIC)
        picture.save(tmp_path / "train" / f"{number}.png")
        if number < 10:
            picture.save(tmp_path / "validation" / f"{number}.jpg", quality=60)
    pixace.tokenize(
        tmp_path / "train",
        tmp_path / "set",
        size=12,
        colors="rgb:3,3,2",
        validation=tmp_path / "validation",
    )
    shape = [line for line in tiny if not line.startswith("pictures.")]
    found = pixace.doctor(tmp_path / "set", gin="base", bindings=[*shape, RATE])
    assert states(found)["held out"] == "broken"
    assert states(found)["sizes"] == "ok", "as the pictures are still there"


def test_a_rate_ten_times_too_high_is_found():
    """That of the digits, whose own is well."""
    for rate, state in ((0.01, "ok"), (0.1, "broken")):
        found = pixace.doctor(learning_rate=rate, bindings=["train.batch_size = 8"])
        assert states(found)["learning rate"] == state
        assert found.is_broken is (state == "broken")


def test_a_run_is_looked_at_with_its_weights(worded_outcome):
    """One that reads captions; its pictures and settings are its own."""
    found = pixace.doctor(run=worded_outcome.run.path)
    assert states(found)["leak"] == states(found)["cache"] == "ok"
    assert "what it learned" in states(found)
    assert states(found)["labels and pictures"] in ("ok", "look")
    assert "learning rate" in states(found)


def test_of_a_file_alone_the_model_is_looked_at(tiny_outcome, tiny_pictures, tmp_path):
    packed = tmp_path / "packed.safetensors"
    pixace.pack_model(tiny_outcome.run.path, packed, about="stripes")
    found = pixace.doctor(run=packed)
    assert [each.name for each in found.findings][-3:] == ["pictures", "leak", "cache"]
    assert states(found)["pictures"] == "look"
    assert "training" not in states(found)
    found = pixace.doctor(tiny_pictures, run=packed)
    assert states(found).keys() >= {"what it learned", *TRAINING}


@pytest.mark.parametrize(
    "setting",
    [{"size": 8}, {"gin": "base"}, {"minutes": 3}, {"learning_rate": 0.1}, {"model": "modern"}],
    ids=str,
)
def test_a_run_has_settings_of_its_own(tiny_outcome, setting):
    with pytest.raises(ConfigError, match="a run has settings of its own"):
        pixace.doctor(run=tiny_outcome.run.path, **setting)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"seconds": 0}, "seconds is 0"),
        ({"limit": 0}, "limit is 0"),
        ({"minutes": -1}, "minutes is -1"),
        ({"model": "modem"}, "no model 'modem'"),
        ({"sheet": "sheet.gif"}, "its name must end in"),
        ({"bindings": ["train.stepps = 1"]}, "did you mean train.steps"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(setting, words):
    with pytest.raises(PixaceError, match=words):
        pixace.doctor(**setting)


def test_what_there_is_no_time_for_is_said(tiny, tiny_pictures, monkeypatch):
    monkeypatch.setattr(doctors, "time", Clock())
    found = pixace.doctor(tiny_pictures, gin="base", bindings=[*tiny, RATE], seconds=1)
    late = [each.name for each in found.findings if each.found == "not finished in time"]
    assert late == ["pictures", "model", "training"]
    assert not found.is_broken


class Clock:
    """One on which an hour passes whenever it is looked at."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 3600
        return self.now


def test_of_very_many_pictures_some_are_looked_at(tiny, tiny_pictures, monkeypatch):
    monkeypatch.setattr(patient, "MOST", 20)
    plan = patient.Plan("base", tiny, None)
    some = patient.of_plan(plan, tiny_pictures, [], labels=False)
    assert some.tokens.header.listed == 20
    plan = patient.Plan("base", [*tiny, "pictures.limit = 30"], None)
    assert patient.of_plan(plan, tiny_pictures, [], labels=False).tokens.header.listed == 30


def test_without_a_gin_file_the_model_is_what_suits_such_a_machine(tiny_pictures):
    plan = patient.Plan(None, ["pictures.size = 4"], None)
    it = patient.of_plan(plan, tiny_pictures, [], labels=False)
    assert it.record.kind == "modern"
    assert it.record.settings["d_model"] == 96
    assert it.steps is None, "as the clock decides them"


def test_a_check_that_fails_is_broken(tiny, tiny_pictures, monkeypatch):
    def full(*_, **__):
        raise MemoryError("too large")

    monkeypatch.setattr(doctors.model_checks, "leak", full)
    monkeypatch.setattr(doctors.training_checks, "checks", lambda *_: iter(()))
    found = pixace.doctor(tiny_pictures, gin="base", bindings=[*tiny, RATE])
    assert states(found)["model"] == "broken"
    assert "not enough memory" in found.findings[-1].found
