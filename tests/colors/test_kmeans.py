"""k-means: deterministic, weighted, and content with fewer colours than were asked for."""

import numpy as np
import pytest

from pixace.colors import kmeans
from pixace.errors import TokenError


def codes_of(colors):
    return np.asarray(colors, int) @ [1 << 16, 1 << 8, 1]


@pytest.mark.parametrize("space", kmeans.SPACES)
def test_clusters_that_lie_apart_are_found(rng, space):
    middles = np.array([[20, 20, 30], [200, 40, 40], [40, 200, 60], [230, 230, 200]])
    colors = np.unique((middles[:, None] + rng.integers(-6, 7, (4, 200, 3))).reshape(-1, 3), axis=0)
    found = kmeans.KMeans(4, space).fit(codes_of(colors), np.ones(len(colors), int)).table
    apart = np.abs(found[:, None].astype(int) - middles).max(axis=-1)
    assert sorted(apart.argmin(axis=1).tolist()) == [0, 1, 2, 3]
    assert apart.min(axis=1).max() <= 3


@pytest.mark.parametrize("space", kmeans.SPACES)
def test_the_same_colours_give_the_same_palette(rng, space):
    colors = np.unique(rng.integers(0, 256, (3000, 3)), axis=0)
    counts = rng.integers(1, 50, len(colors))
    wanted = kmeans.KMeans(32, space)
    found = wanted.fit(codes_of(colors), counts)
    assert found.size == 32
    assert wanted.fit(codes_of(colors), counts) == found
    assert wanted.fit(codes_of(colors), counts, seed=1) != found


def test_one_mean_is_the_weighted_mean():
    colors = np.array([[0, 0, 0], [10, 10, 10], [250, 0, 0]])
    found = kmeans.KMeans(2, "rgb").fit(codes_of(colors), np.array([3, 1, 5]))
    assert sorted(found.colors) == ["020202", "fa0000"]  # 10 / 4, to even


@pytest.mark.parametrize("space", kmeans.SPACES)
def test_greys_give_greys_from_dark_to_light(rng, space):
    greys = np.repeat(np.arange(256)[:, None], 3, axis=1)
    found = kmeans.KMeans(16, space).fit(codes_of(greys), rng.integers(1, 99, 256)).table
    assert (found == found[:, :1]).all()
    assert (np.diff(found[:, 0].astype(int)) > 0).all()


def test_few_colours_are_all_kept():
    colors = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]])
    found = kmeans.KMeans(8).fit(codes_of(colors), np.array([1, 2, 3]))
    assert found.colors == ("000000", "ff0000", "ffffff")


@pytest.mark.parametrize("space", kmeans.SPACES)
def test_very_many_colours_are_gathered_first(rng, space, monkeypatch):
    """To about the palette that all of them would give."""
    colors = np.unique(rng.integers(0, 256, (4000, 3)), axis=0)
    codes, counts = codes_of(colors), np.ones(len(colors), int)

    def error(palette):
        return np.square(palette.decode(palette.encode(colors.astype(np.uint8))) - colors).mean()

    exactly = kmeans.KMeans(16, space).fit(codes, counts)
    monkeypatch.setattr(kmeans, "POINTS", 100)
    gathered = kmeans.KMeans(16, space).fit(codes, counts)
    assert error(gathered) < 1.1 * error(exactly)


def test_gathering_keeps_weight_and_mean(rng):
    colors = rng.integers(0, 256, (5000, 3)).astype(np.uint8)
    weights = rng.integers(1, 9, 5000).astype(float)
    points, together = kmeans._gathered(colors, colors.astype(float), weights)
    assert len(points) < 5000
    assert together.sum() == weights.sum()
    np.testing.assert_allclose(together @ points, weights @ colors.astype(float))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("", "such as kmeans:512"),
        ("1", "2 to 32,768"),
        ("99999", "2 to 32,768"),
        ("²", "such as kmeans:512"),
        ("8,", "no space of colours ''; known: oklab, rgb"),
        ("8,lab", "no space of colours 'lab'; known: oklab, rgb. Did you mean oklab?"),
    ],
)
def test_settings_that_make_no_sense_are_answered(settings, words):
    with pytest.raises(TokenError) as why:
        kmeans.parse(settings)
    assert words in str(why.value)


def test_oklab_is_the_default():
    assert kmeans.parse("8") == kmeans.parse("8,oklab") == kmeans.KMeans(8, "oklab")
    assert kmeans.parse("8,rgb") == kmeans.KMeans(8, "rgb")
