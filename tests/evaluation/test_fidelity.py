"""Whether pictures are like real ones, in cases whose answer is known."""

import numpy as np
import pytest

import pixace
from pixace.errors import PixaceError
from pixace.evaluation.fidelity import Compared, Fidelity
from pixace.evaluation.picture_features import PictureFeatures


def normal(count, seed, features=4):
    return np.random.default_rng(seed).normal(size=(count, features)).astype(np.float32)


def means(found):
    return {name: it.mean for name, it in vars(found).items()}


def test_more_of_the_same_is_as_good_as_real():
    fidelity = Fidelity.of(normal(600, 0), normal(500, 1))
    width = fidelity.distance.high - fidelity.distance.low
    assert abs(fidelity.distance.mean) < width
    found = means(fidelity)
    assert found["precision"] > 0.9
    assert found["recall"] > 0.9
    assert found["coverage"] > 0.9
    assert found["density"] == pytest.approx(1, abs=0.1)


def test_what_lies_elsewhere_is_like_nothing_real():
    found = means(Fidelity.of(normal(200, 0) + 20, normal(200, 1)))
    assert [found[name] for name in ("precision", "recall", "density", "coverage")] == [0] * 4
    assert found["distance"] > 1000


def test_one_kind_alone_is_precise_and_misses_the_others():
    """Real ones are of two kinds."""
    real = normal(400, 1)
    real[::2] += 20
    found = means(Fidelity.of(normal(400, 0), real))
    assert found["precision"] > 0.9
    assert found["recall"] == pytest.approx(0.5, abs=0.05)
    assert found["coverage"] == pytest.approx(0.5, abs=0.05)


def test_the_definitions_unrolled():
    drawn, real = normal(30, 2), normal(20, 3)
    found = Fidelity.of(drawn, real)

    def reach(points):
        every = np.linalg.norm(points[:, None] - points, axis=-1)
        return np.sort(every, axis=1)[:, 5]

    apart = np.linalg.norm(real[:, None] - drawn, axis=-1)
    inside, within = apart < reach(real)[:, None], apart < reach(drawn)
    assert found.precision.mean == pytest.approx(inside.any(0).mean())
    assert found.recall.mean == pytest.approx(within.any(1).mean())
    assert found.density.mean == pytest.approx(inside.sum() / (5 * 30))
    assert found.coverage.mean == pytest.approx(inside.any(1).mean())
    assert (found.precision.pictures, found.recall.pictures) == (30, 20)


def test_the_kernel_distance_has_no_bias():
    """Of two draws from one distribution it is 0 on average, below as well as above."""
    found = [
        Fidelity.of(normal(50, 2 * seed), normal(50, 2 * seed + 1)).distance.mean
        for seed in range(40)
    ]
    assert abs(np.mean(found)) < 3 * np.std(found) / 40**0.5
    assert min(found) < 0 < max(found)


def test_too_few_pictures_are_refused():
    with pytest.raises(PixaceError, match="5 new and 20 held-out pictures are too few"):
        Fidelity.of(normal(5, 0), normal(20, 1))


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    pictures = np.random.default_rng(0).integers(0, 256, (60, 1, 1, 3), np.uint8)
    np.save(folder / "plain.npy", np.broadcast_to(pictures, (60, 9, 12, 3)))
    return pixace.tokenize(
        folder / "plain.npy",
        folder / "set",
        size="12x9",
        colors="rgb:4,4,4",
        validation_fraction=0.4,
    )


def test_features_of_training_pictures_are_centred_and_of_mean_variance_one(tokens):
    train = tokens.tokenizer.decode(tokens.split("train").rows(range(len(tokens.split("train")))))
    features = PictureFeatures.fitted(tokens).of(train)
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-4)
    assert np.square(features).mean() == pytest.approx(1, rel=0.01)


def test_new_pictures_are_compared_as_training_pictures_would_be(tokens):
    train = tokens.tokenizer.decode(tokens.split("train").rows(range(20)))
    black = np.zeros_like(train)
    every = tokens.tokenizer.decode(tokens.split("train").rows(range(len(tokens.split("train")))))
    assert Compared.of(every, tokens).drawn == Compared.of(every, tokens).training
    found = Compared.of(black, tokens)
    assert found.drawn.coverage.mean < 0.5 < found.training.coverage.mean
    assert found.drawn.distance.mean > found.training.distance.mean
