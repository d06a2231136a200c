"""Yardsticks: bits per pixel that can be worked out by hand, and files that lose nothing."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

import pixace
from pixace import colors
from pixace.evaluation import yardsticks as measured
from pixace.evaluation.evaluation_set import EvaluationSet
from pixace.evaluation.yardsticks import neighbours, yardsticks
from pixace.tokenizers.pixel import PixelTokenizer


@pytest.fixture
def of(tmp_path):
    """Yardsticks of pictures (n, height, width), greys of 0, 85, 170 and 255."""

    def made(pictures, order="raster"):
        np.save(tmp_path / "pictures.npy", np.asarray(pictures, np.uint8))
        height, width = np.shape(pictures)[1:]
        data = pixace.tokenize(
            tmp_path / "pictures.npy",
            tmp_path / f"set-{order}",
            size=f"{width}x{height}",
            colors="grey:4",
            order=order,
        )
        return yardsticks(data, EvaluationSet.of(data, 1000))

    return made


def test_neighbours_are_left_and_above_where_they_come_before():
    left, above = neighbours(PixelTokenizer((2, 3), colors.by_spec("grey:4"), "raster"))
    assert left.tolist() == [-1, 0, 1, -1, 3, 4]
    assert above.tolist() == [-1, -1, -1, 0, 1, 2]
    left, above = neighbours(PixelTokenizer((2, 3), colors.by_spec("grey:4"), "column"))
    assert left.tolist() == [-1, -1, 0, 1, 2, 3]
    assert above.tolist() == [-1, 0, -1, 2, -1, 4]
    # Along a snake the second row goes back: what is to the left comes later.
    left, _ = neighbours(PixelTokenizer((2, 3), colors.by_spec("grey:4"), "snake"))
    assert left.tolist() == [-1, 0, 1, -1, -1, -1]


def test_noise_costs_what_its_colours_cost_and_no_neighbour_helps(of):
    noise = np.random.default_rng(0).choice([0, 85, 170, 255], (400, 8, 8))
    found = of(noise)
    assert found.uniform == 2
    assert found.frequencies == pytest.approx(2, abs=0.01)
    assert found.neighbours == pytest.approx(2, abs=0.02)
    assert found.best[0] in ("uniform", "frequencies", "neighbours")


@pytest.mark.parametrize("order", ["raster", "column"])
@pytest.mark.parametrize("across", [True, False])
def test_stripes_are_guessed_from_the_side_on_which_they_go_on(of, order, across):
    """Each row, or column, of its own grey: 2 bits for the first pixel, and next to none behind."""
    stripes = np.random.default_rng(0).choice([0, 85, 170, 255], (400, 8, 1)).repeat(8, 2)
    found = of(stripes if across else stripes.swapaxes(1, 2), order)
    assert found.frequencies == pytest.approx(2, abs=0.05)
    assert found.neighbours == pytest.approx(2 / 8, abs=0.06)
    assert found.best[0] == "neighbours"


@pytest.mark.parametrize("colours", [1, 3, 2000])
@pytest.mark.parametrize("kind", ["png", "webp"])
def test_files_are_lossless(colours, kind):
    draw = np.random.default_rng(0)
    palette = draw.integers(0, 256, (colours, 3), np.uint8)
    picture = palette[draw.integers(0, colours, (40, 60))]
    with Pillow.open(io.BytesIO(measured.lossless_file(picture, kind))) as opened:
        np.testing.assert_array_equal(np.asarray(opened.convert("RGB")), picture)
