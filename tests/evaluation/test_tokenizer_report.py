"""The report: figures as they are defined, and one column for each choice of colours."""

import itertools
import json

import numpy as np
import pytest

from pixace import tokenizers
from pixace.errors import ImageError, TokenError
from pixace.evaluation.tokenizer_report import report


def tokenizer(scheme, size="4x2"):
    return tokenizers.by_spec(f"pixel size={size} colors={scheme} order=raster")


def greys(*values):
    """One picture of 4x2 pixels for each eight values."""
    images = np.array(values, np.uint8).reshape(-1, 2, 4, 1)
    return np.repeat(images, 3, axis=-1)


def test_figures_are_exact_on_a_picture_that_can_be_counted():
    images = greys(0, 0, 0, 0, 255, 255, 10, 245)
    [figures] = report(images, [tokenizer("grey:2")]).figures
    assert (figures.pictures, figures.colors_used, figures.colors_possible) == (1, 2, 2)
    assert figures.entropy == pytest.approx(-(5 / 8 * np.log2(5 / 8) + 3 / 8 * np.log2(3 / 8)))
    assert figures.psnr == pytest.approx(10 * np.log10(255**2 / (2 * 10**2 / 8)))


def test_equal_pictures_have_no_noise_and_one_colour_no_entropy():
    [figures] = report(greys(*[255] * 8), [tokenizer("hsv:4,3,3")]).figures
    assert (figures.colors_used, figures.entropy, figures.psnr) == (1, 0.0, None)
    assert str(figures.entropy) == "0.0"


def test_figures_are_over_all_pictures_and_not_just_those_shown():
    images = greys(*range(0, 80))
    [figures] = report(images, [tokenizer("grey:256")], shown=2).figures
    assert (figures.pictures, figures.colors_used) == (10, 80)


def test_more_bits_keep_more():
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    schemes = [tokenizer(f"hsv:{bits}", "8x8") for bits in ("5,4,4", "4,3,3", "3,2,2")]
    figures = report(images, schemes).figures
    assert [f.colors for f in figures] == ["hsv:5,4,4", "hsv:4,3,3", "hsv:3,2,2"]
    assert [f.colors_possible for f in figures] == [6893, 743, 67]
    for better, worse in itertools.pairwise(figures):
        assert better.psnr > worse.psnr
        assert better.entropy > worse.entropy


def test_figures_are_json():
    made = report(greys(*range(8)), [tokenizer("grey:4"), tokenizer("grey:256")])
    said = json.loads(json.dumps(made.as_dict()))
    assert [scheme["colors"] for scheme in said["schemes"]] == ["grey:4", "grey:256"]
    assert said["schemes"][1]["psnr"] is None


def test_the_picture_has_a_column_for_the_original_and_one_for_each_choice():
    images = greys(*[200] * 16)
    columns = [
        report(images, [tokenizer("grey:2")] * count).picture.shape[1] for count in (1, 2, 3)
    ]
    assert columns[2] - columns[1] == columns[1] - columns[0] >= 160
    picture = report(images, [tokenizer("grey:2")]).picture
    bottom = picture[-20]
    assert (bottom[20] == 200).all()  # the original
    assert (bottom[-20] == 255).all()  # decoded: the nearer of black and white


def test_nothing_to_compare_is_refused():
    with pytest.raises(ImageError, match="at least one picture"):
        report(greys(), [tokenizer("grey:2")])
    with pytest.raises(ImageError, match="at least one picture and one choice of colours"):
        report(greys(*range(8)), [])


def test_pictures_of_another_size_are_refused():
    with pytest.raises(TokenError, match="fit the pictures to 8x8 first"):
        report(greys(*range(8)), [tokenizer("grey:2", "8x8")])
