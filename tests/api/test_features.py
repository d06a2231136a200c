"""Features of pictures, in a file and in hand."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.data import token_set
from pixace.errors import ConfigError, PixaceError
from pixace.evaluation.layer_features import layer_features
from pixace.runtime import precision


@pytest.fixture(scope="module")
def worded(worded_outcome):
    return pixace.load(worded_outcome.run.path)


def test_all_layers_or_one_of_them(model, tiny_pictures):
    every = pixace.features(tiny_pictures, run=model)
    assert (every.features.shape, every.features.dtype) == ((2, 40, 8), np.float32)
    for layer in (0, 1):
        one = pixace.features(tiny_pictures, run=model, layer=layer)
        np.testing.assert_array_equal(one.features, every.features[layer])
    assert (every.out, every.labels, len(every.names)) == (None, None, 40)


def test_the_file_holds_what_is_given(worded, worded_pictures, tmp_path):
    made = pixace.features(worded_pictures, tmp_path / "a.npz", run=worded, layer=1)
    kept = np.load(tmp_path / "a.npz", allow_pickle=False)
    assert sorted(kept) == ["features", "labels", "names"]
    np.testing.assert_array_equal(kept["features"], made.features)
    assert kept["labels"].tolist() == ["0", "1"] * 20
    assert kept["names"][3] == made.names[3]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_what_cannot_be_read_is_no_row(model, tmp_path):
    """In the order of the source, each under its name, so that nothing is taken for another."""
    (tmp_path / "a").mkdir()
    for number in range(3):
        Pillow.new("RGB", (4, 4), (80 * number,) * 3).save(tmp_path / "a" / f"{number}.png")
    (tmp_path / "a" / "1.png").write_bytes(b"no picture")
    found = pixace.features(tmp_path / "a", run=model)
    assert found.names.tolist() == ["0.png", "2.png"]
    alone = pixace.features([tmp_path / "a" / "2.png"], run=model)
    np.testing.assert_allclose(found.features[:, 1:], alone.features, atol=1e-5)
    (tmp_path / "a" / "0.png").unlink()
    (tmp_path / "a" / "2.png").unlink()
    with pytest.raises(PixaceError, match=r"none of the 1 pictures of .* can be read; .*: 1.png"):
        pixace.features(tmp_path / "a", run=model)


def test_labels_are_those_of_folders_and_may_be_missing(model, tmp_path):
    for name in ("cat/1.png", "dog/1.png", "dog/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Pillow.new("RGB", (4, 4)).save(tmp_path / name)
    found = pixace.features(tmp_path, run=model, labels=True)
    assert found.labels.tolist() == ["cat", "dog", "dog"]
    assert pixace.features(tmp_path, run=model).labels is None


def test_a_caption_gives_nothing_away(worded, worded_pictures, tmp_path):
    """Pictures have the same features with other labels, though the model would read these."""
    data = dict(np.load(worded_pictures))
    np.savez(tmp_path / "other.npz", images=data["images"], labels=1 - data["labels"])
    own, other = (
        pixace.features(each, run=worded) for each in (worded_pictures, tmp_path / "other.npz")
    )
    assert (own.labels != other.labels).all()
    np.testing.assert_array_equal(own.features, other.features)
    model, weights = worded.sampler.model, worded.sampler.weights
    rows = worded.sampler.tokenizer.encode(np.repeat(data["images"][:2, ..., None], 3, -1))
    words = worded.prompts(None, ["0", "1"], 1.0).prefixes
    named = model.hidden(weights, np.hstack([words, rows]))[:, model.prefix :].mean(1)
    assert np.abs(named - own.features[-1, :2]).max() > 1e-3


def test_a_token_set_gives_all_its_pictures_those_held_out_last(worded, worded_outcome):
    path = worded_outcome.run.read().data.tokens
    tokens = token_set.open_set(path)
    splits = [tokens.split(part) for part in ("train", "validation")]
    rows = np.concatenate([split.rows(range(len(split))) for split in splits])
    sampler = worded.sampler
    dtype = precision.by_name(worded.dtype)
    found = pixace.features(path, run=worded)
    wanted = layer_features(sampler.model, sampler.weights, rows, dtype=dtype)
    np.testing.assert_array_equal(found.features, wanted)
    known = [record for part in ("train", "validation") for record in tokens.records(part)]
    assert found.labels.tolist() == [record["label"] for record in known]
    assert found.names.tolist() == [record["name"] for record in known]


def test_a_token_set_without_records_knows_no_names(model, tiny_outcome, tiny_pictures, tmp_path):
    found = pixace.features(tiny_outcome.run.read().data.tokens, run=model)
    assert (found.features.shape, found.names, found.labels) == ((2, 40, 8), None, None)
    pixace.tokenize(tiny_pictures, tmp_path / "other", size=4, colors="grey:2")
    with pytest.raises(ConfigError, match="holds other tokens"):
        pixace.features(tmp_path / "other", run=model)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layer": 2}, "has no layer 2; its layers are 0 to 1"),
        ({"layer": -1}, "layer is -1; it must be 0 or more"),
        ({"batch_size": 0}, "batch_size|--batch-size"),
        ({"out": "a.npy"}, r"cannot write a.npy: its name must end in .npz"),
        ({"out": "."}, "is a folder; name a file in it"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said_before_pictures_are_read(model, settings, words):
    with pytest.raises(PixaceError, match=words) as caught:
        pixace.features("nothing", run=model, **settings)
    assert "\n" not in str(caught.value)


def test_the_command_says_what_it_wrote(tiny_outcome, tiny_pictures, tmp_path):
    out = tmp_path / "new" / "a.npz"
    words = ["features", str(tiny_pictures), str(out), "--run", str(tiny_outcome.run.path)]
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 0, told.output
    assert told.stdout == f"{out}: 40 pictures of {tiny_pictures}, 8 features of 2 layers\n"
    facts = json.loads(CliRunner().invoke(main, [*words, "--layer", "1", "--json"]).stdout)
    assert (facts["layer"], facts["shape"], facts["labels"]) == (1, [40, 8], False)
    assert np.load(out)["features"].shape == (40, 8)
