"""Model files: weights by name, described, and nothing else is believed."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

import pixace
from pixace.errors import RunError
from pixace.runs import model_file
from pixace.storage import pytrees

WEIGHTS = {"body": ((jnp.ones((2, 3)), ()), [jnp.zeros(4)]), "head": (jnp.arange(3.0),)}


def test_weights_and_description_come_back_as_written(tmp_path, described):
    path = tmp_path / "model.safetensors"
    about = described(nats=0.5)
    model_file.save(path, WEIGHTS, about)
    flat, found = model_file.read(path)
    assert found == about
    restored = pytrees.unflatten(flat, WEIGHTS)
    assert str(restored) == str(WEIGHTS)


def test_a_transposed_weight_is_saved_as_it_reads(tmp_path, described):
    """Safetensors writes memory as it lies; a view must be laid straight first."""
    turned = {"w": np.arange(6.0).reshape(2, 3).T}
    model_file.save(tmp_path / "m.safetensors", turned, described())
    flat, _ = model_file.read(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(pytrees.unflatten(flat, turned)["w"], turned["w"])


def test_what_is_no_model_of_pixace_is_refused(tmp_path):
    broken, foreign = tmp_path / "broken.safetensors", tmp_path / "foreign.safetensors"
    broken.write_bytes(b"nonsense" * 100)
    save_file({"w": np.zeros(3)}, foreign)
    with pytest.raises(RunError, match=r"broken.safetensors is broken or no model file"):
        model_file.read(broken)
    with pytest.raises(RunError, match="was not made by pixace"):
        model_file.read(foreign)
    for text in ("{", "[" * 100_000, "9" * 10_000):
        save_file({"w": np.zeros(3)}, foreign, metadata={"pixace": text})
        with pytest.raises(RunError, match="its description is no JSON"):
            model_file.read(foreign)
    with pytest.raises(RunError, match="no model yet"):
        model_file.read(tmp_path)


def test_whoever_may_read_the_folder_may_read_the_file(tiny_outcome):
    folder = tiny_outcome.run.path
    assert (folder / "model.safetensors").stat().st_mode == (folder / "run.json").stat().st_mode


def test_every_flipped_bit_is_found(tmp_path, described):
    """In the header, the description, the weights, and the checksum itself."""
    path = tmp_path / "model.safetensors"
    model_file.save(path, WEIGHTS, described(nats=0.5))
    content = path.read_bytes()
    assert len(content) < 4000
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=r"model\.safetensors"):
            model_file.read(path)
    path.write_bytes(content)
    model_file.read(path)


def test_more_layers_than_arrays_are_refused_before_any_is_built(tiny_outcome, tmp_path):
    flat, about = model_file.read(tiny_outcome.run.path)
    claimed = replace(about.model, settings=about.model.settings | {"n_layers": 10**9})
    model_file.save(tmp_path / "deep.safetensors", flat, replace(about, model=claimed))
    with pytest.raises(RunError, match=r"description: 1,000,000,000 layers in \d+ arrays"):
        pixace.load(tmp_path / "deep.safetensors")
