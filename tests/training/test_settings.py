"""Settings: refused when they are made, and made without what is slow to import."""

import subprocess
import sys

import pytest

from pixace.errors import ConfigError
from pixace.training import schedules, settings
from pixace.training.settings import CodebookSettings, TrainSettings

HEAVY = ("jax", "optax", "orbax", "trax", "mlflow", "tensorboardX")


def test_they_import_nothing_heavy():
    code = f"import sys, pixace.training.settings; print({HEAVY!r} & sys.modules.keys())"
    code = code.replace(repr(HEAVY), repr(set(HEAVY)))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (TrainSettings, {"batch_size": 8, "accumulate": 3}, "batch_size 8 cannot be cut into"),
        (TrainSettings, {"optimizer": "sgd"}, "no optimizer 'sgd'; known: adafactor, adam, adamw"),
        (TrainSettings, {"schedule": "linear"}, "no schedule 'linear'"),
        (TrainSettings, {"dtype": "float16"}, "no dtype 'float16'"),
        (TrainSettings, {"track": "tensorbord"}, "no tracker 'tensorbord'"),
        (CodebookSettings, {"update": "ema2"}, "no codebook.update 'ema2'"),
        (CodebookSettings, {"schedule": "linear"}, "no schedule 'linear'"),
        (CodebookSettings, {"track": "none,mlflow"}, "none means no tracker at all"),
    ],
)
def test_what_does_not_fit_is_refused_when_settings_are_made(kind, given, words):
    with pytest.raises(ConfigError, match=words) as caught:
        kind(**given)
    assert "\n" not in str(caught.value)


def test_none_stands_for_a_default_and_numbers_are_pythons_own():
    assert TrainSettings(steps=None, dtype=None) == TrainSettings()
    assert type(TrainSettings(learning_rate=1).learning_rate) is float


def test_the_schedules_that_are_named_are_those_there_are():
    assert tuple(schedules.SCHEDULES) == settings.SCHEDULES
