"""Files that an earlier pixace wrote are read for ever: one of each format lies here."""

from pathlib import Path

import numpy as np
import pytest

import pixace
from pixace.data import token_set
from pixace.runs.run_folder import Run

HERE = Path(__file__).parent
RUNS = sorted(HERE.glob("run-*"))


@pytest.fixture(params=RUNS, ids=lambda path: path.name)
def folder(request):
    return request.param


def test_a_run_is_read(folder):
    described = Run(folder).read()
    assert (described.format, described.status, described.step) == (3, "finished", 2)
    assert described.model.kind == "reformer"
    assert described.training["steps"] == 2
    assert described.captions.classes == {"0": "a 0", "1": "a 1"}
    assert described.best.metric == "nats_per_token"


def test_a_model_file_is_drawn_with(folder):
    pictures = pixace.load(folder / "model.safetensors").generate(1, classes="1")
    assert pictures.shape == (1, 4, 4, 3)
    assert set(np.unique(pictures)) <= {0, 85, 170, 255}


def test_a_token_set_is_opened(folder):
    tokens = token_set.open_set(folder / "tokens")
    rows = [tokens.split(name) for name in ("train", "validation")]
    assert sum(map(len, rows)) == 12
    assert tokens.tokenizer.decode(rows[0].rows(np.arange(2))).shape == (2, 4, 4, 3)
    assert {each["label"] for each in tokens.records("train")} == {"0", "1"}
