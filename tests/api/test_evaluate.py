"""What a model's evaluation says, on cases whose answers are known."""

import itertools
import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import pixace
from pixace.cli import main
from pixace.colors.volumes import volumes
from pixace.config import parts
from pixace.data import token_set
from pixace.errors import ConfigError, PixaceError
from pixace.evaluation import surprise
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.fidelity import Compared
from pixace.evaluation.likelihood import costs, evaluate
from pixace.evaluation.measure import Measure
from pixace.evaluation.novelty import Judge
from pixace.images.collage import FRAME
from pixace.runtime import precision
from pixace.sampling.sampler import Sampler
from pixace.special_tokens import FIRST_ID

SMALL = ["train.steps = 1", "train.evaluate_every = 1", "train.samples = 0", "train.ema = 0"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """24 pictures of 5x4 pixels, all colours alike, in two folders."""
    folder = tmp_path_factory.mktemp("photos")
    pixels = np.random.default_rng(0).integers(0, 256, (24, 4, 5, 3), np.uint8)
    for number, picture in enumerate(pixels):
        place = folder / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        Pillow.fromarray(picture).save(place / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def of(photos, tiny, tmp_path_factory):
    """A model of these pictures in some colours, and its token set."""

    def made(colors, *, more=()):
        root = tmp_path_factory.mktemp("runs")
        shape = [line for line in tiny if not line.startswith(("train.", "pictures."))]
        done = pixace.train(
            photos,
            gin="base",
            bindings=[*shape, *SMALL, *more],
            size="5x4",
            colors=colors,
            root=root,
            labels=True,
        )
        return pixace.load(done.run.path)

    return made


def believing(model, share):
    """The same model, whose odds of each colour are as given, whatever came before."""
    weights = dict(model.sampler.weights)
    bias = np.full(weights["head/bias"].shape, -1e9, np.float32)
    bias[FIRST_ID:] = np.log(np.maximum(share, 1e-30))
    weights["head/kernel"] = jnp.zeros_like(weights["head/kernel"])
    weights["head/bias"] = jnp.asarray(bias)
    return replace(model, sampler=replace(model.sampler, weights=weights))


@pytest.mark.parametrize(
    "colors", ["hsv:2,2,2", "rgb:3,3,2", "palette:ff0000,00ff00,0000ff,777777"]
)
def test_who_takes_all_8_bit_colours_as_alike_needs_8_bits_for_each_channel(of, photos, colors):
    model = of(colors)
    share = volumes(model.sampler.tokenizer.colors) / 256**3
    found = pixace.evaluate(photos, run=believing(model, share))
    assert found.bits_per_dimension.mean == pytest.approx(8, abs=1e-4)
    width = found.bits_per_dimension.high - found.bits_per_dimension.low
    assert width == pytest.approx(0, abs=1e-4)
    assert (found.channels, found.bits_per_pixel.pictures) == (3, 24)


def test_of_greys_there_is_one_channel(of, photos):
    model = of("grey:8")
    share = volumes(model.sampler.tokenizer.colors) / 256
    found = pixace.evaluate(photos, run=believing(model, share))
    assert (found.channels, found.bits_per_dimension.mean) == (1, pytest.approx(8, abs=1e-4))


def test_probabilities_of_all_pictures_sum_to_one(tmp_path, tiny):
    """2x1 pixels in 3 colours: 9 pictures, and a model that was trained on some of them."""
    every = np.array(list(itertools.product([0, 128, 255], repeat=2)), np.uint8)
    np.save(tmp_path / "every.npy", every.reshape(9, 1, 2))
    shape = [line for line in tiny if not line.startswith("pictures.")]
    done = pixace.train(
        tmp_path / "every.npy",
        gin="base",
        bindings=shape,
        size="2x1",
        colors="grey:3",
        root=tmp_path / "runs",
    )
    model = pixace.load(done.run.path)
    tokens = pixace.tokenize(
        tmp_path / "every.npy", tmp_path / "set", size="2x1", colors="grey:3", validation_fraction=0
    )
    sampler, chosen = model.sampler, EvaluationSet("train", 9)
    nats = costs(sampler.model, sampler.weights, tokens, chosen)
    assert np.exp(-nats).sum() == pytest.approx(1, abs=1e-5)


def test_its_own_pictures_are_those_held_out_and_the_number_is_that_of_the_run(of):
    model = of("grey:8")
    found = pixace.evaluate(run=model)
    assert (found.part, found.bits_per_pixel.pictures) == ("validation", 1)
    # The run counts what its odds of start and blank waste, which here is shared out.
    allowed = model.sampler.tokenizer.allowed
    bias = jnp.where(allowed, model.sampler.weights["head/bias"], -50.0)
    weights = {**model.sampler.weights, "head/bias": bias}
    model = replace(model, sampler=replace(model.sampler, weights=weights))
    tokens = token_set.open_set(model.description.data.tokens)
    chosen = EvaluationSet("validation", 1)
    dtype = precision.by_name(model.dtype)
    wanted = evaluate(model.sampler.model, weights, tokens, chosen, dtype=dtype)
    assert found.nats_per_token.mean == pytest.approx(wanted.nats_per_token, rel=1e-4)
    assert found.nats_per_token.mean < model.description.best.value
    train = pixace.evaluate(run=model, part="train", pictures=7)
    assert (train.part, train.bits_per_pixel.pictures) == ("train", 7)


def test_classes_and_what_colours_keep(of, photos):
    model = of("hsv:2,2,2")
    found = pixace.evaluate(photos, run=model, labels=True)
    assert found.classes.keys() == {"a", "b"}
    assert [it.pictures for it in found.classes.values()] == [12, 12]
    means = [it.mean for it in found.classes.values()]
    assert np.mean(means) == pytest.approx(found.bits_per_pixel.mean)
    assert found.distortion.pictures == 24
    assert 5 < found.distortion.psnr < 25
    assert found.distortion.delta > 2
    assert pixace.evaluate(photos, run=model).classes == {}


def test_captions_are_read_as_the_model_knows_them(worded_outcome, worded_pictures):
    """Of other pictures, where words come in another order, as well as of its own."""
    model = pixace.load(worded_outcome.run.path)
    train = pixace.evaluate(run=model, part="train")
    held = pixace.evaluate(run=model, part="validation")
    every = pixace.evaluate(worded_pictures, run=model)
    counts = [it.bits_per_pixel.pictures for it in (train, held, every)]
    whole = np.average([it.bits_per_pixel.mean for it in (train, held)], weights=counts[:2])
    assert counts[2] == sum(counts[:2])
    # One of several templates is read of each picture, and not always the same.
    assert every.bits_per_pixel.mean == pytest.approx(whole, abs=0.02)


def test_words_have_the_ids_that_the_model_gave_them(worded_outcome):
    model = pixace.load(worded_outcome.run.path)
    captions = parts.captions(model.description.settings)
    known = [{"name": "a", "label": label, "caption": None} for label in ("1", "0", None)]
    found = captions.known_to(model.vocabulary, known)
    rows = found.rows(np.array([0, 1, 2]), np.array([0.0, 0.0, 0.0]))
    wanted = [("a", "light", "of", "one"), ("a", "light", "of", "zero"), ()]
    np.testing.assert_array_equal(rows, [model.vocabulary.ids(words) for words in wanted])


def test_tokens_may_be_named_if_they_are_the_models(of, photos, tmp_path):
    model = of("grey:8")
    pixace.tokenize(photos, tmp_path / "same", size="5x4", colors="grey:8", validation_fraction=0)
    found = pixace.evaluate(tmp_path / "same", run=model)
    assert found.bits_per_pixel.mean == pytest.approx(
        pixace.evaluate(photos, run=model).bits_per_pixel.mean
    )
    pixace.tokenize(photos, tmp_path / "other", size="5x4", colors="grey:4")
    with pytest.raises(ConfigError, match="holds other tokens"):
        pixace.evaluate(tmp_path / "other", run=model)


def test_a_file_alone_brings_no_pictures_along(of, tmp_path):
    pixace.pack_model(of("grey:8").path, tmp_path / "packed.safetensors", about="noise")
    with pytest.raises(ConfigError, match="brings no pictures along; name some"):
        pixace.evaluate(run=tmp_path / "packed.safetensors")


def test_novelty_of_what_it_draws_and_the_cost_of_what_it_learned(of, tmp_path):
    model = of("grey:8")
    found = pixace.evaluate(run=model, novelty=True, samples=5, figure=tmp_path / "near.png")
    train = pixace.evaluate(run=model, part="train", pictures=1)
    assert found.learned == train.bits_per_pixel
    assert (found.novelty.pictures, train.novelty, train.learned) == (5, None, None)
    judge = Judge.of(token_set.open_set(model.description.data.tokens))
    near = judge.neighbours(model.generate(5, seed=0))
    assert found.novelty == judge.novelty(near)
    shown = np.asarray(Pillow.open(tmp_path / "near.png"))
    np.testing.assert_array_equal(shown, judge.figure(model.generate(5, seed=0), near))


def test_the_figure_alone_asks_for_novelty_and_its_place_is_looked_at_first(of, tmp_path):
    model = of("grey:8")
    found = pixace.evaluate(run=model, samples=2, figure=tmp_path / "near.png")
    assert found.novelty.pictures == 2
    with pytest.raises(PixaceError, match="its name must end in"):
        pixace.evaluate(run=model, figure=tmp_path / "near.gif")


def test_fidelity_is_that_of_what_it_draws(of, photos):
    """Its own token set holds out one picture, which is too few; half of these are enough."""
    model = of("grey:8", more=["pictures.validation_fraction = 0.4"])
    found = pixace.evaluate(run=model, fidelity=True, samples=9)
    tokens = token_set.open_set(model.description.data.tokens)
    assert found.fidelity == Compared.of(model.generate(9, seed=0), tokens)
    assert (found.novelty, found.learned) == (None, None)
    with pytest.raises(PixaceError, match="too few to compare"):
        pixace.evaluate(run=of("grey:8"), fidelity=True, samples=9)
    with pytest.raises(PixaceError, match="9 new, 24 training and 0 held-out"):
        pixace.evaluate(photos, run=model, fidelity=True, samples=9)
    with pytest.raises(PixaceError, match="5 new"):
        pixace.evaluate(run=model, fidelity=True, samples=5)


def test_maps_show_what_each_pixel_costs(of, tmp_path):
    model = of("grey:8")
    found = pixace.evaluate(run=model, part="train", maps=tmp_path / "maps.png")
    tokens = token_set.open_set(model.description.data.tokens)
    chosen = EvaluationSet("train", len(tokens.split("train")))
    sampler = model.sampler
    dtype = precision.by_name(model.dtype)
    nats = costs(sampler.model, sampler.weights, tokens, chosen, by_token=True, dtype=dtype)
    assert nats.shape == (23, 20)
    assert nats.mean() == pytest.approx(found.nats_per_token.mean, rel=1e-4)
    pictures = tokens.tokenizer.decode(tokens.split("train").rows(range(23)))
    wanted = surprise.figure(pictures, surprise.maps(nats, tokens.tokenizer))
    np.testing.assert_array_equal(np.asarray(Pillow.open(tmp_path / "maps.png")), wanted)


def test_captions_are_read_for_maps_too(worded_outcome):
    model = pixace.load(worded_outcome.run.path)
    tokens = token_set.open_set(model.description.data.tokens)
    chosen = EvaluationSet("train", 5)
    captions = parts.captions(model.description.settings)
    prefixes = captions.known_to(model.vocabulary, list(tokens.records("train")))
    given = (model.sampler.model, model.sampler.weights, tokens, chosen)
    nats = costs(*given, by_token=True, prefixes=prefixes)
    whole = costs(*given, prefixes=prefixes)
    np.testing.assert_allclose(nats.sum(1), whole, rtol=1e-4)
    assert np.abs(nats.sum(1) - costs(*given, by_token=True).sum(1)).max() > 1e-3


def test_copies_have_a_frame_in_a_collage_that_asks(of, tmp_path, monkeypatch):
    """A model of one picture can draw nothing else."""
    model = of("grey:8")
    tokens = token_set.open_set(model.description.data.tokens)
    copy = tokens.split("train").rows([3])
    monkeypatch.setattr(Sampler, "generate_tokens", lambda *_, **__: np.repeat(copy, 4, 0))
    done = pixace.generate(tmp_path / "a.png", n=4, run=model, novelty=True)
    bare = pixace.generate(tmp_path / "b.png", n=4, run=model)
    assert (done.novelty.copies, done.novelty.distance, bare.novelty) == (4, 0, None)
    red = [(np.asarray(Pillow.open(tmp_path / f"{it}.png")) == FRAME).all(-1).any() for it in "ab"]
    assert red == [True, False]
    assert (done.as_dict()["novelty"], done.as_dict()["copies"]) == (True, 4)
    assert "copies" not in bare.as_dict()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"samples": 0}, "samples"),
        ({"seed": -1}, "seed"),
        ({"part": "test"}, "no part 'test'; there are train and validation"),
        ({"pictures": 0}, "pictures"),
        ({"batch_size": 0}, "batch_size|--batch-size"),
    ],
)
def test_what_cannot_be_measured_is_said(of, settings, words):
    with pytest.raises(ConfigError, match=words):
        pixace.evaluate(run=of("grey:8"), **settings)


def test_intervals_are_those_of_the_mean():
    """Of 10,000 with a deviation of 2: 1.96 times 0.02 on either side, as of a normal's mean."""
    values = np.tile([1.0, 5.0], 5000)
    found = Measure.of(values)
    assert (found.mean, found.pictures) == (3, 10_000)
    assert 3 - found.low == pytest.approx(1.96 * 2 / 100, rel=0.1)
    assert found.high - 3 == pytest.approx(1.96 * 2 / 100, rel=0.1)
    assert Measure.of(values) == found
    assert Measure.of(np.array([2.0])) == Measure(2.0, 2.0, 2.0, 1)
    assert str(Measure(1.23456, 1.1, 1.5, 3)) == "1.235 (1.100 … 1.500)"


def test_a_rare_dear_picture_reaches_to_one_side_alone():
    """One of 20 costs 100: a normal interval would begin below 0, which no mean can be."""
    found = Measure.of(np.array([0.0] * 19 + [100.0]))
    assert (found.mean, found.low) == (5, 0)
    assert found.high == pytest.approx(15, abs=5)


def test_the_command_prints_what_was_found_as_lines_and_as_json(of, photos):
    model = of("grey:8")
    words = ["evaluate", str(photos), "--run", str(model.path), "--labels"]
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 0, told.output
    for start in ("  bits per pixel ", "  bits per dimension ", "  neighbours ", "  colours keep "):
        assert f"\n{start}" in told.stdout
    facts = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert facts["bits_per_pixel"]["pictures"] == 24
    assert facts["yardsticks"]["uniform"] == 3
