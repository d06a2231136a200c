"""Pictures in memory: tokenized, compared, learned from and gone on with as those of files are."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace.data import parallel_encoding, token_set
from pixace.data.preprocessing import Preprocessing
from pixace.data.token_cache import cached
from pixace.errors import PixaceError, RunError, SourceError
from pixace.training import fit

SETTINGS = {"size": 4, "colors": "grey:4"}


@pytest.fixture
def images(tiny_pictures):
    return np.load(tiny_pictures)


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tokens"


def rows(made):
    return np.concatenate([made.split(name).rows(np.arange(len(made.split(name))))
                           for name in ("train", "validation")])  # fmt: skip


def test_an_array_gives_the_tokens_of_its_file(images, tiny_pictures, tmp_path):
    one = pixace.tokenize(images, tmp_path / "one", **SETTINGS, validation=images[:5])
    two = pixace.tokenize(tiny_pictures, tmp_path / "two", **SETTINGS, validation=images[:5])
    np.testing.assert_array_equal(rows(one), rows(two))
    assert one.header.origin.source == "array (40, 4, 4)"
    assert one.header.validation.source == "array (5, 4, 4)"


def test_a_list_gives_the_tokens_of_its_pictures(images, tmp_path):
    kinds = [Pillow.fromarray(images[0]), images[1], tmp_path / "2.png", images[3]]
    Pillow.fromarray(images[2]).save(kinds[2])
    one = pixace.tokenize(kinds, tmp_path / "one", **SETTINGS, validation_fraction=0)
    two = pixace.tokenize(images[:4], tmp_path / "two", **SETTINGS, validation_fraction=0)
    np.testing.assert_array_equal(rows(one), rows(two))


def test_workers_are_given_the_pictures(images, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_encoding, "CHUNK_PICTURES", 10)
    one, two = (
        pixace.tokenize(data, tmp_path / str(i), **SETTINGS, workers=2)
        for i, data in enumerate([images, [Pillow.fromarray(each) for each in images]])
    )
    assert sorted(map(bytes, rows(one))) == sorted(map(bytes, rows(two)))


def test_bad_pictures_of_a_list_are_named_and_skipped(images, tmp_path):
    made = pixace.tokenize([images[0], b"", tmp_path / "no.png"], tmp_path / "set", **SETTINGS)
    assert made.header.skipped_first == (
        "list[1]: empty, 0 bytes", f"{tmp_path / 'no.png'}: no such file",
    )  # fmt: skip


def test_labels_of_files_are_their_folders(images, tmp_path):
    for name in ("cats/1.png", "dogs/1.png"):
        (tmp_path / name).parent.mkdir()
        Pillow.fromarray(images[0]).save(tmp_path / name)
    paths = sorted(tmp_path.glob("*/1.png"))
    made = pixace.tokenize(paths, tmp_path / "set", **SETTINGS, labels=True, validation_fraction=0)
    assert [each["label"] for each in made.records("train")] == ["cats", "dogs"]


def test_tokens_are_kept_for_the_next_time(images, caches):
    prepared = Preprocessing(**SETTINGS)
    first = cached(prepared, images)
    assert first.path.name.startswith("array-40-4-4-")
    assert cached(prepared, images.copy()).path == first.path
    assert cached(prepared, list(images)).path.name.startswith("list-of-40-pictures-")
    images[0, 0, 0] ^= 255
    assert cached(prepared, images).path != first.path
    assert len(list(caches.iterdir())) == 3


def test_colours_are_compared(images, tmp_path):
    facts = pixace.compare(images, tmp_path / "r.png", colors="grey:4", size=4)
    assert [each["pictures"] for each in facts["schemes"]] == [40]
    with pytest.raises(PixaceError, match="no colours to compare"):
        pixace.compare(images, tmp_path / "r.png", colors=[])


@pytest.mark.parametrize("wrong", [np.zeros((2, 4, 4), int), [None], [], 7], ids=repr)
def test_what_is_no_picture_is_refused_before_the_work(tiny, tmp_path, wrong):
    for call in (
        lambda: pixace.train(wrong, gin="base", bindings=tiny, root=tmp_path / "runs"),
        lambda: pixace.codebook(wrong, root=tmp_path / "runs"),
        lambda: pixace.tokenize(wrong, tmp_path / "set"),
        lambda: pixace.compare(wrong, tmp_path / "r.png"),
    ):
        with pytest.raises(SourceError) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def stopped_after(monkeypatch, steps):
    asked = iter(range(1000))

    class Stopped:
        def __enter__(self):
            return lambda: next(asked) >= steps

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(fit, "stopped_by_signal", Stopped)


@pytest.mark.slow
def test_a_training_goes_on_while_its_tokens_are_there(images, tiny, tmp_path, monkeypatch, caches):
    settings = {"gin": "base", "bindings": [*tiny, "train.samples = 0"], "root": tmp_path / "runs"}
    with monkeypatch.context() as patch:
        stopped_after(patch, 1)
        cut = pixace.train(images, **settings)
    assert cut.run.name == "array-40-4-4-transformer"
    assert cut.run.read().data.named == "array (40, 4, 4)"
    tokens = Path(cut.run.read().data.tokens)
    shutil.move(tokens, tmp_path / "away")
    with pytest.raises(RunError, match=r"\(array \(40, 4, 4\)\) were given in memory and must be"):
        pixace.resume(cut.run.path)
    assert token_set.is_set(cached(Preprocessing(**SETTINGS), images).path)
    assert tokens.is_dir(), "the same pictures make the same tokens, at the same place"
    assert pixace.resume(cut.run.path, steps=2).step == 2


def test_a_codebook_learns_from_an_array(tmp_path):
    bindings = ["pictures.size = 8", "codebook.width = 16", "codebook.blocks = 1"]
    noise = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    made = pixace.codebook(
        noise, bindings=bindings, codes=np.int64(8), steps=1, track="none", root=tmp_path / "runs"
    )
    assert (made.run.name, made.step, made.codes) == ("array-20-8-8-3-codebook", 1, 8)
    colors = f"vq:{made.run.path}"
    found = pixace.tokenize(list(noise), tmp_path / "set", colors=colors)
    assert found.tokenizer.length == 4
