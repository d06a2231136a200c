"""Files that an earlier pixace wrote are read for ever: one of each format lies here."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.data import token_set
from pixace.errors import TokenError
from pixace.evaluation import compressed_file
from pixace.runs.run_folder import Run

HERE = Path(__file__).parent
RUNS = sorted(HERE.glob("run-*"))


@pytest.fixture(params=RUNS, ids=lambda path: path.name)
def folder(request):
    return request.param


def test_a_run_is_read(folder):
    described = Run(folder).read()
    assert (described.format, described.status, described.step) == (4, "finished", 2)
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


def test_compressed_pictures_are_read_or_it_is_said_why_not(tmp_path):
    """What is in the file always is; the pictures themselves take a machine that rounds alike."""
    run = HERE / "run-4"
    header, payload = compressed_file.read(HERE / "pictures-1.pxc")
    assert header.names == tuple(f"array (3, 4, 4, 3)[{number}]" for number in range(3))
    assert (header.model, header.dtype, len(payload)) == ("tokens-reformer", "bfloat16", 18)
    try:
        pixace.decompress(HERE / "pictures-1.pxc", tmp_path / "again", run=run)
        said = None
    except TokenError as why:
        said = str(why)
    if said is not None:
        assert re.search("with JAX|rounds otherwise", said)
        return
    tokens = token_set.open_set(run / "tokens")
    shown = tokens.tokenizer.decode(tokens.split("train").rows(range(3)))
    for name, picture in zip(header.names, shown, strict=True):
        with Pillow.open(tmp_path / "again" / f"{name}.png") as made:
            np.testing.assert_array_equal(np.asarray(made.convert("RGB")), picture)
