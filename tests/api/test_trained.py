"""A model that was loaded: found by any of its names, and asked with any kind of picture."""

import io
import shutil
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image as Pillow
from safetensors.numpy import save_file

import pixace
from pixace.errors import ImageError, PixaceError, RunError
from pixace.runs import model_file
from pixace.sampling.sampler import several_temperatures


@pytest.fixture(scope="module")
def model(tiny_outcome):
    return pixace.load(tiny_outcome.run.path)


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)


def test_pictures_are_what_the_model_was_trained_on(model, tiny_outcome):
    drawn = model.generate(3)
    assert (drawn.shape, drawn.dtype) == ((3, 4, 4, 3), np.uint8)
    assert set(np.unique(drawn)) <= {0, 85, 170, 255}
    assert model.size == (4, 4)
    assert model.description.best.value == tiny_outcome.loss


def test_any_name_of_a_run_leads_to_it(model, tiny_outcome, tmp_path, monkeypatch):
    path = tiny_outcome.run.path
    alone = tmp_path / "copied.safetensors"
    loaded = [
        pixace.load(str(path / "model.safetensors")),
        pixace.load(shutil.copy(path / "model.safetensors", alone)),
        pixace.load(path.name, root=path.parent),
        pixace.load(root=path.parent),
    ]
    monkeypatch.setenv("PIXACE_RUNS", str(path.parent))
    loaded += [pixace.load(), pixace.load(path.name)]
    for one in loaded:
        assert one.description == model.description
        for here, there in zip(
            jax.tree.leaves(one.sampler.weights),
            jax.tree.leaves(model.sampler.weights),
            strict=True,
        ):
            np.testing.assert_array_equal(here, there)
    assert loaded[1].path == alone


def test_a_model_file_alone_is_enough(model, tiny_outcome, tmp_path):
    """A copy elsewhere, with nothing of the run around it."""
    alone = shutil.copy(tiny_outcome.run.path / "model.safetensors", tmp_path / "m.safetensors")
    np.testing.assert_array_equal(pixace.load(alone).generate(3), model.generate(3))


def kinds(photo, folder):
    encoded = io.BytesIO()
    Pillow.fromarray(photo).save(encoded, "PNG")
    path = folder / "photo.png"
    path.write_bytes(encoded.getvalue())
    return [path, str(path), encoded.getvalue(), photo, Pillow.fromarray(photo)]


def test_a_photo_may_be_a_path_bytes_an_array_or_pillows(model, photo, tmp_path):
    every = kinds(photo, tmp_path)
    several = model.complete(every, samples=2)
    assert several.finished.shape == (5, 1, 2, 4, 4, 3)
    for kind in every:
        one = model.complete(kind, samples=2)
        assert one.finished.shape == (1, 1, 2, 4, 4, 3)
        np.testing.assert_array_equal(one.photos[0], several.photos[0])
        np.testing.assert_array_equal(one.finished[0], several.finished[0])


def test_an_array_of_pictures_is_several(model):
    drawn = model.generate(3)
    done = model.complete(drawn, cut=16, samples=1)
    np.testing.assert_array_equal(done.finished[:, 0, 0], drawn)
    np.testing.assert_array_equal(done.photos, drawn)


def test_one_temperature_or_several(model, photo):
    assert model.complete(photo).finished.shape == (1, 1, 4, 4, 4, 3)
    both = model.complete(photo, temperature=(0.5, 2.0), samples=3)
    assert both.finished.shape == (1, 2, 3, 4, 4, 3)
    alone = model.complete(photo, temperature=2.0, samples=3)
    np.testing.assert_array_equal(both.finished[:, 1:], alone.finished)


@pytest.mark.parametrize(
    "temperature",
    [(0.5, 2), np.array([0.5, 2]), np.float32([0.5, 2]), jnp.array([0.5, 2.0]), iter([0.5, 2])],
    ids=lambda it: type(it).__name__,
)
def test_temperatures_may_come_in_any_row(model, photo, temperature):
    done = model.complete(photo, temperature=temperature, samples=1)
    plain = model.complete(photo, temperature=[0.5, 2.0], samples=1)
    np.testing.assert_array_equal(done.finished, plain.finished)
    assert several_temperatures(range(2)) == [0.0, 1.0]
    assert several_temperatures(np.float32(0.5)) == several_temperatures(np.array(0.5)) == [0.5]


def test_numbers_may_be_numpys_or_jaxs(model, photo):
    plain = {"seed": 3, "temperature": 0.5, "top_k": 2, "top_p": 0.5, "batch_size": 2}
    others = {name: np.asarray(value)[()] for name, value in plain.items()}
    arrays = {name: jnp.asarray(value) for name, value in plain.items()}
    for given, n in ((others, np.int64(3)), (arrays, jnp.int32(3))):
        np.testing.assert_array_equal(model.generate(n, **given), model.generate(3, **plain))
        done = model.complete(photo, cut=np.int64(8), samples=n, guidance=np.float32(1), **given)
        same = model.complete(photo, cut=8, samples=3, **plain)
        np.testing.assert_array_equal(done.finished, same.finished)


def test_none_stands_for_a_default(model, photo):
    nothing = dict.fromkeys(("seed", "temperature", "top_k", "top_p", "batch_size", "guidance"))
    np.testing.assert_array_equal(model.generate(2, **nothing), model.generate(2))
    done = model.complete(photo, samples=None, **nothing)
    np.testing.assert_array_equal(done.finished, model.complete(photo).finished)


def test_photos_may_come_from_a_search_or_in_any_array(model, photo, tmp_path):
    path, alone = kinds(photo, tmp_path)[0], model.complete(photo, samples=1)
    several = [tmp_path.glob("*.png"), np.array([str(path)]), (photo,), photo[None]]
    for pictures in (*several, jnp.asarray(photo), [jnp.asarray(photo)]):
        done = model.complete(pictures, samples=1)
        np.testing.assert_array_equal(done.finished, alone.finished)


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0)])
def test_photos_are_fitted_as_the_training_pictures_were(model, background):
    data = replace(model.description.data, fit="pad", background=background)
    padding = replace(model, description=replace(model.description, data=data))
    fitted = padding.fitted(np.full((4, 8, 3), 128, np.uint8))
    assert fitted[0].tolist() == [list(background)] * 4
    assert fitted[2].tolist() == [[128] * 3] * 4


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda it: it.generate(0), PixaceError, "cannot generate 0 pictures"),
        (lambda it: it.complete([]), PixaceError, "no photo to complete"),
        (lambda it: it.complete("nothing.png"), ImageError, r"nothing\.png: no such file"),
        (lambda it: it.complete(np.zeros((4, 4, 7), np.uint8)), ImageError, r"shape \(4, 4, 7\)"),
        (lambda it: it.complete(b"", temperature=[]), PixaceError, "no temperature"),
        (lambda it: it.complete(b"", cut="17"), PixaceError, "cannot cut at '17'"),
        (lambda it: it.generate(None), PixaceError, "n = None is no int"),
        (lambda it: it.complete(b"", temperature="hot"), PixaceError, "temperature = 'hot' is no"),
        (lambda it: it.complete(b"", temperature=[0.5, True]), PixaceError, "temperature = True"),
        (lambda it: it.complete(b"", temperature=[[0.5]]), PixaceError, r"= \[0.5\] is no float"),
        (lambda it: it.complete(b"", samples=np.float64(2)), PixaceError, "samples = 2.0 is no"),
    ],
)
def test_what_makes_no_sense_is_said(model, call, error, words):
    with pytest.raises(error, match=words):
        call(model)


@pytest.mark.parametrize("damage", ["short", "other", "empty", "foreign"])
def test_a_broken_model_file_is_named(tiny_outcome, tmp_path, damage):
    path = tmp_path / "broken.safetensors"
    whole = (tiny_outcome.run.path / "model.safetensors").read_bytes()
    path.write_bytes({"short": whole[:-9], "other": b"x" * 99}.get(damage, b""))
    if damage == "foreign":
        save_file({"a": np.zeros(1)}, path)
    with pytest.raises(RunError, match=r"broken\.safetensors"):
        pixace.load(path)


def test_weights_that_do_not_fit_their_description_are_refused(model, tiny_outcome, tmp_path):
    flat, description = model_file.read(tiny_outcome.run.path)
    flat.pop(min(flat))
    model_file.save(tmp_path / "less.safetensors", flat, description)
    with pytest.raises(RunError, match=r"does not fit its own description: .* is missing"):
        pixace.load(tmp_path / "less.safetensors")
