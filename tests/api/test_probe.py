"""What a model has understood, of pictures whose class is plain to see, or not to be seen."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.errors import ConfigError, PixaceError
from pixace.evaluation.measure import Measure
from pixace.evaluation.probe import Classes, components, pixels


@pytest.fixture(scope="module")
def worded(worded_outcome):
    return pixace.load(worded_outcome.run.path)


@pytest.fixture(scope="module")
def lights(worded_pictures, tmp_path_factory):
    """Dark pictures, labelled 0, and light ones, labelled 1, of which 12 are held out."""
    return pixace.tokenize(
        worded_pictures,
        tmp_path_factory.mktemp("lights") / "set",
        size=4,
        colors="grey:4",
        validation_fraction=0.3,
    )


@pytest.fixture(scope="module")
def found(worded, lights):
    return pixace.probe(lights.path, run=worded)


def test_what_all_pixels_show_all_layers_tell(found):
    assert (found.train, found.held, found.classes) == (28, 12, 2)
    assert [told.features for told in (found.pixels, found.pca, *found.layers)] == [16, 8, 8, 8]
    for told in (found.pixels, found.pca, *found.layers):
        assert told.accuracy == Measure.of_share(np.ones(12, bool))
    assert (found.best, found.gain) == (0, Measure(0.0, 0.0, 0.0, 12))


def test_features_are_those_that_the_other_command_writes(worded, lights, found):
    every = pixace.features(lights.path, run=worded)
    labels = every.labels.tolist()
    classes = Classes(labels[:28], labels[28:])
    for layer, told in enumerate(found.layers):
        features = every.features[layer]
        assert classes.told_by(features[:28], features[28:])[0] == told


def test_where_labels_are_nowhere_to_be_seen_none_is_told(worded, tmp_path):
    """Though the model knows captions; fewer than 6 or more than 34 of 40 are once in 10**5."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (200, 4, 4), np.uint8)
    np.savez(tmp_path / "noise.npz", images=pictures, labels=random.permutation(200) % 2)
    found = pixace.probe(tmp_path / "noise.npz", run=worded)
    assert (found.train, found.held) == (160, 40)
    for told in (found.pixels, found.pca, *found.layers):
        assert 6 <= told.accuracy.mean * 40 <= 34
    layer = found.layers[found.best]
    assert layer.tried == max(told.tried for told in found.layers)
    assert found.gain.mean == pytest.approx(layer.accuracy.mean - found.pixels.accuracy.mean)
    assert found.gain.low < found.gain.mean < found.gain.high


def test_pixels_are_those_that_the_tokenizer_shows(worded, lights, found):
    """In 4 greys the noise within a picture is lost; components are those of what is left."""
    parts = [lights.split(part) for part in ("train", "validation")]
    shown = [pixels(lights.tokenizer.decode(part.rows(range(len(part))))) for part in parts]
    labels = [[record["label"] for record in lights.records(p)] for p in ("train", "validation")]
    classes = Classes(*labels)
    assert classes.told_by(*shown)[0] == found.pixels
    assert classes.told_by(*components(*shown, 8))[0] == found.pca


def test_at_most_so_many_pictures_of_each_part(worded, lights):
    """Drawn by the seed: the labels take turns, and every second picture has the same."""
    found = pixace.probe(lights.path, run=worded, pictures=14)
    assert (found.train, found.held, found.classes) == (14, 12, 2)


def test_pictures_that_say_themselves_which_are_held_out_are_obeyed(worded, tmp_path):
    for part, count in (("train", 6), ("validation", 5), ("test", 7)):
        for label, grey in (("dark", 0), ("light", 170)):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for number in range(count):
                colors = np.full((4, 4), grey, np.uint8)
                colors[number // 4, number % 4] = 255
                name = folder / f"{part}{number}.png"
                Pillow.fromarray(np.roll(colors, "train valid test".find(part[:4]))).save(name)
    found = pixace.probe(tmp_path, run=worded, labels=True)
    assert (found.train, found.held, found.classes) == (12, 10, 2)


def test_its_own_pictures_are_those_it_was_trained_on_and_judged_by(worded):
    with pytest.raises(PixaceError, match="too few held-out pictures with labels to judge by: 2,"):
        pixace.probe(run=worded)


def test_what_cannot_be_told_is_said_in_a_line(worded, model, tiny_pictures, tmp_path):
    with pytest.raises(ConfigError, match=r"no picture of .*stripes.npy has a label to be told"):
        pixace.probe(tiny_pictures, run=model)
    pictures = np.random.default_rng(0).integers(0, 256, (40, 4, 4), np.uint8)
    np.savez(tmp_path / "one.npz", images=pictures, labels=np.full(40, 7))
    with pytest.raises(PixaceError, match=r"of one class \('7'\)"):
        pixace.probe(tmp_path / "one.npz", run=model)
    pixace.tokenize(
        tmp_path / "one.npz", tmp_path / "set", size=4, colors="grey:4", validation_fraction=0
    )
    with pytest.raises(ConfigError, match=r"no picture of .*one.npz is held out to judge by; name"):
        pixace.probe(tmp_path / "set", run=model)
    pixace.pack_model(model.path, tmp_path / "packed.safetensors", about="stripes")
    with pytest.raises(ConfigError, match="name some: pixace probe PICTURES --run"):
        pixace.probe(run=tmp_path / "packed.safetensors")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pictures": 0}, "pictures"),
        ({"seed": -1}, "seed"),
        ({"batch_size": 0}, "batch_size|--batch-size"),
        ({"figure": "a.gif"}, "its name must end in .png"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said_before_pictures_are_read(model, settings, words):
    with pytest.raises(PixaceError, match=words):
        pixace.probe("nothing", run=model, **settings)


def test_the_command_prints_a_table_and_json_and_draws_a_curve(worded, lights, found, tmp_path):
    words = ["probe", str(lights.path), "--run", str(worded.path)]
    told = CliRunner().invoke(main, [*words, "--figure", str(tmp_path / "a.png")])
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0].endswith("2 classes, after 28 to learn from: right of 100")
    names = [line[:12].strip() for line in lines[1:-1]]
    assert names == ["pixels", "PCA, 8", "layer 0", "layer 1"]
    assert lines[3].endswith("100.0 (75.7 … 100.0)   best on training pictures")
    assert lines[-1] == "layer 0 less pixels: +0.0 (+0.0 … +0.0)"
    np.testing.assert_array_equal(np.asarray(Pillow.open(tmp_path / "a.png")), found.figure())
    facts = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert facts == json.loads(json.dumps(found.as_dict()))
    assert facts["layers"][1]["accuracy"]["mean"] == 1
