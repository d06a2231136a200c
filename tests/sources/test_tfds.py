"""TFDS without TensorFlow: what is stored as files is read, the rest says what to install."""

import io
import pickle
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image as Pillow

from pixace.errors import MissingError, SourceError, WebError
from pixace.images import loader
from pixace.sources import open_source


def test_without_tfds_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(MissingError, match=r'^tfds:cars needs .*: pip install "pixace\[tfds\]"$'):
        open_source("tfds:cars")


@pytest.mark.parametrize("spec", ["tfds:", "tfds:a b", "tfds:cars:"])
def test_other_specs_say_how_to_write_one(spec):
    with pytest.raises(SourceError, match="write tfds:NAME or tfds:NAME/CONFIG:SPLIT"):
        open_source(spec)


@pytest.fixture(scope="module")
def tfds(tmp_path_factory):
    """TFDS with a folder of its own, and two data sets: one gives files, one gives arrays."""
    pytest.importorskip("tensorflow_datasets")
    import tensorflow_datasets as tfds

    class Squares(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            kinds = tfds.features
            features = {
                "text": kinds.Text(),
                "image": kinds.Image(shape=(None, None, 3)),
                "label": kinds.ClassLabel(names=["even", "odd"]),
            }
            return tfds.core.DatasetInfo(builder=self, features=kinds.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(5), "test": self._generate_examples(2)}

        def _generate_examples(self, count):
            for i in range(count):
                file = io.BytesIO()
                Pillow.new("RGB", (6, 4), (10 * i, 0, 0)).save(file, "PNG")
                file.seek(0)
                yield i, {"image": file, "label": i % 2, "text": f"square {i}"}

    class PlainArrays(Squares):
        def _generate_examples(self, count):
            for i in range(count):
                yield i, {"image": np.zeros((4, 4, 3), np.uint8), "label": 0, "text": ""}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path_factory.mktemp("tfds")))
        tfds.disable_progress_bar()
        yield tfds
        tfds.enable_progress_bar()


def test_examples_keep_their_labels_and_captions(tfds):
    source = open_source("tfds:squares")
    assert len(source) == 5
    for i in range(5):
        record = source.record(i)
        number = loader.load(source.read(i), None)[0, 0, 0] // 10
        assert record.caption == f"square {number}"
        assert record.label == ("odd" if number % 2 else "even")
    assert source.record(2).name == "squares:train[2]"


def test_offline_there_is_what_was_prepared_before(tfds, monkeypatch):
    open_source("tfds:squares")
    monkeypatch.setenv("PIXACE_OFFLINE", "1")
    assert len(open_source("tfds:squares")) == 5
    with pytest.raises(WebError, match="tfds:plain_arrays is not asked, as PIXACE_OFFLINE is set"):
        open_source("tfds:plain_arrays")


def test_pictures_are_handed_out_as_stored(tfds):
    assert open_source("tfds:squares").read(0).startswith(b"\x89PNG")


def test_splits_and_slices_are_tfds_own(tfds):
    assert len(open_source("tfds:squares:test")) == 2
    assert len(open_source("tfds:squares:1.0.0:train[1:4]")) == 3
    assert len(open_source("tfds:squares:train+test")) == 7
    prints = {open_source(f"tfds:squares:{split}").fingerprint() for split in ("train", "test")}
    assert len(prints) == 2


def test_it_can_be_pickled(tfds):
    source = open_source("tfds:squares")
    copy = pickle.loads(pickle.dumps(source))
    assert [copy.read(i) for i in range(5)] == [source.read(i) for i in range(5)]


def test_nothing_is_printed_to_stdout(tfds, capsys):
    open_source("tfds:squares")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("tfds:squars", r"no TFDS data set 'squars'\. Did you mean squares\?"),
        ("tfds:squares:tran", "no split 'tran'; known: test, train. Did you mean train"),
        ("tfds:squares:9.9.9", "cannot open tfds:squares:9.9.9"),
    ],
)
def test_what_does_not_exist_is_named(tfds, spec, message):
    with pytest.raises(SourceError, match=message) as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="TensorFlow is installed")
def test_arrays_need_tensorflow_and_say_so(tfds):
    with pytest.raises(MissingError, match=r'needs TensorFlow.*: pip install "pixace\[tf\]"$'):
        open_source("tfds:plain_arrays")
